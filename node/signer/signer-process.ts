/**
 * A signer as a process: keys, the record of what was signed, links to its nodes, signals.
 *
 * Source: design/staking-and-keys.md §4, design/chain.md §4. The record is a journal of its own
 * (`node/storage/journal-store.ts`), appended with one sync before each answer, so that a process
 * killed at any instant knows at its next start whatever it gave away. LevelDB's lock keeps a second
 * signer off the same record; nothing can keep one off that has a copy of the key and another record,
 * so keys are never copied (`miletus keys doctor` finds those that were).
 */
import { existsSync, mkdirSync } from 'node:fs';
import type { Mark } from '../../consensus/signer-window.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { assert, InvariantViolation } from '../../runtime/core/result.ts';
import { denyCoreDumps } from '../core-dumps.ts';
import { type Ed25519Key, ed25519Key } from '../crypto/ed25519.ts';
import { EXIT, FatalError } from '../exit-codes.ts';
import { startHttpServer } from '../http-server.ts';
import { readKeyFile } from '../keys.ts';
import { createLog } from '../log.ts';
import type { Log } from '../ports.ts';
import { createJournalStore } from '../storage/journal-store.ts';
import { createLevelDisk, DiskError } from '../storage/level-disk.ts';
import { linkCertificate } from './link-certificate.ts';
import { createLocalSigner, type NonEmpty, type VoteSigner } from './local-signer.ts';
import { serveNode } from './serve-node.ts';
import { readSignerConfig, type SignerConfig } from './signer-config.ts';
import { createSignerMetrics } from './signer-metrics.ts';

/** Records are forgotten in lots of views. */
const PRUNE_VIEWS = 16;

export type RunningSigner = {
  readonly metricsUrl: string;
  stop(): Promise<void>;
};

function keysOf({ keys: paths }: SignerConfig): NonEmpty<Ed25519Key> {
  const [first, ...rest] = paths.map((path) => ed25519Key(readKeyFile(path)));
  assert(first !== undefined, 'a signer has a key');
  return [first, ...rest];
}

/** What went wrong at start, with its exit status. */
function fatalOf(error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const cause = { cause: error };
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof DiskError) {
    const codes = { locked: EXIT.locked, corrupt: EXIT.corruptData, failed: EXIT.diskFailure };
    return new FatalError(codes[error.code], `record of what was signed: ${text}`, cause);
  }
  if (error instanceof InvariantViolation) {
    return new FatalError(EXIT.corruptData, `record of what was signed: ${text}`, cause);
  }
  if ((error as { code?: unknown } | undefined)?.code === 'EADDRINUSE') {
    return new FatalError(EXIT.locked, `a port is taken: ${text}`, cause);
  }
  return new FatalError(EXIT.unexpected, text, cause);
}

/**
 * The mark that a node asks for, but never above the last round signed here: a node in wrong hands
 * could else have this key sign nothing for ever.
 */
function createMarkKeeper(signer: VoteSigner): {
  readonly signer: VoteSigner;
  readonly cap: (mark: Mark) => Mark | undefined;
} {
  let highest: Mark | undefined;
  const isAbove = (a: Mark, b: Mark): boolean =>
    a.epoch === b.epoch ? a.view > b.view : a.epoch > b.epoch;
  return {
    signer: {
      ...signer,
      async vote(subject, place) {
        const vote = await signer.vote(subject, place);
        const { epoch, view } = subject.value;
        const at = { epoch, view };
        if (vote.ok && (highest === undefined || isAbove(at, highest))) highest = at;
        return vote;
      },
    },
    cap: (mark) => (highest !== undefined && isAbove(mark, highest) ? highest : highest && mark),
  };
}

/** Starts a signer. Throws `FatalError`. `onFatal`: it must end with this status. */
export async function startSigner(
  config: SignerConfig,
  options: { readonly log: Log; readonly onFatal: (fatal: FatalError) => void },
): Promise<RunningSigner> {
  const { log, onFatal } = options;
  try {
    const { chainId } = config;
    const keys = keysOf(config);
    const certificate = linkCertificate(readKeyFile(config.linkKey));
    if (!existsSync(config.data)) mkdirSync(config.data, { recursive: true, mode: 0o700 });
    const journal = createJournalStore(await createLevelDisk(config.data).open('journal'));
    const keeper = createMarkKeeper(await createLocalSigner({ keys, chainId, journal }));
    const metrics = createSignerMetrics();
    const onFailure = (error: unknown): void => {
      const text = error instanceof Error ? error.message : String(error);
      onFatal(new FatalError(EXIT.diskFailure, `record of what was signed: ${text}`));
    };
    const linked = new Set<string>();
    let pruned: Mark | undefined;
    const served = config.nodes.map((node) =>
      serveNode({
        node,
        identity: { certificate, pinned: node.pinned },
        chainId,
        keys,
        signer: keeper.signer,
        onRaise(wanted) {
          const mark = keeper.cap(wanted);
          if (mark === undefined) return;
          keeper.signer.raise(mark);
          if (pruned?.epoch === mark.epoch && mark.view - pruned.view < PRUNE_VIEWS) return;
          pruned = mark;
          journal.prune(mark).catch(onFailure);
        },
        log,
        metrics: {
          ...metrics,
          connected(name, is) {
            if (is) linked.add(name);
            else linked.delete(name);
            metrics.connected(name, is);
          },
        },
        onFailure,
      }),
    );
    const http = await startHttpServer({
      ...config.metrics,
      registry: metrics.registry,
      notReady: () => (linked.size === 0 ? ['linked to no node'] : []),
    });
    const facts = { keys: keys.map(({ publicKey }) => toHex(publicKey)), metrics: http.url };
    log.info(facts, 'signer serves');
    return {
      metricsUrl: http.url,
      async stop() {
        for (const { stop } of served) stop();
        await http.close();
        await journal.close();
      },
    };
  } catch (error) {
    throw fatalOf(error);
  }
}

/** Runs the signer of a home folder until SIGINT, SIGTERM or a fatal error, then ends the process. */
export async function runSigner(home: string): Promise<void> {
  const coreDumps = denyCoreDumps();
  const { promise: ended, resolve } = Promise.withResolvers<FatalError | undefined>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => resolve(undefined));
  }
  const unforeseen = (error: unknown): void => resolve(fatalOf(error));
  process.on('uncaughtException', unforeseen);
  process.on('unhandledRejection', unforeseen);
  let log: Log | undefined;
  let running: RunningSigner | undefined;
  let fatal: FatalError | undefined;
  try {
    const config = readSignerConfig(home);
    log = createLog(config.log).child('signer');
    if (coreDumps === 'unknown') log.warn({}, 'core dumps may hold keys: set LimitCORE=0');
    running = await startSigner(config, { log, onFatal: resolve });
    fatal = await ended;
  } catch (error) {
    fatal = fatalOf(error);
  }
  if (fatal) {
    if (log) log.error({ exitCode: fatal.exitCode }, fatal.message);
    else process.stderr.write(`${fatal.message}\n`);
  }
  await running?.stop();
  process.exit(fatal?.exitCode ?? EXIT.ok);
}

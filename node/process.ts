/**
 * A node as a process: configuration, keys, threads, sockets and signals around `createNode`.
 *
 * Every way to end has an exit status of its own (`exit-codes.ts`). A node that halted because its
 * results differ, or because an invariant broke, goes on serving and says so; one whose disk failed,
 * or whose key signs elsewhere, ends.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { checkGenesis, type Genesis, genesisHash } from '../genesis/document.ts';
import { createLibp2pNetwork } from '../p2p/libp2p-network.ts';
import { bindingDigest, peerKeyOfSeed } from '../p2p/peer-identity.ts';
import { equalBytes, toHex } from '../runtime/core/bytes.ts';
import { assert, InvariantViolation } from '../runtime/core/result.ts';
import { timestampMs } from '../runtime/core/units.ts';
import type { NodeApi } from './api.ts';
import { type NodeConfig, type NodeSignerConfig, readConfig } from './config.ts';
import { denyCoreDumps } from './core-dumps.ts';
import { type Ed25519Key, ed25519Key, verifyEd25519 } from './crypto/ed25519.ts';
import { createThreadVerifier } from './crypto/thread-verifier.ts';
import { type Halted, messageOf } from './driver/halt.ts';
import { StateError } from './executor/state-machine.ts';
import { createThreadExecutor } from './executor/thread.ts';
import { EXIT, type ExitCode, FatalError } from './exit-codes.ts';
import { startHttpServer } from './http-server.ts';
import { readKeyFile } from './keys.ts';
import { createLog } from './log.ts';
import { meterVerifier } from './metrics/meter-verifier.ts';
import { createPrometheusMetrics } from './metrics.ts';
import { createNode, DEFAULT_NODE_SETTINGS, type NodeSigner } from './node.ts';
import type { Clock, Log } from './ports.ts';
import { type ReleaseSettings, WHOLE_RELEASE } from './release.ts';
import { DEFAULT_RPC_CONFIG } from './rpc/config.ts';
import { startRpc } from './rpc/start.ts';
import { createRpcMetrics } from './rpc-prometheus.ts';
import { linkCertificate } from './signer/link-certificate.ts';
import type { NonEmpty } from './signer/local-signer.ts';
import { createRemoteSigner } from './signer/remote-signer.ts';
import { createLevelDisk, DiskError } from './storage/level-disk.ts';

/**
 * Heaps of the threads, most. From 2 GB on V8 lets a heap grow up to fourfold between two collections
 * of all of it, below by a third to two thirds: the executor's state only grows, and was marked anew
 * every few seconds under load.
 */
const EXECUTOR_HEAP_MB = 2_048;
const VERIFIER_HEAP_MB = 32;
/** A stop takes no longer; then the process ends as it is, which the stores survive. */
const STOP_DEADLINE_MS = 5_000;
const NETWORK_STOP_MS = 1_500;
/** With other validators in the set, a node without any peer is not ready. */
const LEAST_PEERS = 1;

const systemClock: Clock = {
  now: () => timestampMs(Date.now()),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export type RunningNode = {
  readonly api: NodeApi;
  readonly rpcUrl: string;
  readonly metricsUrl: string;
  /** Multiaddrs that others can dial. */
  readonly addresses: readonly string[];
  /** Stops everything, at the latest after `STOP_DEADLINE_MS`. */
  stop(): Promise<void>;
};

/** Reads and checks a genesis document. `FatalError` `badData` names every fault. */
export function readGenesis(path: string): Genesis {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new FatalError(EXIT.badData, `genesis ${path} cannot be read: ${messageOf(cause)}`);
  }
  const genesis = checkGenesis(json);
  if (genesis.ok) return genesis.value;
  const problems = genesis.error.map((problem) => `  ${JSON.stringify(problem)}`).join('\n');
  throw new FatalError(EXIT.badData, `genesis ${path} is wrong:\n${problems}`);
}

/** What went wrong at start, with its exit status. */
function fatalOf(error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const cause = { cause: error };
  if (error instanceof DiskError) {
    const codes = { locked: EXIT.locked, corrupt: EXIT.corruptData, failed: EXIT.diskFailure };
    return new FatalError(codes[error.code], `storage: ${error.message}`, cause);
  }
  if (error instanceof StateError) {
    const code = error.code === 'corrupt' ? EXIT.corruptData : EXIT.genesisMismatch;
    return new FatalError(code, `state: ${error.message}`, cause);
  }
  if (error instanceof InvariantViolation) {
    return new FatalError(EXIT.invariant, `broken invariant: ${error.message}`, cause);
  }
  if ((error as { code?: unknown } | undefined)?.code === 'EADDRINUSE') {
    return new FatalError(EXIT.locked, `a port is taken: ${messageOf(error)}`, cause);
  }
  return new FatalError(EXIT.unexpected, messageOf(error), cause);
}

/** The exit status a halt ends the process with; undefined: it goes on serving. */
function exitOfHalt({ reason }: Halted): ExitCode | undefined {
  switch (reason) {
    case 'disk_failed':
      return EXIT.diskFailure;
    case 'double_sign_suspected':
      return EXIT.doubleSignSuspected;
    case 'upgrade_needed':
      return EXIT.upgradeNeeded;
    case 'divergence':
    case 'invariant_broken':
      return undefined;
  }
}

/** How this node signs, and how it shows others that its peer key is its validator's. */
type Signing = {
  readonly signer: NodeSigner;
  /** The first key with its signature over the peer key; undefined: no validator. */
  readonly binding: Binding | undefined;
  readonly bind: (key: Uint8Array) => Promise<Binding>;
  readonly close: () => Promise<void>;
};
type Binding = { readonly consensusKey: Uint8Array; readonly signature: Uint8Array };

const NO_SIGNING: Signing = {
  signer: { kind: 'none' },
  binding: undefined,
  bind: (key) => Promise.reject(new Error(`no key ${toHex(key)} here`)),
  close: () => Promise.resolve(),
};

/** Keys of this home, whose journal is their record. */
async function signHere(paths: NonEmpty<string>, digest: Uint8Array): Promise<Signing> {
  const [first, ...rest] = paths.map((path) => ed25519Key(readKeyFile(path)));
  assert(first !== undefined, 'a validator has a key');
  const keys: NonEmpty<Ed25519Key> = [first, ...rest];
  const bind = async (consensusKey: Uint8Array): Promise<Binding> => {
    const key = keys.find(({ publicKey }) => equalBytes(publicKey, consensusKey));
    assert(key !== undefined, 'a key that is bound is one of this node');
    return { consensusKey, signature: key.sign(digest) };
  };
  return {
    signer: { kind: 'local', keys },
    binding: await bind(first.publicKey),
    bind,
    close: () => Promise.resolve(),
  };
}

/** Keys of a signer process, which is waited for. */
async function signElsewhere(
  config: NodeSignerConfig,
  of: { readonly chainId: Uint8Array; readonly peerKey: Uint8Array; readonly log: Log },
): Promise<Signing> {
  const { chainId, peerKey, log } = of;
  const certificate = linkCertificate(readKeyFile(config.key));
  const identity = { certificate, pinned: config.pinned };
  const { listen, waitMs } = config;
  const remote = await createRemoteSigner({ listen, identity, chainId, log }, waitMs);
  if (remote === undefined) {
    throw new FatalError(EXIT.noSigner, `no signer came within ${waitMs} ms`);
  }
  const bind = async (consensusKey: Uint8Array): Promise<Binding> => {
    const signed = await remote.bind(consensusKey, peerKey);
    if (!signed.ok) throw new FatalError(EXIT.noSigner, `binding: ${signed.error.detail}`);
    return { consensusKey, signature: signed.value };
  };
  const binding = await bind(remote.publicKeys[0]);
  return { signer: { kind: 'external', signer: remote }, binding, bind, close: remote.close };
}

async function settleWithin(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}

export type StartOptions = {
  readonly log: Log;
  /** The process must end with this status; called at most once. */
  readonly onFatal: (fatal: FatalError) => void;
  /** Stop when this height is executed. */
  readonly haltHeight: number | undefined;
  readonly release?: ReleaseSettings | undefined;
};

/** Starts a node. Throws `FatalError`. */
export async function startNode(config: NodeConfig, options: StartOptions): Promise<RunningNode> {
  try {
    return await startParts(config, options);
  } catch (error) {
    throw fatalOf(error);
  }
}

async function startParts(config: NodeConfig, options: StartOptions): Promise<RunningNode> {
  const { log, release = WHOLE_RELEASE } = options;
  const genesis = readGenesis(config.genesis);
  const chainId = genesisHash(genesis);
  const peerSeed = readKeyFile(config.keys.peer);
  const peerKey = peerKeyOfSeed(peerSeed);
  const signing = !config.validator
    ? NO_SIGNING
    : config.signer === undefined
      ? await signHere(config.keys.consensus, bindingDigest(chainId, peerKey))
      : await signElsewhere(config.signer, { chainId, peerKey, log: log.child('signer') });
  if (!existsSync(config.data)) mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const metrics = createPrometheusMetrics();

  const end = (code: ExitCode, message: string): void =>
    options.onFatal(new FatalError(code, message));
  const network = createLibp2pNetwork({
    chainId,
    peerSeed,
    binding: signing.binding,
    listen: config.p2p.listen,
    bootstrap: config.p2p.bootstrap,
    verifyEd25519,
    nodeVersion: process.versions.node,
    log: log.child('p2p'),
    count: (event, amount) => metrics.count('network_events', amount, event),
    onHandlerFailure: (error) => end(EXIT.unexpected, `network handler: ${messageOf(error)}`),
  });
  const executor = createThreadExecutor({
    folder: config.data,
    genesis,
    heapMb: EXECUTOR_HEAP_MB,
    overrides: release.overrides,
  });
  const verifier = createThreadVerifier({
    heapMb: VERIFIER_HEAP_MB,
    onFailure: (error) => end(EXIT.unexpected, `verifier thread: ${messageOf(error)}`),
  });
  const node = createNode({
    settings: {
      ...DEFAULT_NODE_SETTINGS,
      mempool: config.mempool,
      keepBlocks: config.storage.keepBlocks,
      release,
    },
    genesis,
    network,
    clock: systemClock,
    disk: createLevelDisk(config.data),
    signer: signing.signer,
    executor,
    verifier: meterVerifier(verifier, metrics),
    log,
    metrics,
    onHalt(halted) {
      const code = exitOfHalt(halted);
      if (code !== undefined) end(code, `${halted.reason}: ${halted.detail}`);
    },
    onKeyInForce: async (key) => network.rebind(await signing.bind(key)),
  });
  metrics.onScrape(() => node.gauges());
  await node.start();

  const http = await startHttpServer({
    ...config.metrics,
    registry: metrics.registry,
    notReady: () => notReady(node.api),
  });
  const rpc = await startRpc(
    node.api,
    { ...DEFAULT_RPC_CONFIG, ...config.rpc },
    log.child('rpc'),
    createRpcMetrics(metrics.registry),
  );
  const { haltHeight } = options;
  if (haltHeight !== undefined) {
    node.api.onBlock(({ height }) => {
      if (height === haltHeight) end(EXIT.haltHeight, `height ${haltHeight} is executed`);
    });
  }
  log.info({ rpc: rpc.url, metrics: http.url, addresses: network.addresses() }, 'node serves');

  const stopParts = async (): Promise<void> => {
    await rpc.close();
    await http.close();
    await node.stop(NETWORK_STOP_MS);
    await signing.close();
  };
  return {
    api: node.api,
    rpcUrl: rpc.url,
    metricsUrl: http.url,
    addresses: network.addresses(),
    stop: () => settleWithin(STOP_DEADLINE_MS, stopParts()),
  };
}

/** Why a node should get no traffic; empty when it should. */
function notReady(api: NodeApi): readonly string[] {
  const { halted, peers, syncing, validator } = api.status();
  const validators = api.configs().at(-1)?.validators.length ?? 1;
  const needsPeers = validators > 1 || validator === undefined;
  return [
    ...(halted === undefined ? [] : [`halted: ${halted}`]),
    ...(syncing && needsPeers ? ['syncing'] : []),
    ...(needsPeers && peers < LEAST_PEERS ? [`${peers} peers`] : []),
  ];
}

/**
 * Runs the node of a home folder until SIGINT, SIGTERM or a fatal error, and then ends the process
 * with a status of `EXIT`.
 */
export async function runNode(options: {
  readonly home: string;
  readonly haltHeight?: number | undefined;
  readonly release?: ReleaseSettings | undefined;
}): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<FatalError | undefined>();
  let log: Log | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      log?.info({ signal }, 'stopping');
      resolve(undefined);
    });
  }
  const unforeseen = (error: unknown): void =>
    resolve(new FatalError(EXIT.unexpected, `unforeseen: ${messageOf(error)}`, { cause: error }));
  process.on('uncaughtException', unforeseen);
  process.on('unhandledRejection', unforeseen);

  denyCoreDumps();
  let node: RunningNode | undefined;
  let fatal: FatalError | undefined;
  try {
    const config = readConfig(options.home);
    log = createLog(config.log);
    const onFatal = resolve;
    const { haltHeight, release } = options;
    const starting = startNode(config, { log, onFatal, haltHeight, release });
    const first = await Promise.race([
      starting.then((started) => ({ started })),
      ended.then((failed) => ({ failed })),
    ]);
    if ('started' in first) {
      node = first.started;
      // At once, so that a node that is killed starts as fast the next time.
      flushCompileCache();
      fatal = await ended;
    } else {
      fatal = first.failed;
    }
  } catch (error) {
    fatal = fatalOf(error);
  }
  if (fatal && fatal.exitCode !== EXIT.haltHeight) {
    const facts = { exitCode: fatal.exitCode, error: fatal.cause ?? '' };
    if (log) log.error(facts, fatal.message);
    else process.stderr.write(`${fatal.message}\n`);
  } else if (fatal) log?.info({ exitCode: fatal.exitCode }, fatal.message);
  await node?.stop();
  process.exit(fatal?.exitCode ?? EXIT.ok);
}

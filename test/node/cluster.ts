/** Whole nodes in one process: real disks in a temporary folder, real clock, a network in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis, type Genesis } from '../../genesis/document.ts';
import type { BlockNotice } from '../../node/api.ts';
import { ed25519Key, verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { createInlineVerifier } from '../../node/crypto/verifier.ts';
import type { Halted } from '../../node/driver/halt.ts';
import type { Executor } from '../../node/executor/executor.ts';
import { createInProcessExecutor } from '../../node/executor/in-process.ts';
import { noMetrics } from '../../node/metrics.ts';
import {
  createNode,
  DEFAULT_NODE_SETTINGS,
  type Node,
  type NodeSettings,
} from '../../node/node.ts';
import type { Clock, Log } from '../../node/ports.ts';
import { answerQuery } from '../../node/query/answer-query.ts';
import { createLevelDisk } from '../../node/storage/level-disk.ts';
import { ACTION } from '../../runtime/action.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import { accountOf, payloadOf, signedTransaction } from '../fixtures/block.ts';
import { type GenesisOptions, genesisJson, testKey, validatorKeys } from '../fixtures/genesis.ts';
import { createMemoryHub, type MemoryHub } from '../fixtures/memory-network.ts';
import type { Life } from './crash-disk.ts';

export const realClock: Clock = {
  now: () => timestampMs(Date.now()),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A log that keeps warnings and errors. */
export function keepingLog(kept: string[]): Log {
  const keep =
    (level: string) =>
    (facts: object, event: string): void => {
      kept.push(
        `${level} ${event} ${JSON.stringify(facts, (_, v) => (v instanceof Error ? v.stack : v))}`,
      );
    };
  const log: Log = {
    trace() {},
    debug() {},
    info() {},
    warn: keep('warn'),
    error: keep('error'),
    child: () => log,
  };
  return log;
}

export type Member = {
  readonly node: Node;
  readonly notices: BlockNotice[];
  readonly halts: Halted[];
  readonly log: string[];
};

export type StartOptions = {
  readonly life?: Pick<Life, 'disk' | 'clock'>;
  /** Another name makes another machine, with the same keys. */
  readonly name?: string;
  readonly lookBack?: NodeSettings['lookBack'];
  readonly wrapExecutor?: (executor: Executor) => Executor;
};

export type Cluster = {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly hub: MemoryHub;
  readonly folder: string;
  /** Starts validator `index`, or a follower for an index beyond the validators. */
  start(index: number, options?: StartOptions): Promise<Member>;
  /** SSZ of a transfer of 1 micro-USD from alice to bob. */
  transfer(nonce: number): Uint8Array;
  remove(): void;
};

/** `onSent` sees every consensus message. Epochs of 5 s, the first of which ends after 1 s. */
export function createCluster(
  options: GenesisOptions & {
    readonly validators: number;
    readonly onSent?: (bytes: Uint8Array) => void;
  },
): Cluster {
  const json = genesisJson({ time: Date.now() - 4_000, epochMs: 5_000, ...options });
  const checked = checkGenesis(json);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  const genesis = checked.value;
  const { chainId } = buildGenesis(genesis);
  const hub = createMemoryHub(options.onSent);
  const folder = mkdtempSync(join(tmpdir(), 'miletus-node-'));
  const alice = testKey('alice');
  const bob = testKey('bob');

  return {
    genesis,
    chainId,
    hub,
    folder,
    async start(index, given = {}) {
      const { life, name = `node-${index}`, lookBack = 'none', wrapExecutor } = given;
      const isValidator = index < options.validators;
      const key = ed25519Key(validatorKeys(index).consensus.seed);
      const { disk: own, clock } = life ?? {
        disk: createLevelDisk(join(folder, name)),
        clock: realClock,
      };
      const halts: Halted[] = [];
      const log: string[] = [];
      const notices: BlockNotice[] = [];
      const executor = createInProcessExecutor({ genesis, disk: own, answerQuery });
      const node = createNode({
        settings: { ...DEFAULT_NODE_SETTINGS, lookBack },
        genesis,
        network: hub.attach(name, isValidator ? key.publicKey : undefined),
        clock,
        disk: own,
        signer: isValidator ? { kind: 'local', keys: [key] } : { kind: 'none' },
        executor: wrapExecutor ? wrapExecutor(executor) : executor,
        verifier: createInlineVerifier(verifyEd25519),
        log: keepingLog(log),
        metrics: noMetrics,
        onHalt: (halted) => halts.push(halted),
      });
      node.api.onBlock((notice) => notices.push(notice));
      await node.start();
      return { node, notices, halts, log };
    },
    transfer(nonce) {
      return payloadOf(
        signedTransaction(chainId, alice, {
          nonce,
          expiresAt: Date.now() + 60_000,
          actions: [
            {
              selector: ACTION.transfer,
              value: {
                fromSubAccount: subAccount(0),
                to: accountOf(bob),
                toSubAccount: subAccount(0),
                denomination: DENOMINATION.usd,
                amount: 1n,
              },
            },
          ],
        }),
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Resolves when `holds`; rejects with `what` and the members' logs after `timeoutMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  members: readonly Member[] = [],
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      const states = members.map(({ node, log, halts }) =>
        JSON.stringify({ ...node.api.status(), chainId: '', log: log.slice(-5), halts }),
      );
      throw new Error(`timed out: ${what}\n${states.join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function hashesOf({ notices }: Member): Map<number, string> {
  return new Map(notices.map(({ height, hash }) => [height, toHex(hash)]));
}

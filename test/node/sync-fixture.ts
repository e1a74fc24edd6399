/**
 * For tests of block sync: a chain of final blocks over epochs, signed by four validators; peers
 * that hold it, honest or lying; a node that follows, all under virtual time.
 */
import { certificateOf } from '../../consensus/certificate.ts';
import {
  type Certificate,
  CertificateCodec,
  KIND,
  type Subject,
  voteDigest,
} from '../../consensus/messages.ts';
import { ed25519Key, verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { noMetrics } from '../../node/metrics.ts';
import type { Store } from '../../node/ports.ts';
import { type BlockStore, createBlockStore } from '../../node/storage/block-store.ts';
import { type AnswerSources, answerRequest } from '../../node/sync/answer-requests.ts';
import { type BlockSync, createBlockSync } from '../../node/sync/block-sync.ts';
import type { FinalSegment } from '../../node/sync/segment.ts';
import { type Status, StatusCodec } from '../../p2p/messages.ts';
import type { GossipVerdict, RequestError, RequestMethod } from '../../p2p/network.ts';
import {
  type Block,
  BlockCodec,
  blockHash,
  type Header,
  transactionsRoot,
  wireId,
} from '../../runtime/block.ts';
import { asciiBytes, compareBytes, toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import {
  type Epoch,
  epoch,
  height,
  timestampMs,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { type EpochConfig, epochConfigHash } from '../../runtime/epoch-config.ts';
import { testKey } from '../fixtures/genesis.ts';
import { START, testEpochConfig } from '../fixtures/state.ts';
import { createSimClock } from '../sim/clock.ts';
import { createLife } from '../sim/life.ts';
import { createScheduler, type Scheduler } from '../sim/scheduler.ts';
import { keepingLog } from './cluster.ts';

export const CHAIN_ID: Uint8Array = sha256(asciiBytes('sync test'));
const VALIDATORS = [0, 1, 2, 3].map((index) => ed25519Key(testKey(`sync ${index}`).seed));
const BLOCK_MS = 100;

/** A store in memory. */
export function memoryStore(): Store {
  const rows = new Map<string, readonly [Uint8Array, Uint8Array]>();
  return {
    get: (key) => Promise.resolve(rows.get(toHex(key))?.[1]),
    batch(operations) {
      for (const operation of operations) {
        const at = toHex(operation.key);
        if (operation.type === 'put') rows.set(at, [operation.key, operation.value.slice()]);
        else rows.delete(at);
      }
      return Promise.resolve();
    },
    async *range({ from, to, limit = -1, reverse = false }) {
      const found = [...rows.values()]
        .filter(([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
        .sort((a, b) => compareBytes(a[0], b[0]));
      if (reverse) found.reverse();
      yield* limit < 0 ? found : found.slice(0, limit);
    },
    snapshot: () => {
      throw new Error('not used');
    },
    close: () => Promise.resolve(),
  };
}

export type TestBlock = {
  readonly block: Block;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly isEpochEnd: boolean;
  /** Its own finalization, if it has one. */
  finalization: Certificate | undefined;
};

export type FinalChain = {
  readonly blocks: readonly TestBlock[];
  readonly configs: readonly EpochConfig[];
  readonly blockAt: (height: number) => TestBlock;
};

/** A certificate of `signers` over `subject`. */
export function certify(subject: Subject, signers: readonly number[]): Certificate {
  const digest = voteDigest(CHAIN_ID, subject);
  const votes = signers.map((index) => ({
    subject,
    signer: validatorIndex(index),
    signature: VALIDATORS[index]?.sign(digest) ?? new Uint8Array(64),
  }));
  return certificateOf(subject, votes);
}

/** The finalization of a block by `signers`: three of four are a quorum. */
export function finalize(
  block: Block,
  hash: Uint8Array,
  signers: readonly number[] = [0, 1, 3],
): Certificate {
  const { epoch, view: at } = block.header;
  const value = { epoch, view: at, parentView: view(at - 1), payload: hash };
  return certify({ selector: KIND.finalize, value }, signers);
}

function configsOf(count: number, epochBlocks: number): EpochConfig[] {
  const base = testEpochConfig();
  return Array.from({ length: count }, (_, index) => ({
    ...base,
    epoch: epoch(index),
    // The block whose timestamp reaches this is the last one.
    endsAt: timestampMs(START + (index + 1) * epochBlocks * BLOCK_MS),
    validators: base.validators.map((validator, place) => ({
      ...validator,
      consensusKey: VALIDATORS[place]?.publicKey ?? validator.consensusKey,
    })),
    leaderSeed: sha256(asciiBytes(`seed ${index}`)),
  }));
}

/**
 * `length` blocks, an epoch ending each `epochBlocks`. Of each `finalizedEvery` blocks, and of each
 * epoch, the last has a finalization of its own. `fork`: another chain with other bodies.
 */
export function finalChain(options: {
  readonly length: number;
  readonly epochBlocks: number;
  readonly finalizedEvery?: number;
  readonly payloads?: number;
  readonly payloadBytes?: number;
  readonly fork?: string;
}): FinalChain {
  const { length, epochBlocks, finalizedEvery = 3, fork = '' } = options;
  const { payloads: payloadCount = 3, payloadBytes = 40 } = options;
  const configs = configsOf(Math.ceil(length / epochBlocks) + 2, epochBlocks);
  const blocks: TestBlock[] = [];
  for (let at = 1; at <= length; at++) {
    const of = Math.floor((at - 1) / epochBlocks);
    const config = configs[of];
    const next = configs[of + 1];
    if (!config || !next) throw new Error('configs are missing');
    const payloads = Array.from({ length: payloadCount }, (_, n) => {
      const payload = new Uint8Array(payloadBytes);
      payload.set(sha256(asciiBytes(`${fork} ${at}/${n}`)));
      return payload;
    });
    const block: Block = {
      header: {
        height: height(at),
        view: view(at - of * epochBlocks),
        epoch: config.epoch,
        parent: blocks.at(-1)?.hash ?? CHAIN_ID,
        timestamp: timestampMs(START + at * BLOCK_MS),
        proposer: validatorIndex(at % 4),
        transactionsRoot: transactionsRoot(payloads.map(wireId)),
        executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ZERO_32 },
        config: epochConfigHash(config),
        nextConfig: epochConfigHash(next),
      },
      payloads,
    };
    const hash = blockHash(block.header);
    const isEpochEnd = at % epochBlocks === 0;
    const isFinalized = isEpochEnd || at % finalizedEvery === 0 || at === length;
    const finalization = isFinalized ? finalize(block, hash) : undefined;
    blocks.push({ block, hash, bytes: BlockCodec.encode(block), isEpochEnd, finalization });
  }
  return {
    blocks,
    configs,
    blockAt(at) {
      const found = blocks[at - 1];
      if (!found) throw new Error(`no block ${at}`);
      return found;
    },
  };
}

/** A block store that holds the chain up to `tip`. */
export async function storeOf(
  chain: FinalChain,
  tip: number = chain.blocks.length,
): Promise<BlockStore> {
  const store = createBlockStore(memoryStore());
  let waiting: TestBlock[] = [];
  for (const one of chain.blocks.slice(0, tip)) {
    waiting.push(one);
    if (!one.finalization) continue;
    await store.putFinal({
      blocks: waiting.map(({ hash, block }) => ({ hash, height: block.header.height })),
      finalization: one.finalization,
      archive: [one.finalization],
      bodies: waiting.map(({ hash, bytes }) => ({ hash, bytes })),
      epochEnds: one.isEpochEnd
        ? [{ epoch: one.block.header.epoch, height: one.block.header.height }]
        : [],
    });
    waiting = [];
  }
  return store;
}

export function sourcesOf(
  store: BlockStore,
  tip: number,
  waiting: ReadonlyMap<string, Uint8Array> = new Map(),
): AnswerSources {
  return {
    blocks: store,
    status: () => ({
      finalizedHeight: height(tip),
      epoch: epoch(0),
      view: view(1),
      lowestHeight: height(1),
    }),
    certificates: (of, from, to) => store.certificates(of, { from, to, limit: 1_000 }),
    payload: (key) => waiting.get(key),
  };
}

export type Answer = Result<Uint8Array, RequestError>;
/** What a peer does with a request; a promise that never settles runs into the timeout. */
export type PeerBehaviour = (method: RequestMethod, bytes: Uint8Array) => Promise<Answer>;

export function statusAnswer(changes: Partial<Status>): Answer {
  return ok(
    StatusCodec.encode({
      finalizedHeight: height(0),
      epoch: epoch(0),
      view: view(1),
      lowestHeight: height(1),
      ...changes,
    }),
  );
}

/** A peer that serves the chain up to `tip` by the node's own code. */
export async function honestPeer(
  chain: FinalChain,
  tip: number = chain.blocks.length,
): Promise<PeerBehaviour> {
  const sources = sourcesOf(await storeOf(chain, tip), tip);
  return async (method, bytes) => {
    const answer = await answerRequest(sources, method, bytes);
    return answer.ok ? answer : err({ code: 'refused', detail: answer.error });
  };
}

export type Follower = {
  readonly sync: BlockSync;
  readonly scheduler: Scheduler;
  readonly peers: Map<string, PeerBehaviour>;
  readonly delivered: FinalSegment[];
  /** `peer reason-prefix` of each penalty, and the points by peer. */
  readonly penalties: { readonly peer: string; readonly points: number; readonly reason: string }[];
  readonly requests: {
    readonly peer: string;
    readonly method: string;
    readonly bytes: Uint8Array;
    readonly atMs: number;
  }[];
  readonly failures: unknown[];
  /** Consensus makes blocks final up to `height`. */
  finalizeTo(height: number): void;
  tip(): number;
  gossip(bytes: Uint8Array, peer?: string): GossipVerdict;
  /** Most segments that were handed to the node and not taken yet. */
  readonly mostUnderWay: () => number;
  /** Runs virtual time until the tip is at `height`, at most `maxMs`. */
  reach(height: number, maxMs?: number): Promise<void>;
  runMs(ms: number): Promise<void>;
};

/** A node at genesis; each delivered segment takes `executionMs`, which also fixes configs. */
export function createFollower(
  chain: FinalChain,
  options: { readonly executionMs?: number; readonly knownEpochs?: number } = {},
): Follower {
  const { executionMs = 5, knownEpochs = 2 } = options;
  const scheduler = createScheduler();
  const clock = createSimClock({ scheduler, life: createLife() });
  const peers = new Map<string, PeerBehaviour>();
  const delivered: FinalSegment[] = [];
  const penalties: Follower['penalties'] = [];
  const requests: Follower['requests'] = [];
  const failures: unknown[] = [];
  const first = chain.blockAt(1).block.header;
  const known = new Map<Epoch, EpochConfig>();
  for (const config of chain.configs.slice(0, knownEpochs)) known.set(config.epoch, config);
  let tip: { hash: Uint8Array; header: Header } = {
    hash: CHAIN_ID,
    header: { ...first, height: height(0), timestamp: START, parent: ZERO_32 },
  };
  let underWay = 0;
  let mostUnderWay = 0;

  /** The block is final and executed, and with the last of an epoch the next config is known. */
  const setTip = (at: number): void => {
    const { hash, block, isEpochEnd } = chain.blockAt(at);
    tip = { hash, header: block.header };
    const fixed = isEpochEnd ? chain.configs[block.header.epoch + 2] : undefined;
    if (!fixed) return;
    known.set(fixed.epoch, fixed);
    sync.noteConfig();
  };

  const sync = createBlockSync({
    network: {
      peers: () =>
        [...peers.keys()].map((peer) => ({
          peer,
          address: '',
          direction: 'outbound',
          consensusKey: undefined,
          nodeVersion: '',
          score: 0,
        })),
      request(peer, method, bytes, timeoutMs) {
        requests.push({ peer, method, bytes, atMs: clock.now() });
        return new Promise((resolve) => {
          scheduler.after(timeoutMs * 1_000, () =>
            resolve(err({ code: 'timeout', detail: `${method} of ${peer}` })),
          );
          const behaviour = peers.get(peer);
          scheduler.after(2_000, () => {
            if (!behaviour) return resolve(err({ code: 'no_peer', detail: peer }));
            void behaviour(method, bytes).then(resolve);
          });
        });
      },
      penalise(peer, points, reason) {
        penalties.push({ peer, points, reason });
        const sum = penalties.reduce((all, one) => all + (one.peer === peer ? one.points : 0), 0);
        if (sum < 100) return;
        peers.delete(peer);
        sync.onPeerDisconnected(peer);
      },
    },
    clock,
    log: keepingLog([]),
    metrics: noMetrics,
    chainId: CHAIN_ID,
    verifyNow: verifyEd25519,
    tip: () => tip,
    configOf: (of) => known.get(of),
    async deliver(segment) {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await new Promise<void>((resolve) => {
        scheduler.after(executionMs * 1_000, resolve);
      });
      underWay -= 1;
      const last = segment.blocks.at(-1);
      if (!last) throw new Error('an empty segment');
      // As the node's own: a segment that no longer follows the tip is not taken.
      if (segment.blocks[0]?.block.header.height !== tip.header.height + 1) return;
      delivered.push(segment);
      setTip(last.block.header.height);
    },
    onFailure: (error) => failures.push(error),
  });

  const runMs = (ms: number): Promise<void> => scheduler.run(scheduler.nowUs() + ms * 1_000);
  return {
    sync,
    scheduler,
    peers,
    delivered,
    penalties,
    requests,
    failures,
    finalizeTo(at) {
      setTip(at);
      sync.noteFinal();
    },
    tip: () => tip.header.height,
    gossip: (bytes, peer = 'gossip') => sync.onGossipBlock(bytes, peer),
    mostUnderWay: () => mostUnderWay,
    reach: (at, maxMs = 120_000) =>
      scheduler.run(scheduler.nowUs() + maxMs * 1_000, () => tip.header.height >= at),
    runMs,
  };
}

/** SSZ of certificates, for answers made by hand. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  return CertificateCodec.encode(certificate);
}

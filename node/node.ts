/**
 * A node: consensus, mempool, execution, stores and sync, put together over the interfaces of
 * `ports.ts`, so that the same code runs in a process and in the simulator.
 *
 * Start: state from its last checkpoint, final blocks above it executed again, the engine from its
 * journal, then the network, the look-back, and votes. Nothing here reads a clock, a disk or a
 * socket but through what it was given.
 */

import { certificatesBetween } from '../consensus/answer.ts';
import { type Committee, committeeOf } from '../consensus/committee.ts';
import type { Genesis } from '../genesis/document.ts';
import { MAX_ANSWER_CERTIFICATES } from '../p2p/messages.ts';
import type { GossipVerdict, Network, PeerId } from '../p2p/network.ts';
import { type Header, isEpochLast } from '../runtime/block.ts';
import { toHex } from '../runtime/core/bytes.ts';
import { epoch, type Height, height, type TimestampMs } from '../runtime/core/units.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';
import { CARRIED_ROOT_INTERVAL } from '../runtime/limits.ts';
import { PAYLOAD, type Payload } from '../runtime/transaction.ts';
import type { BlockNotice, NodeApi } from './api.ts';
import { createRecentSet } from './crypto/recent-set.ts';
import type { Verifier } from './crypto/verifier.ts';
import { createBodies } from './driver/bodies.ts';
import {
  type Chain,
  type ChainBlock,
  chainBlock,
  configsInForce,
  currentEpoch,
} from './driver/chain.ts';
import { type ConsensusDriver, createConsensusDriver } from './driver/consensus-driver.ts';
import { viewOf } from './driver/engine-runner.ts';
import { createExecution, type Execution } from './driver/execution.ts';
import { createFinality } from './driver/finality.ts';
import { createHalt, type Halted, isBroken, messageOf } from './driver/halt.ts';
import { openChain, RECENT_BLOCKS } from './driver/open-chain.ts';
import type { Executor } from './executor/executor.ts';
import { executedTransactions } from './executor/wire-entries.ts';
import { type Admission, createAdmission } from './mempool/admission.ts';
import type { Entry } from './mempool/entry.ts';
import { createMempool, type Mempool, type MempoolBounds } from './mempool/mempool.ts';
import { createPayloadGossip, type PayloadGossip } from './mempool/payload-gossip.ts';
import { type BatchTaker, takeBatch } from './mempool/take-batch.ts';
import { countSkippedViews } from './metrics/skipped-views.ts';
import type { Metrics } from './metrics.ts';
import { createNodeApi } from './node-api.ts';
import type { Clock, Disk, Log, Signer, TimerHandle } from './ports.ts';
import { missingVersions, type ReleaseSettings, upgradeText, WHOLE_RELEASE } from './release.ts';
import { createExternalSigner } from './signer/external-signer.ts';
import {
  createLocalSigner,
  type NonEmpty,
  placeOfKeys,
  type SigningKey,
  type VoteSigner,
} from './signer/local-signer.ts';
import { lookBackMs } from './signer/look-back.ts';
import { type BlockStore, createBlockStore } from './storage/block-store.ts';
import { createJournalStore, type JournalStore } from './storage/journal-store.ts';
import { idKey } from './storage/keys.ts';
import { type AnswerSources, answerRequest } from './sync/answer-requests.ts';
import { type BlockSync, createBlockSync } from './sync/block-sync.ts';
import { type BlockPublisher, createBlockPublisher } from './sync/publish-blocks.ts';

export type NodeSettings = {
  readonly mempool: MempoolBounds;
  /** Final blocks to keep; 0 keeps all. */
  readonly keepBlocks: number;
  /** `rule`: as the chain's timeouts say. `none`: the key cannot be in use elsewhere (tests). */
  readonly lookBack: 'rule' | 'none';
  /** Versions of modules that this release is to act without. */
  readonly release: ReleaseSettings;
};

export const DEFAULT_NODE_SETTINGS: NodeSettings = {
  mempool: { maxPayloads: 65_536, maxBytes: 64 * 1024 * 1024, maxPerAccount: 8_192 },
  keepBlocks: 0,
  lookBack: 'rule',
  release: WHOLE_RELEASE,
};

/**
 * How a validator signs: with keys that this node holds (its journal is the record), by a signer
 * elsewhere (which has a record of its own), or not at all. The first key is the one in use; others
 * take over in the epoch that names them.
 */
export type NodeSigner =
  | { readonly kind: 'local'; readonly keys: NonEmpty<SigningKey> }
  | { readonly kind: 'external'; readonly signer: Signer }
  | { readonly kind: 'none' };

export type NodeOptions = {
  readonly settings: NodeSettings;
  readonly genesis: Genesis;
  readonly network: Network;
  readonly clock: Clock;
  /** `journal` and `blocks` are opened here; the executor opens `state`. */
  readonly disk: Disk;
  readonly signer: NodeSigner;
  readonly executor: Executor;
  readonly verifier: Verifier;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The node no longer votes: called once. The process decides whether it goes on serving. */
  readonly onHalt?: (halted: Halted) => void;
  /**
   * The epoch names another consensus key of this node than before: others must be shown that it is
   * this peer's. Called before the network starts, too; a rejection is logged.
   */
  readonly onKeyInForce?: (key: Uint8Array) => Promise<void>;
};

export interface Node {
  /** Resolves when the node serves; it votes after the look-back. Rejects when data are damaged. */
  start(): Promise<void>;
  /** Stops in order: no new work, then network, then stores. */
  stop(deadlineMs: number): Promise<void>;
  readonly api: NodeApi;
  /** Sizes of queues, for metrics. */
  gauges(): void;
}

/** How long a finalization may wait for bodies before peers are asked for blocks. */
const GAP_MS = 400;
/** Synced blocks that may wait for execution before more are taken. */
const MAX_AHEAD_OF_EXECUTION = 256;
/** Old blocks are forgotten every so many heights. */
const PRUNE_INTERVAL = 32;

/** The parts of a running node. */
type Parts = {
  readonly chain: Chain;
  readonly journal: JournalStore;
  readonly blocks: BlockStore;
  readonly mempool: Mempool;
  readonly admission: Admission;
  readonly gossip: PayloadGossip;
  readonly publisher: BlockPublisher;
  readonly execution: Execution;
  readonly consensus: ConsensusDriver;
  readonly sync: BlockSync;
};

async function openSigner(
  options: NodeOptions,
  chainId: Uint8Array,
  journal: JournalStore,
): Promise<VoteSigner | undefined> {
  const { signer } = options;
  switch (signer.kind) {
    case 'local':
      return await createLocalSigner({ keys: signer.keys, chainId, journal });
    case 'external':
      return await createExternalSigner({ signer: signer.signer, journal });
    case 'none':
      return undefined;
  }
}

export function createNode(options: NodeOptions): Node {
  const { network, clock, metrics, verifier } = options;
  const log = options.log;
  const listeners = new Set<(notice: BlockNotice) => void>();
  const finalizedAt = new Map<Height, TimestampMs>();
  const verified = createRecentSet(65_536);
  /** Own submissions that are not executed yet: when they came, by transaction id. */
  const submittedAt = new Map<string, TimestampMs>();
  /** Transactions of final blocks that are not executed yet. */
  const included = new Map<string, Height>();
  let parts: Parts | undefined;
  /** Hex of the consensus key that the current epoch names, else of the first. */
  let ownKey: string | undefined;
  let ownKeys: () => readonly Uint8Array[] = () => [];
  let stopping = false;
  /** Lowest height that this node serves. */
  let lowest = height(0);

  const halt = createHalt(log.child('driver'), (halted) => {
    metrics.set('halted', 1);
    options.onHalt?.(halted);
  });
  const onFailure = (error: unknown): void => {
    if (stopping) return;
    halt.halt(isBroken(error) ? 'invariant_broken' : 'disk_failed', messageOf(error));
  };

  const configOf = (chain: Chain, payload: Payload): EpochConfig | undefined => {
    const running = currentEpoch(chain);
    if (payload.selector === PAYLOAD.transaction) return chain.configs.get(running);
    const of = payload.value.vote.epoch;
    return of === running || of === running + 1 ? chain.configs.get(of) : undefined;
  };

  /** Of the epoch whose skipped views were counted last. */
  let committee: Committee | undefined;
  const countSkipped = (parent: Header, header: Header, chain: Chain): void => {
    const config = chain.configs.get(header.epoch);
    if (!config) return;
    if (committee?.epoch !== header.epoch) committee = committeeOf(config);
    countSkippedViews(metrics, { parent, header, committee, config, ownKey });
  };

  const onFinalBlocks = (blocks: readonly ChainBlock[], { chain, mempool }: Parts): void => {
    let before = chain.blocks.get(idKey(blocks[0]?.header.parent ?? chain.tip.hash));
    for (const block of blocks) {
      const { header } = block;
      for (const entry of mempool.finalized(block.ids)) {
        included.set(idKey(entry.transactionId), header.height);
      }
      metrics.count('blocks_final');
      metrics.count('transactions_final', block.transactions);
      metrics.observe('finality_ms', Math.max(0, clock.now() - header.timestamp));
      if (before && before.header.height > 0) {
        metrics.observe('block_interval_ms', header.timestamp - before.header.timestamp);
      }
      if (before) countSkipped(before.header, header, chain);
      before = block;
    }
    const { header } = chain.tip;
    metrics.count('payloads_expired', mempool.expire(header.timestamp));
    metrics.set('height', header.height);
    prune(chain);
    metrics.set('epoch', currentEpoch(chain));
  };

  /** Forgets old blocks, some at a time; never those that a restart would execute again. */
  const prune = (chain: Chain): void => {
    const { keepBlocks } = options.settings;
    const { height: at } = chain.tip.header;
    if (keepBlocks === 0 || at % PRUNE_INTERVAL !== 0) return;
    const below = Math.min(
      at - Math.max(keepBlocks, RECENT_BLOCKS),
      chain.executed - RECENT_BLOCKS,
    );
    if (below > 1) chain.store.prune(height(below)).then(updateLowest, onFailure);
  };
  const updateLowest = async (): Promise<void> => {
    if (parts) lowest = await parts.blocks.lowest();
  };

  const isBoundary = (blocks: readonly ChainBlock[], chain: Chain): boolean =>
    blocks.some(({ header }) => {
      const config = chain.configs.get(header.epoch);
      const parentEnds = chain.epochEnds.get(epoch(Math.max(0, header.epoch - 1)));
      return (
        parentEnds === header.height - 1 || (config !== undefined && isEpochLast(header, config))
      );
    });

  const onExecuted = (notice: BlockNotice, transactions: Uint8Array, now: Parts): void => {
    for (const [key, at] of included) if (at <= notice.height) included.delete(key);
    now.consensus.onExecuted();
    for (const listener of listeners) listener(notice);
    if (submittedAt.size === 0) return;
    for (const { id } of executedTransactions(transactions)) {
      const key = idKey(id);
      const at = submittedAt.get(key);
      if (at === undefined) continue;
      submittedAt.delete(key);
      metrics.observe('submit_to_final_ms', clock.now() - at);
    }
  };

  /** After a rotation: the key that the current epoch names speaks for this node from now on. */
  const noteKeyInForce = async (chain: Chain): Promise<void> => {
    const config = chain.configs.get(currentEpoch(chain));
    const key = config && placeOfKeys(config, ownKeys())?.key;
    if (key === undefined || toHex(key) === ownKey) return;
    ownKey = toHex(key);
    log.info({ epoch: config?.epoch, validator: ownKey }, 'another consensus key is in force');
    await options.onKeyInForce?.(key).catch((error: unknown) => {
      log.error({ error: messageOf(error) }, 'the new consensus key was not shown to others');
    });
  };

  /** Validators tell each other nothing new this way; a height heard need not be published. */
  const onBlock = (bytes: Uint8Array, peer: PeerId, now: Parts): GossipVerdict => {
    const verdict = now.sync.onGossipBlock(bytes, peer);
    if (verdict !== 'reject') now.publisher.heard(bytes);
    return verdict;
  };

  /** What requests of peers are answered from. */
  const sources = ({ chain, blocks, mempool, admission, consensus }: Parts): AnswerSources => ({
    blocks,
    status: () => ({
      finalizedHeight: chain.tip.header.height,
      epoch: currentEpoch(chain),
      view: viewOf(consensus.current()),
      lowestHeight: lowest,
    }),
    async certificates(of, from, to) {
      const range = { from, to, limit: MAX_ANSWER_CERTIFICATES };
      const runner = consensus.runner(of);
      const recent = runner ? certificatesBetween(runner.state, range) : [];
      // The engine's own answer begins with its latest finalization; older views are archived.
      return recent.length > 1 ? recent : [...recent, ...(await blocks.certificates(of, range))];
    },
    payload: (key) => (mempool.get(key) ?? admission.find(key))?.bytes,
  });

  const build = async (): Promise<Parts> => {
    const journal = createJournalStore(await options.disk.open('journal'));
    const blocks = createBlockStore(await options.disk.open('blocks'));
    const { genesis, executor } = options;
    const chain = await openChain({ genesis, executor, store: blocks });
    const signer = await openSigner(options, chain.chainId, journal);
    ownKeys = () => signer?.publicKeys ?? [];
    ownKey = signer && toHex(signer.publicKeys[0]);
    const mempool = createMempool(options.settings.mempool);
    const publisher = createBlockPublisher({ chain, network, clock, ownKey: () => ownKey });
    const gossip = createPayloadGossip({
      clock,
      publish: (bytes) => network.publish('payloads', bytes),
    });
    const payload = (key: string): Entry | undefined => mempool.get(key) ?? admission.find(key);
    const bodies = createBodies({
      payload: (key) => payload(key)?.bytes,
      network,
      clock,
      metrics,
    });
    const execution = createExecution({
      chain,
      executor: options.executor,
      clock,
      metrics,
      finalizedAt,
      onExecuted: (notice, executed) => {
        if (executed.fixedConfig) {
          const missing = missingVersions(options.settings.release, executed.fixedConfig);
          if (missing.length > 0) {
            log.warn({ missing }, upgradeText(executed.fixedConfig, missing));
          }
          network.setValidators(configsInForce(chain));
          sync.noteConfig();
        }
        if (parts) onExecuted(notice, executed.transactions, parts);
      },
      onDivergence(detail) {
        metrics.set('diverged', 1);
        halt.halt('divergence', detail);
      },
      onUpgradeNeeded: (detail) => halt.halt('upgrade_needed', detail),
      release: options.settings.release,
      onFailure,
    });
    /** A body may be on its way; only a gap that lasts is block sync's. */
    const noteGap = (): void => {
      if (gapTimer) return;
      gapTimer = clock.setTimer(GAP_MS, () => {
        gapTimer = undefined;
        if (finality.isWaiting()) sync.noteAhead();
      });
    };
    let gapTimer: TimerHandle | undefined;
    const finality = createFinality({
      chain,
      clock,
      finalizedAt,
      onFinal(final, certificate) {
        execution.wake();
        const tip = final.at(-1);
        if (!parts || !tip) return;
        onFinalBlocks(final, parts);
        if (isBoundary(final, chain)) {
          network.setValidators(configsInForce(chain));
          void noteKeyInForce(chain);
        }
        consensus.onFinal(final);
        if (consensus.current() || consensus.runner(tip.header.epoch)) {
          publisher.publish(tip, certificate);
        }
        sync.noteFinal();
      },
      onGap: noteGap,
      onFailure,
    });
    const consensus = createConsensusDriver({
      chain,
      journal,
      signer,
      mempool,
      bodies,
      payload,
      verifier,
      verified,
      finality,
      network,
      clock,
      metrics,
      log: log.child('driver'),
      halt,
      release: options.settings.release,
      onBehind: () => sync.noteAhead(),
      onFailure,
    });
    const sync = createBlockSync({
      network,
      clock,
      log: log.child('sync'),
      metrics,
      chainId: chain.chainId,
      verifyNow: verifier.verifyNow,
      tip: () => chain.tip,
      configOf: (of) => chain.configs.get(of),
      async deliver({ blocks: segment, finalization }) {
        const held = segment.map(({ block, hash, bytes, wireIds }) =>
          chainBlock(block, hash, bytes, wireIds),
        );
        await finality.range(held, finalization);
        consensus.onSynced();
        await execution.below(MAX_AHEAD_OF_EXECUTION);
      },
      onFailure,
    });
    const admission = createAdmission({
      chainId: chain.chainId,
      mempool,
      verifier,
      executor: options.executor,
      clock,
      verified,
      configOf: (payload) => configOf(chain, payload),
      onAdded(entry, origin) {
        metrics.count('payloads_added', 1, origin);
        if (origin === 'own') {
          gossip.add(entry.bytes);
          submittedAt.set(idKey(entry.transactionId), entry.receivedAt);
          // What expired stays here: the oldest makes room, or timing would end when it is full.
          const [oldest] = submittedAt.keys();
          if (submittedAt.size > MAX_TIMED && oldest !== undefined) submittedAt.delete(oldest);
        }
        if (entry.lane !== 'oracle') consensus.onTransaction();
      },
      onRefused: (code) => metrics.count('payloads_refused', 1, code),
    });
    return {
      chain,
      journal,
      blocks,
      mempool,
      admission,
      gossip,
      publisher,
      execution,
      consensus,
      sync,
    };
  };

  const api = createNodeApi({
    parts: () => parts,
    takes: () => !stopping,
    genesis: options.genesis,
    network,
    query: (request) => options.executor.query(request),
    ownKey: () => ownKey,
    halted: halt.state,
    includedAt: (id) => included.get(idKey(id)),
    listeners,
  });

  const start = async (): Promise<void> => {
    const built = await build();
    const { chain, execution, consensus, sync } = built;
    // Final blocks above the checkpoint come first: their configs and roots are needed for all else.
    const backlog = execution.backlog();
    if (backlog > 0)
      log.info({ from: chain.executed, to: chain.tip.header.height }, 're-executing final blocks');
    execution.wake();
    await execution.idle();
    parts = built;
    await updateLowest();
    const taker: BatchTaker = {
      chainId: chain.chainId,
      clock,
      mempool: built.mempool,
      admission: built.admission,
      configOf: (payload) => configOf(chain, payload),
      verifyNow: verifier.verifyNow,
      verified,
    };
    await noteKeyInForce(chain);
    await network.start({
      onConsensus: (key, bytes, peer) => consensus.onMessage(key, bytes, peer),
      onGossip: (topic, bytes, peer) =>
        topic === 'payloads' ? takeBatch(bytes, taker) : onBlock(bytes, peer, built),
      onRequest: (method, bytes) => answerRequest(sources(built), method, bytes),
      onPeerConnected: ({ peer }) => sync.noteAhead(peer),
      onPeerDisconnected: (peer) => sync.onPeerDisconnected(peer),
    });
    network.setValidators(configsInForce(chain));
    const config = chain.configs.get(currentEpoch(chain));
    const isRule = options.settings.lookBack === 'rule';
    await consensus.start(isRule && config ? lookBackMs(config.pacing) : 0);
    sync.start();
    log.info(
      { height: chain.tip.header.height, epoch: currentEpoch(chain), validator: ownKey },
      'node started',
    );
  };

  const stop = async (deadlineMs: number): Promise<void> => {
    stopping = true;
    if (!parts) return;
    const { consensus, sync, gossip, execution, journal, blocks } = parts;
    consensus.stop();
    gossip.stop();
    execution.stop();
    await sync.stop();
    await network.stop(deadlineMs);
    await execution.idle();
    await options.executor.close();
    await verifier.close();
    await journal.close();
    await blocks.close();
  };

  return {
    start,
    stop,
    api,
    gauges() {
      if (!parts) return;
      const { mempool, admission, execution, chain, consensus, sync } = parts;
      const peers = network.peers();
      metrics.set('peers', peers.length);
      metrics.set('peer_validators', peers.filter(({ consensusKey }) => consensusKey).length);
      metrics.set('syncing', sync.syncing ? 1 : 0);
      metrics.set('mempool_oracle', mempool.laneSize('oracle'));
      metrics.set('mempool_cancel', mempool.laneSize('cancel'));
      metrics.set('mempool_rest', mempool.laneSize('rest'));
      metrics.set('mempool_bytes', mempool.bytes);
      metrics.set('admission_waiting', admission.waiting);
      metrics.set('execution_waiting', execution.backlog());
      metrics.set('view', viewOf(consensus.current()));
      metrics.set('executed_height', chain.executed);
      metrics.set('blocks_held', chain.blocks.size);
      const checkpoint = chain.executed - (chain.executed % CARRIED_ROOT_INTERVAL);
      metrics.set('commit_lag', chain.tip.header.height - checkpoint);
    },
  };
}

/** Own submissions whose way to finality is timed at once. */
const MAX_TIMED = 16_384;

/**
 * Consensus of a validator: which engines run, and the duties they hand out.
 *
 * Source: design/chain.md §3 and §4. Engine e+1 starts when e's last block is final; engine e goes
 * on answering until the first block of e+1 is final. A node that is no validator of an epoch runs
 * no engine for it and follows by block sync.
 */
import type { Effect } from '../../consensus/effect.ts';
import { type ConsensusMessage, ConsensusMessageCodec } from '../../consensus/messages.ts';
import { CertificatesAnswerCodec, CertificatesRequestCodec } from '../../p2p/messages.ts';
import type { Network, PeerId } from '../../p2p/network.ts';
import { BlockCodec, isEpochLast } from '../../runtime/block.ts';
import { concatBytes, toHex } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import { type Epoch, epoch, height, type View } from '../../runtime/core/units.ts';
import { createRecentSet, type RecentSet } from '../crypto/recent-set.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Entry } from '../mempool/entry.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, Log, TimerHandle } from '../ports.ts';
import { missingVersions, type ReleaseSettings } from '../release.ts';
import { placeOfKeys, type VoteSigner } from '../signer/local-signer.ts';
import { isTwinsVote } from '../signer/look-back.ts';
import type { JournalStore } from '../storage/journal-store.ts';
import { be64 } from '../storage/keys.ts';
import { type Bodies, peersOfValidators } from './bodies.ts';
import { type Builder, createBuilder } from './build-block.ts';
import {
  type Chain,
  type ChainBlock,
  chainBlock,
  currentEpoch,
  isLastOfEpoch,
  loadBlock,
} from './chain.ts';
import { createEngineRunner, type Duties, type EngineRunner } from './engine-runner.ts';
import type { Finality } from './finality.ts';
import type { Halt } from './halt.ts';
import {
  epochOfMessage,
  type IncomingOptions,
  rememberingVerifier,
  takeCertificate,
  takeMessage,
  voteOfMessage,
} from './incoming.ts';
import { createBlockVerifier } from './verify-block.ts';

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

export type ConsensusDriver = {
  /** Recovers the engines that belong to the tip. Votes only after `lookBackMs`. */
  start(lookBackMs: number): Promise<void>;
  onMessage(consensusKey: string, bytes: Uint8Array, peer: PeerId): void;
  /** Blocks became final, in whatever way. */
  onFinal(blocks: readonly ChainBlock[]): void;
  /** A final certificate found by block sync: lets the engine of its epoch follow. */
  onSynced(): void;
  /** A block was executed, or a config became known. */
  onExecuted(): void;
  /** The mempool has a new payload that is not an oracle vote. */
  onTransaction(): void;
  /** The engine of the running epoch. */
  current(): EngineRunner | undefined;
  /** The engine of an epoch, if it runs. */
  runner(of: Epoch): EngineRunner | undefined;
  stop(): void;
};

export type ConsensusDriverOptions = {
  readonly chain: Chain;
  readonly journal: JournalStore;
  readonly signer: VoteSigner | undefined;
  readonly mempool: Mempool;
  readonly bodies: Bodies;
  /** A payload that is here, checked or not, by `idKey` of its wire id. */
  readonly payload: (key: string) => Entry | undefined;
  readonly verifier: Verifier;
  readonly verified: RecentSet;
  readonly finality: Finality;
  readonly network: Network;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly halt: Halt;
  readonly release: ReleaseSettings;
  /** Peers are ahead, or blocks are missing. */
  readonly onBehind: () => void;
  readonly onFailure: (error: unknown) => void;
};

/** Signatures of consensus remembered as good: 3 kinds × 128 validators × 20 views. */
const REMEMBERED_SIGNATURES = 8_192;
const CERTIFICATES_TIMEOUT_MS = 2_000;
const MALFORMED_POINTS = 20;
/** Journal records are deleted in lots of views. */
const PRUNE_VIEWS = 16;
/** Messages of the next epoch kept until its engine starts: a few views of 128 validators. */
const MAX_EARLY_MESSAGES = 512;

export function createConsensusDriver(options: ConsensusDriverOptions): ConsensusDriver {
  const { chain, journal, signer, finality, network, clock, metrics, log, halt } = options;
  const runners = new Map<Epoch, EngineRunner>();
  const starting = new Set<Epoch>();
  const verify = rememberingVerifier(
    options.verifier.verifyNow,
    createRecentSet(REMEMBERED_SIGNATURES),
  );
  const incoming: IncomingOptions = {
    chainId: chain.chainId,
    verify,
    penalise: (peer, points, reason) => network.penalise(peer, points, reason),
  };
  /** Messages of the next epoch: others may cross the boundary some milliseconds before this node. */
  let early: { readonly message: ConsensusMessage; readonly peer: PeerId }[] = [];
  let prunedIn: Epoch | undefined;
  let isListening = false;
  let stopped = false;
  let lookBack: TimerHandle | undefined;

  const builder: Builder = createBuilder({
    chain,
    mempool: options.mempool,
    clock,
    metrics,
    onFailure: options.onFailure,
  });
  const blockVerifier = createBlockVerifier({
    chain,
    bodies: options.bodies,
    payload: options.payload,
    verifier: options.verifier,
    verified: options.verified,
    network,
    clock,
    metrics,
    onFailure: options.onFailure,
  });

  /** Whether a body asked for in `at` may still be of use. */
  const isBodyWanted = (runner: EngineRunner, at: View, payload: Uint8Array): boolean => {
    if (runner.stopped || stopped) return false;
    const { lastFinalized } = runner.state;
    return lastFinalized.view < at || toHex(lastFinalized.payload) === toHex(payload);
  };

  const syncBody = async (runner: EngineRunner, effect: EffectOf<'syncBody'>): Promise<void> => {
    const { payload, signers } = effect;
    const wanted = (): boolean => isBodyWanted(runner, effect.view, payload);
    let block =
      (await loadBlock(chain, payload)) ?? (await blockVerifier.underWay(payload)) ?? undefined;
    if (!block) {
      const first = peersOfValidators(network, runner.config, signers);
      const fetched = await options.bodies.fetchBlock({ hash: payload, first, wanted });
      if (!fetched || stopped) return;
      const bytes = BlockCodec.encode(fetched);
      await chain.store.putBody(payload, bytes);
      block = chainBlock(fetched, payload, bytes);
      chain.blocks.set(block.key, block);
    }
    runner.input({
      kind: 'held',
      view: effect.view,
      payload,
      epochLast: isEpochLast(block.header, runner.config),
    });
    blockVerifier.wake();
    finality.wake();
  };

  const requestCertificates = async (
    runner: EngineRunner,
    { from, to, prefer }: EffectOf<'requestCertificates'>,
  ): Promise<void> => {
    const [peer = network.peers()[0]?.peer] = peersOfValidators(network, runner.config, [prefer]);
    if (peer === undefined) return;
    const request = CertificatesRequestCodec.encode({ epoch: runner.epoch, from, to });
    const answer = await network.request(peer, 'certificates', request, CERTIFICATES_TIMEOUT_MS);
    if (!answer.ok || stopped) return;
    const certificates = CertificatesAnswerCodec.decode(answer.value);
    if (!certificates.ok) {
      network.penalise(peer, MALFORMED_POINTS, 'malformed answer to certificates');
      return;
    }
    for (const certificate of certificates.value) {
      takeCertificate(runner, certificate, peer, incoming);
    }
  };

  const finalized = (runner: EngineRunner, effect: EffectOf<'finalized'>): void => {
    finality.certified(effect);
    const mark = { epoch: runner.epoch, view: effect.floor };
    signer?.raise(mark);
    if (effect.floor % PRUNE_VIEWS === 0 || runner.epoch !== prunedIn) {
      prunedIn = runner.epoch;
      journal.prune(mark).catch(options.onFailure);
    }
  };

  const duties: Duties = {
    buildBlock: (runner, effect) => builder.build(runner, effect),
    verifyBlock: (runner, effect) => blockVerifier.verify(runner, effect),
    syncBody: (runner, effect) => void syncBody(runner, effect).catch(options.onFailure),
    requestCertificates: (runner, effect) =>
      void requestCertificates(runner, effect).catch(options.onFailure),
    finalized,
    enterView(runner, effect) {
      metrics.count('views_entered');
      metrics.set('view', effect.view);
      if (runner === current()) builder.cancel();
      blockVerifier.enterView(runner, effect.view);
    },
    evidence({ evidence }) {
      const { fault, first, second } = evidence;
      const { epoch: of, view: at } = first.subject.value;
      metrics.count('evidence', 1, fault);
      log.warn({ fault, validator: first.signer, epoch: of, view: at }, 'evidence of a fault');
      const key = concatBytes(
        be64(of),
        be64(at),
        be64(first.signer),
        new TextEncoder().encode(fault),
      );
      const publicKey = chain.configs.get(of)?.validators[first.signer]?.consensusKey;
      assert(publicKey !== undefined, 'evidence is of an epoch whose engine runs');
      chain.store.putEvidence(key, { publicKey, first, second }).catch(options.onFailure);
    },
    foreignVote(vote) {
      const { epoch: of, view: at } = vote.subject.value;
      halt.halt(
        'double_sign_suspected',
        `a vote of this key in epoch ${of} view ${at} is not ours`,
      );
    },
  };

  const startEngine = async (of: Epoch): Promise<void> => {
    const config = chain.configs.get(of);
    if (!signer || !config || runners.has(of) || starting.has(of) || stopped) return;
    // Its blocks are for a release that holds what they are executed by.
    if (missingVersions(options.release, config).length > 0) return;
    const self = placeOfKeys(config, signer.publicKeys)?.signer;
    if (self === undefined) return;
    const end = of === 0 ? height(0) : chain.epochEnds.get(epoch(of - 1));
    if (end === undefined) return;
    starting.add(of);
    const genesisPayload = end === 0 ? chain.chainId : await chain.store.finalHash(end);
    assert(genesisPayload !== undefined, 'the last block of an epoch that is over is final');
    const records = await journal.records(of);
    starting.delete(of);
    if (stopped) return;
    const runner = createEngineRunner({
      engine: { epochConfig: config, self, genesisPayload },
      records,
      journal,
      signer,
      mayVote: () => halt.state() === undefined && !stopped,
      clock,
      network,
      metrics,
      duties,
      onFailure: options.onFailure,
    });
    runners.set(of, runner);
    log.info({ epoch: of, validator: self, view: runner.state.view }, 'consensus engine ready');
    if (!isListening) return;
    begin(runner);
  };

  /** Starts an engine, and tells it what became final without it. */
  const begin = (runner: EngineRunner): void => {
    if (runner.started) return;
    runner.start();
    const { lastFinalization } = runner.state;
    // Synced to the journal, but maybe not yet in the index of final blocks.
    if (lastFinalization && 'payload' in lastFinalization.subject.value) {
      const { payload } = lastFinalization.subject.value;
      finality.certified({ payload, certificate: lastFinalization, archive: [] });
    }
    void tellTip(runner).catch(options.onFailure);
    const kept = early;
    early = [];
    for (const { message, peer } of kept) {
      if (epochOfMessage(message) === runner.epoch) takeMessage(runner, message, peer, incoming);
    }
  };

  /** Gives the engine the certificate of the final tip, if it is of its epoch and new to it. */
  const tellTip = async (runner: EngineRunner): Promise<void> => {
    const { header } = chain.tip;
    if (header.epoch !== runner.epoch || header.height === 0) return;
    const found = await chain.store.finalization(header.height);
    if (!found || found.certificate.subject.value.view <= runner.state.lastFinalized.view) return;
    runner.input({ kind: 'certificate', certificate: found.certificate });
  };

  const current = (): EngineRunner | undefined => runners.get(currentEpoch(chain));

  /** Engines that the tip calls for. */
  const updateEngines = async (): Promise<void> => {
    const running = currentEpoch(chain);
    const isBoundary = chain.tip.header.epoch !== running;
    for (const [of, runner] of [...runners]) {
      const isKept = of === running || (isBoundary && of === running - 1);
      if (isKept) continue;
      runner.stop();
      runners.delete(of);
      log.info({ epoch: of }, 'consensus engine stopped');
    }
    await startEngine(running);
  };

  const listen = (message: ConsensusMessage): void => {
    const vote = voteOfMessage(message);
    const config = chain.configs.get(epochOfMessage(message));
    if (!vote || !config || !signer) return;
    if (!isTwinsVote(vote, { signer, config, chainId: chain.chainId, verify })) return;
    const { epoch: of, view: at } = vote.subject.value;
    halt.halt(
      'double_sign_suspected',
      `another process signs with this key: a vote of epoch ${of} view ${at} is not in the journal`,
    );
  };

  return {
    async start(lookBackMs) {
      const running = currentEpoch(chain);
      // At a boundary the engine before still answers stragglers.
      if (chain.tip.header.epoch !== running) await startEngine(chain.tip.header.epoch);
      await startEngine(running);
      const vote = (): void => {
        isListening = true;
        if (halt.state()) return;
        for (const runner of runners.values()) begin(runner);
        void updateEngines().catch(options.onFailure);
      };
      if (!signer || lookBackMs === 0) {
        vote();
        return;
      }
      log.info({ lookBackMs }, 'listening for votes of this key before voting');
      lookBack = clock.setTimer(lookBackMs, vote);
    },
    onMessage(_consensusKey, bytes, peer) {
      const decoded = ConsensusMessageCodec.decode(bytes);
      if (!decoded.ok) {
        network.penalise(peer, MALFORMED_POINTS, 'malformed consensus message');
        return;
      }
      const message = decoded.value;
      if (!isListening) {
        listen(message);
        return;
      }
      const of = epochOfMessage(message);
      const runner = runners.get(of);
      if (runner?.started) {
        takeMessage(runner, message, peer, incoming);
        return;
      }
      const running = currentEpoch(chain);
      const isNext = of === running || of === running + 1;
      if (signer && isNext && early.length < MAX_EARLY_MESSAGES) early.push({ message, peer });
      if (of > running) options.onBehind();
    },
    onFinal(blocks) {
      const isEnd = blocks.some(({ header }) => isLastOfEpoch(chain, header));
      const isBegin = blocks.some(
        ({ header }) =>
          chain.epochEnds.get(epoch(Math.max(0, header.epoch - 1))) === header.height - 1,
      );
      if (isEnd || isBegin) void updateEngines().catch(options.onFailure);
      builder.wake();
    },
    onSynced() {
      const runner = current();
      if (runner) void tellTip(runner).catch(options.onFailure);
      blockVerifier.wake();
      builder.wake();
    },
    onExecuted() {
      blockVerifier.wake();
      builder.wake();
      if (!current()) void updateEngines().catch(options.onFailure);
    },
    onTransaction: () => builder.wake(),
    current,
    runner: (of) => runners.get(of),
    stop() {
      stopped = true;
      lookBack?.cancel();
      builder.stop();
      for (const runner of runners.values()) runner.stop();
    },
  };
}

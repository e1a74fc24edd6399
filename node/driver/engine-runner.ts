/**
 * Runs one epoch's engine: gives it inputs one at a time and carries its effects out in order.
 *
 * Source: consensus/input.ts and consensus/effect.ts, which state the duties. Effects wait in one
 * queue; the next is begun when the one before is done, or handed over if an input answers it. So
 * what is persisted is on disk before whatever follows it leaves.
 *
 * A failure of the journal, or a broken invariant, ends the runner and is reported once.
 */
import type { Effect } from '../../consensus/effect.ts';
import { REJECTIONS } from '../../consensus/effect.ts';
import type { EngineConfig, EngineState } from '../../consensus/engine.ts';
import type { InputBody, Timer } from '../../consensus/input.ts';
import type { JournalRecord } from '../../consensus/journal.ts';
import {
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  ConsensusMessageCodec,
  type Subject,
  type Vote,
} from '../../consensus/messages.ts';
import { recover } from '../../consensus/recover.ts';
import { step } from '../../consensus/step.ts';
import type { Network, PeerId } from '../../p2p/network.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { unreachable } from '../../runtime/core/result.ts';
import {
  type Epoch,
  timestampMs,
  type ValidatorIndex,
  type View,
  view,
} from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, TimerHandle } from '../ports.ts';
import type { VoteSigner } from '../signer/local-signer.ts';
import type { JournalStore } from '../storage/journal-store.ts';
import { createCertificateRelay } from './certificate-relay.ts';

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/** The effects that the rest of the driver answers. Each returns at once. */
export type Duties = {
  readonly buildBlock: (runner: EngineRunner, effect: EffectOf<'buildBlock'>) => void;
  readonly verifyBlock: (runner: EngineRunner, effect: EffectOf<'verifyBlock'>) => void;
  readonly syncBody: (runner: EngineRunner, effect: EffectOf<'syncBody'>) => void;
  readonly requestCertificates: (
    runner: EngineRunner,
    effect: EffectOf<'requestCertificates'>,
  ) => void;
  readonly finalized: (runner: EngineRunner, effect: EffectOf<'finalized'>) => void;
  readonly enterView: (runner: EngineRunner, effect: EffectOf<'enterView'>) => void;
  readonly evidence: (effect: EffectOf<'evidence'>) => void;
  readonly foreignVote: (vote: Vote) => void;
};

export interface EngineRunner {
  readonly epoch: Epoch;
  readonly config: EpochConfig;
  /** The engine's data, to be read between steps: `admitVote`, `certificatesBetween`. */
  readonly state: EngineState;
  start(): void;
  readonly started: boolean;
  /** `peer` is who to blame when the input is refused. */
  input(body: InputBody, peer?: PeerId): void;
  /** No input is taken and no effect carried out any more. */
  stop(): void;
  readonly stopped: boolean;
}

export type RunnerOptions = {
  readonly engine: EngineConfig;
  readonly records: readonly JournalRecord[];
  readonly journal: JournalStore;
  readonly signer: VoteSigner | undefined;
  /** Whether this node may still vote. */
  readonly mayVote: () => boolean;
  readonly clock: Clock;
  readonly network: Pick<Network, 'broadcastConsensus' | 'sendConsensus' | 'penalise'>;
  readonly metrics: Metrics;
  readonly duties: Duties;
  readonly onFailure: (error: unknown) => void;
};

/** Points for a message that no honest node sends. */
const REJECTION_POINTS = 20;

/** Consensus queues drop the lowest view first: epochs count above views. */
const VIEWS_PER_EPOCH = 2 ** 32;

const KIND_NAMES = ['notarize', 'nullify', 'finalize'] as const;

export function createEngineRunner(options: RunnerOptions): EngineRunner {
  const { engine, journal, signer, clock, network, metrics, duties } = options;
  const { epochConfig, self } = engine;
  const { epoch } = epochConfig;
  const state = recover(engine, options.records);
  const timers = new Map<Timer, TimerHandle>();
  const queue: { readonly effect: Effect; readonly peer: PeerId | undefined }[] = [];
  let busy = false;
  let stopped = false;
  let started = false;
  let lastNow = timestampMs(0);

  const fail = (error: unknown): void => {
    if (stopped) return;
    runner.stop();
    options.onFailure(error);
  };

  const persist = ({ record, durability }: EffectOf<'persist'>): Promise<void> | undefined => {
    const written = journal.append(epoch, record, durability);
    if (durability === 'sync') return written;
    written.catch(fail);
    return undefined;
  };

  const vote = (subject: Subject): void => {
    const key = self === undefined ? undefined : epochConfig.validators[self]?.consensusKey;
    if (!signer || self === undefined || key === undefined || !options.mayVote()) {
      runner.input({ kind: 'refused', subject });
      return;
    }
    const asked = clock.now();
    signer.vote(subject, { signer: self, key }).then((result) => {
      metrics.observe('journal_sync_ms', clock.now() - asked);
      if (result.ok && options.mayVote()) {
        metrics.count('votes_signed', 1, KIND_NAMES[subject.selector]);
        runner.input({ kind: 'signed', vote: result.value });
        return;
      }
      metrics.count('votes_refused', 1, result.ok ? 'halted' : result.error.code);
      runner.input({ kind: 'refused', subject });
    }, fail);
  };

  const encode = (
    message: ConsensusMessage,
    at: View,
  ): { readonly bytes: Uint8Array; readonly view: number } => ({
    bytes: ConsensusMessageCodec.encode(message),
    view: epoch * VIEWS_PER_EPOCH + at,
  });

  const send = (to: ValidatorIndex, message: ConsensusMessage, at: View): void => {
    const key = epochConfig.validators[to]?.consensusKey;
    if (key) network.sendConsensus(toHex(key), encode(message, at));
  };

  const relay = createCertificateRelay({
    state,
    self,
    pacing: epochConfig.pacing,
    clock,
    send: (to, value, at) => send(to, { selector: CONSENSUS_MESSAGE.certificate, value }, at),
  });

  const broadcast = ({ message, view: at }: EffectOf<'broadcast'>): void => {
    // What is older is said again because someone may be stuck: to all, at once.
    const isFresh = at >= state.view - 1;
    if (isFresh && message.selector === CONSENSUS_MESSAGE.certificate) {
      relay.hold(message.value, at);
    } else network.broadcastConsensus(encode(message, at));
  };

  const armTimer = ({ timer, view: at, delayMs }: EffectOf<'armTimer'>): void => {
    timers.get(timer)?.cancel();
    const handle = clock.setTimer(delayMs, () => {
      timers.delete(timer);
      metrics.count('timeouts', 1, timer);
      runner.input({ kind: 'timer', timer, view: at });
    });
    timers.set(timer, handle);
  };

  const reject = ({ code, detail }: EffectOf<'reject'>, peer: PeerId | undefined): void => {
    metrics.count('messages_rejected', 1, code);
    if (peer && REJECTIONS[code] === 'penalise') {
      network.penalise(peer, REJECTION_POINTS, `${code}: ${detail}`);
    }
  };

  /** Begins an effect; the promise, if any, is when it is done. */
  const carryOut = (effect: Effect, peer: PeerId | undefined): Promise<void> | undefined => {
    switch (effect.kind) {
      case 'persist':
        return persist(effect);
      case 'vote':
        return void vote(effect.subject);
      case 'broadcast':
        return void broadcast(effect);
      case 'send':
        return void send(effect.to, effect.message, effect.view);
      case 'armTimer':
        return void armTimer(effect);
      case 'cancelTimer':
        timers.get(effect.timer)?.cancel();
        timers.delete(effect.timer);
        return undefined;
      case 'enterView':
        return void duties.enterView(runner, effect);
      case 'buildBlock':
        return void duties.buildBlock(runner, effect);
      case 'verifyBlock':
        return void duties.verifyBlock(runner, effect);
      case 'syncBody':
        return void duties.syncBody(runner, effect);
      case 'requestCertificates':
        return void duties.requestCertificates(runner, effect);
      case 'finalized':
        return void duties.finalized(runner, effect);
      case 'epochFinished':
        // The next engine starts when finality has come as far as this block (epochs.ts).
        return undefined;
      case 'evidence':
        return void duties.evidence(effect);
      case 'foreignVote':
        return void duties.foreignVote(effect.vote);
      case 'reject':
        return void reject(effect, peer);
      default:
        return unreachable(effect);
    }
  };

  const pump = (): void => {
    if (busy) return;
    busy = true;
    for (;;) {
      const next = stopped ? undefined : queue.shift();
      if (!next) break;
      let done: Promise<void> | undefined;
      try {
        done = carryOut(next.effect, next.peer);
      } catch (error) {
        fail(error);
        break;
      }
      if (!done) continue;
      done.then(
        () => {
          busy = false;
          pump();
        },
        (error: unknown) => {
          busy = false;
          fail(error);
        },
      );
      return;
    }
    busy = false;
  };

  const runner: EngineRunner = {
    epoch,
    config: epochConfig,
    state,
    start() {
      started = true;
      runner.input({ kind: 'start' });
    },
    get started() {
      return started;
    },
    input(body, peer) {
      if (stopped || !started) return;
      lastNow = timestampMs(Math.max(lastNow, clock.now()));
      try {
        for (const effect of step(state, { ...body, now: lastNow }).effects) {
          queue.push({ effect, peer });
        }
      } catch (error) {
        fail(error);
        return;
      }
      pump();
    },
    stop() {
      stopped = true;
      queue.length = 0;
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      relay.stop();
    },
    get stopped() {
      return stopped;
    },
  };
  return runner;
}

/** The engine's current view, for status. */
export function viewOf(runner: EngineRunner | undefined): View {
  return runner?.state.view ?? view(0);
}

/**
 * A small node around the consensus engine: journal, signer window, bodies, a counter for an
 * application, and nothing else. It does what `consensus/effect.ts` asks of a driver, without
 * promises, so that thousands of views run in a second.
 *
 * The application: a block is a header whose `transactionsRoot` stands for a body; the header comes
 * with the proposal, the body may have been lost on the way and is then asked of others. An epoch
 * ends with every `blocksPerEpoch`-th block. A machine whose key is no validator of an epoch follows
 * with an engine that never votes.
 */
import { admitCertificate, admitVote } from '../../consensus/admission.ts';
import { certificatesBetween } from '../../consensus/answer.ts';
import { verifyCertificate } from '../../consensus/certificate.ts';
import { leader } from '../../consensus/committee.ts';
import type { BlockRef, Effect } from '../../consensus/effect.ts';
import { REJECTIONS } from '../../consensus/effect.ts';
import type { EngineState } from '../../consensus/engine.ts';
import type { Evidence } from '../../consensus/evidence.ts';
import type { InputBody, Timer } from '../../consensus/input.ts';
import { JOURNAL, type JournalRecord, JournalRecordCodec } from '../../consensus/journal.ts';
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  KIND,
  type ProposalMessage,
  type Subject,
  type Vote,
  voteDigest,
} from '../../consensus/messages.ts';
import { recover } from '../../consensus/recover.ts';
import { emptyWindow, maySign, type SignerWindow } from '../../consensus/signer-window.ts';
import { step } from '../../consensus/step.ts';
import { openValue, sealValue } from '../../node/storage/checked-store.ts';
import { blockHash, type Header, HeaderCodec } from '../../runtime/block.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  type Epoch,
  epoch,
  height,
  timestampMs,
  type View,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import { MAX_CLOCK_AHEAD_MS } from '../../runtime/limits.ts';
import type { Behaviour } from './adversaries/adversary.ts';
import type { MachineClock } from './clock.ts';
import type { Medium } from './disk.ts';
import { createLife, type Life } from './life.ts';
import type { Links } from './links.ts';
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';
import type { SignatureScheme } from './signature.ts';

/** What nodes say to each other. */
export type SimMessage =
  | { readonly kind: 'consensus'; readonly message: ConsensusMessage }
  | {
      readonly kind: 'askCertificates';
      readonly epoch: Epoch;
      readonly from: View;
      readonly to: View;
    }
  | { readonly kind: 'certificates'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'askBody'; readonly payload: Uint8Array }
  | { readonly kind: 'body'; readonly header: Header };

/** What a checker may watch. Each call names the node. */
export type Observer = {
  readonly onInput?: (node: number, at: Epoch, input: InputBody) => void;
  readonly onVoteSent?: (node: number, vote: Vote, durable: boolean) => void;
  readonly onSigned?: (node: number, subject: Subject) => void;
  /** A block became final at a node, after its parent. */
  readonly onFinal?: (node: number, header: Header, payload: Uint8Array) => void;
  readonly onRestart?: (node: number, finalHeight: number) => void;
  /** A leader has a new block, not yet synced. */
  readonly onProposed?: (node: number, at: View) => void;
  readonly onFinalized?: (node: number, certificate: Certificate) => void;
  /** A consensus message reaches a running node. */
  readonly onReceived?: (node: number, message: ConsensusMessage) => void;
  readonly onEvidence?: (node: number, evidence: Evidence) => void;
  /** A node blames the machine that a message came from. */
  readonly onBlame?: (node: number, from: number, why: string) => void;
  /** A process ended itself: its disk failed, or an invariant is broken. */
  readonly onHalt?: (node: number, why: string) => void;
  /** A process refuses to start on what its disk holds. */
  readonly onRefusal?: (node: number, why: string) => void;
  /** Something that cannot happen while fewer than a third of the weight is faulty. */
  readonly onAlarm?: (node: number, what: string) => void;
};

export type NodeCosts = {
  /** One signature check, on one thread, in turn. 0: done on arrival. */
  readonly verifyUs: number;
  /** Largest delay of execution before a block can be judged; a chance of it, and of a lost body. */
  readonly executionLagUs: number;
  readonly lagChance: number;
  readonly bodyLoss: number;
  /** Probability that a leader has nothing to propose until `idleBlockMs` have gone by. */
  readonly idleChance: number;
  /** Wire ids of a body, 32 bytes each in a proposal; and what checking and writing it takes. None: empty. */
  readonly body?: { readonly wireIds: number; readonly workUs: number };
};

export type ConsensusNodeOptions = {
  readonly index: number;
  /** The number of its key. Twins share one. */
  readonly key: number;
  readonly machines: number;
  readonly scheme: SignatureScheme;
  readonly configOf: (at: Epoch) => EpochConfig;
  /** Machines that hold the key of a validator. */
  readonly machinesOf: (at: Epoch, validator: number) => readonly number[];
  readonly chainId: Uint8Array;
  readonly genesis: Header;
  readonly blocksPerEpoch: number;
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly prng: Prng;
  readonly medium: Medium;
  readonly clock: MachineClock;
  readonly costs: NodeCosts;
  readonly observer: Observer;
  /** How this machine's words are twisted, if it is an adversary's. */
  readonly behaviour?: Behaviour | undefined;
  readonly deliver: (from: number, to: number, message: SimMessage) => void;
};

export type ConsensusNode = {
  readonly start: () => void;
  /** Power fails: the process is gone, and what its disk had not synced. */
  readonly crash: () => void;
  /** The process is gone; what it wrote, the operating system still has. */
  readonly kill: () => void;
  readonly isAlive: () => boolean;
  readonly receive: (from: number, message: SimMessage) => void;
  /** Sends past the behaviour, while the process lives. */
  readonly sendRaw: (to: number, message: ConsensusMessage) => void;
  readonly finalHeight: () => number;
  /** Views entered in all epochs. */
  readonly views: () => number;
  readonly engine: () => EngineState | undefined;
};

/** Bytes on the wire, near enough for bandwidth. */
export function sizeOf(message: SimMessage): number {
  const certificateBytes = (certificate: Certificate): number =>
    110 + 64 * certificate.signatures.length;
  switch (message.kind) {
    case 'consensus':
      switch (message.message.selector) {
        case CONSENSUS_MESSAGE.vote:
          return 130;
        case CONSENSUS_MESSAGE.certificate:
          return certificateBytes(message.message.value);
        case CONSENSUS_MESSAGE.proposal: {
          const { block, certificates } = message.message.value;
          const justification = certificates.reduce((sum, one) => sum + certificateBytes(one), 0);
          return 450 + 32 * block.wireIds.length + justification;
        }
      }
      break;
    case 'certificates':
      return message.certificates.reduce((sum, one) => sum + certificateBytes(one), 10);
    case 'askCertificates':
      return 30;
    case 'askBody':
      return 40;
    case 'body':
      return 2_000;
  }
  return 0;
}

const digests = new WeakMap<Subject, Uint8Array>();

/** Digest of a subject, kept with the object: in a simulation all nodes see the same one. */
function digestOf(chainId: Uint8Array, subject: Subject): Uint8Array {
  let digest = digests.get(subject);
  if (!digest) {
    digest = voteDigest(chainId, subject);
    digests.set(subject, digest);
  }
  return digest;
}

/**
 * Verdicts on votes and certificates, kept with the objects, which nobody changes: verification is a
 * pure function, and in a simulation all nodes look at the same object.
 */
const voteVerdicts = new WeakMap<Vote, boolean>();
const certificateVerdicts = new WeakMap<Certificate, boolean>();

const ASK_AGAIN_US = 150_000;

type Engine = {
  readonly epoch: Epoch;
  state: EngineState;
  readonly outbox: { readonly effect: Effect; readonly from: number | undefined }[];
  /** The latest `now` that was given. */
  lastNowMs: number;
  blocked: boolean;
  window: SignerWindow;
  journalLength: number;
  readonly timers: Map<Timer, () => void>;
};

type Process = {
  readonly life: Life;
  readonly engines: Map<Epoch, Engine>;
  /** Synced bodies, by hash in hex. */
  readonly bodies: Map<string, Header>;
  /** What waits for a body to be synced. */
  readonly waiting: Map<string, (() => void)[]>;
  /** Bodies being synced. */
  readonly syncing: Set<string>;
  readonly jobs: (() => { signatures: number; run: () => void } | undefined)[];
  working: boolean;
  finalTip: Uint8Array;
  finalHeight: number;
  /** Payload whose ancestry is being completed. */
  target: Uint8Array | undefined;
};

export function createConsensusNode(options: ConsensusNodeOptions): ConsensusNode {
  const { index, scheduler, links, prng, medium, costs, observer, chainId, genesis } = options;
  const { clock, scheme, behaviour } = options;
  const publicKey = scheme.publicKey(options.key);
  const genesisHash = blockHash(genesis);
  let process: Process | undefined;

  const alive = (born: Process): boolean => process === born && born.life.alive;

  /** The process ends itself. */
  const halt = (born: Process, why: string): void => {
    if (!alive(born)) return;
    born.life.alive = false;
    observer.onHalt?.(index, why);
  };

  /** Heights are never reused, so the place of a block in its epoch follows from its height. */
  const isEpochLast = (header: Header): boolean => header.height % options.blocksPerEpoch === 0;

  const { wireIds = 0, workUs = 0 } = costs.body ?? {};
  const bytesOf = (message: SimMessage): number => {
    const isProposal =
      message.kind === 'consensus' && message.message.selector === CONSENSUS_MESSAGE.proposal;
    return sizeOf(message) + (isProposal ? 32 * wireIds : 0);
  };
  const carry = (to: number, message: SimMessage): void =>
    links.carry({ from: index, to, bytes: bytesOf(message) }, () =>
      options.deliver(index, to, message),
    );
  const twisted = (to: number, message: SimMessage): readonly SimMessage[] => {
    switch (message.kind) {
      case 'consensus':
        return (behaviour?.outgoing?.(to, message.message) ?? [message.message]).map((one) => ({
          kind: 'consensus',
          message: one,
        }));
      case 'certificates': {
        const certificates = behaviour?.certificates?.(to, message.certificates);
        return [certificates ? { ...message, certificates } : message];
      }
      case 'body': {
        if (!behaviour?.header) return [message];
        const header = behaviour.header(to, message.header);
        return header ? [{ ...message, header }] : [];
      }
      default:
        return [message];
    }
  };
  /** `to` is a machine. */
  const send = (born: Process, to: number, message: SimMessage): void => {
    if (!alive(born) || to === index) return;
    if (!behaviour) carry(to, message);
    else for (const one of twisted(to, message)) carry(to, one);
  };
  const sendTo = (born: Process, engine: Engine, to: number, message: SimMessage): void => {
    for (const machine of options.machinesOf(engine.epoch, to)) send(born, machine, message);
  };
  /** To everyone, those who follow included. */
  const broadcast = (born: Process, message: SimMessage): void => {
    for (let to = 0; to < options.machines; to++) send(born, to, message);
  };

  // ── Disk ────────────────────────────────────────────────────────────────────────────────────

  const journalOf = (at: Epoch): string => `journal-${at}`;
  const journalKey = (at: number): Uint8Array => {
    const key = new Uint8Array(8);
    new DataView(key.buffer).setBigUint64(0, BigInt(at));
    return key;
  };
  const voteKeys = new WeakMap<Vote, Uint8Array>();
  const appendJournal = (
    born: Process,
    engine: Engine,
    write: { readonly record: JournalRecord; readonly durability: 'sync' | 'buffered' },
    done: () => void,
  ): void => {
    const key = journalKey(engine.journalLength++);
    if (write.record.selector === JOURNAL.vote) voteKeys.set(write.record.value, key);
    const value = sealValue(key, JournalRecordCodec.encode(write.record));
    const { durability } = write;
    medium.write(
      journalOf(engine.epoch),
      [{ type: 'put', key, value }],
      { durability, life: born.life },
      (failed) => {
        if (failed) halt(born, 'the journal cannot be written');
        else done();
      },
    );
  };

  const syncBody = (born: Process, payload: Uint8Array, header: Header): void => {
    const key = toHex(payload);
    if (born.bodies.has(key) || born.syncing.has(key)) return;
    born.syncing.add(key);
    if (workUs === 0) writeBody(born, payload, header);
    else scheduler.after(workUs, () => writeBody(born, payload, header));
  };

  const writeBody = (born: Process, payload: Uint8Array, header: Header): void => {
    const key = toHex(payload);
    const value = sealValue(payload, HeaderCodec.encode(header));
    const write = { type: 'put' as const, key: payload, value };
    medium.write('blocks', [write], { durability: 'sync', life: born.life }, (failed) => {
      if (failed) halt(born, 'a body cannot be written');
      if (!alive(born)) return;
      born.syncing.delete(key);
      born.bodies.set(key, header);
      const waiting = born.waiting.get(key) ?? [];
      born.waiting.delete(key);
      for (const proceed of waiting) proceed();
      completeChain(born);
    });
  };

  /** Runs `proceed` once the body is synced. */
  const onceHeld = (born: Process, payload: Uint8Array, proceed: () => void): void => {
    const key = toHex(payload);
    if (born.bodies.has(key)) proceed();
    else born.waiting.set(key, [...(born.waiting.get(key) ?? []), proceed]);
  };

  /** The same, and asks for the body until it comes: first the machines `from`, then all, in turn. */
  const fetchBody = (
    born: Process,
    payload: Uint8Array,
    from: readonly number[],
    proceed: () => void,
  ): void => {
    const key = toHex(payload);
    const asked = born.waiting.has(key);
    onceHeld(born, payload, proceed);
    const others = [...from, ...Array.from({ length: options.machines }, (_, peer) => peer)].filter(
      (peer) => peer !== index,
    );
    let attempt = 0;
    const ask = (): void => {
      if (!alive(born) || born.bodies.has(key) || others.length === 0) return;
      send(born, others[attempt++ % others.length] ?? 0, { kind: 'askBody', payload });
      scheduler.after(ASK_AGAIN_US, ask);
    };
    if (!asked && !born.syncing.has(key)) ask();
  };

  // ── Signer ──────────────────────────────────────────────────────────────────────────────────

  const signVote = (born: Process, engine: Engine, subject: Subject): void => {
    const allowed = maySign(engine.window, subject);
    if (!allowed.ok) {
      observer.onAlarm?.(index, `signer refused: ${allowed.error.detail}`);
      feed(born, engine, { kind: 'refused', subject });
      return;
    }
    engine.window = allowed.value;
    const vote: Vote = {
      subject,
      signer: engine.state.self ?? validatorIndex(0),
      signature: scheme.sign(options.key, digestOf(chainId, subject)),
    };
    const record = { selector: JOURNAL.vote, value: vote };
    appendJournal(born, engine, { record, durability: 'sync' }, () => {
      if (!alive(born)) return;
      observer.onSigned?.(index, subject);
      feed(born, engine, { kind: 'signed', vote });
    });
  };

  // ── Application ─────────────────────────────────────────────────────────────────────────────

  const build = (
    born: Process,
    engine: Engine,
    effect: Extract<Effect, { kind: 'buildBlock' }>,
  ): void => {
    const { view: at, parent, block } = effect;
    const propose = (payload: Uint8Array, header: Header): void => {
      if (!alive(born) || engine.state.view !== at) return;
      const announcement = { header, wireIds: [] };
      const epochLast = isEpochLast(header);
      feed(born, engine, { kind: 'built', view: at, payload, block: announcement, epochLast });
    };
    if (block !== 'new') {
      const { again } = block;
      fetchBody(born, again, [], () => {
        const header = born.bodies.get(toHex(again));
        if (header) propose(again, header);
      });
      return;
    }
    const parentHeader = headerOf(born, parent.payload);
    if (!parentHeader) {
      observer.onAlarm?.(index, `asked to build in view ${at} on a body that is not held`);
      return;
    }
    const { minBlockIntervalMs, idleBlockMs } = engine.state.committee.pacing;
    const idle = prng.chance(costs.idleChance);
    const dueMs = parentHeader.timestamp + (idle ? idleBlockMs : minBlockIntervalMs);
    const waitMs = Math.max(0, dueMs - clock.nowMs());
    scheduler.after(clock.delayUs(waitMs), () => {
      if (!alive(born) || engine.state.view !== at) return;
      const header: Header = {
        ...parentHeader,
        height: height(parentHeader.height + 1),
        view: at,
        epoch: engine.epoch,
        parent: parent.payload,
        timestamp: timestampMs(Math.max(parentHeader.timestamp + 1, clock.nowMs())),
        proposer: engine.state.self ?? validatorIndex(0),
        transactionsRoot: sha256(new Uint8Array([prng.u32() % 256, prng.u32() % 256, index])),
      };
      const payload = blockHash(header);
      observer.onProposed?.(index, at);
      syncBody(born, payload, header);
      onceHeld(born, payload, () => propose(payload, header));
    });
  };

  const headerOf = (born: Process, payload: Uint8Array): Header | undefined =>
    equalBytes(payload, genesisHash) ? genesis : born.bodies.get(toHex(payload));

  /** The runtime's rules of a block, as far as a counter has any, but for the clock's. */
  const isValid = (header: Header, parent: Header, ref: BlockRef, at: View): boolean =>
    equalBytes(header.parent, ref.payload) &&
    header.height === parent.height + 1 &&
    header.view === at &&
    header.timestamp > parent.timestamp;

  const verify = (
    born: Process,
    engine: Engine,
    effect: Extract<Effect, { kind: 'verifyBlock' }>,
  ): void => {
    const { view: at, proposal, parent, block } = effect;
    const { payload } = proposal;
    const { header } = block;
    const oldest = effect.receivedAt - effect.leaderTimeoutMs - MAX_CLOCK_AHEAD_MS;
    const judge = (): void => {
      const parentHeader = headerOf(born, parent.payload);
      const valid =
        parentHeader &&
        isValid(header, parentHeader, parent, at) &&
        header.epoch === engine.epoch &&
        header.proposer === leader(engine.state.committee, at) &&
        header.timestamp >= oldest;
      const earlyMs = header.timestamp - MAX_CLOCK_AHEAD_MS - clock.nowMs();
      if (valid && earlyMs > 0) {
        const verdict = { kind: 'notYet' as const, reason: 'clock' };
        feed(born, engine, { kind: 'verdict', view: at, payload, verdict });
        scheduler.after(clock.delayUs(earlyMs), () => {
          if (alive(born) && engine.state.view === at) judge();
        });
        return;
      }
      const verdict = valid
        ? { kind: 'valid' as const, epochLast: isEpochLast(header) }
        : { kind: 'invalid' as const, reason: 'does not extend its parent' };
      feed(born, engine, { kind: 'verdict', view: at, payload, verdict });
    };
    const proceed = (): void => {
      if (!prng.chance(costs.lagChance)) {
        judge();
        return;
      }
      const verdict = { kind: 'notYet' as const, reason: 'execution lags' };
      feed(born, engine, { kind: 'verdict', view: at, payload, verdict });
      scheduler.after(prng.float() * costs.executionLagUs, () => {
        if (alive(born)) judge();
      });
    };
    if (prng.chance(costs.bodyLoss)) {
      fetchBody(born, payload, options.machinesOf(engine.epoch, header.proposer), proceed);
    } else {
      syncBody(born, payload, header);
      onceHeld(born, payload, proceed);
    }
  };

  /** Follows parent hashes down from the newest final block, and reports what is complete. */
  const completeChain = (born: Process): void => {
    if (!born.target) return;
    const chain: { header: Header; payload: Uint8Array }[] = [];
    let payload = born.target;
    while (!equalBytes(payload, born.finalTip)) {
      const header = born.bodies.get(toHex(payload));
      if (!header) {
        fetchBody(born, payload, [], () => undefined);
        return;
      }
      if (header.height <= born.finalHeight) {
        observer.onAlarm?.(index, `final block ${toHex(payload)} forks below ${born.finalHeight}`);
        born.target = undefined;
        return;
      }
      chain.push({ header, payload });
      payload = header.parent;
    }
    born.target = undefined;
    for (const block of chain.reverse()) {
      born.finalTip = block.payload;
      born.finalHeight = block.header.height;
      observer.onFinal?.(index, block.header, block.payload);
    }
  };

  // ── Driver ──────────────────────────────────────────────────────────────────────────────────

  /** `from`: the machine to blame when the input is refused. */
  const feed = (born: Process, engine: Engine, body: InputBody, from?: number): void => {
    if (!alive(born)) return;
    observer.onInput?.(index, engine.epoch, body);
    engine.lastNowMs = Math.max(engine.lastNowMs, clock.nowMs());
    try {
      const { effects } = step(engine.state, { ...body, now: timestampMs(engine.lastNowMs) });
      for (const effect of effects) engine.outbox.push({ effect, from });
    } catch (error) {
      halt(born, error instanceof Error ? error.message : String(error));
      return;
    }
    carryOut(born, engine);
  };

  const carryOut = (born: Process, engine: Engine): void => {
    if (engine.blocked) return;
    // Effects may feed inputs, whose effects queue behind: the loop below is the only one that runs.
    engine.blocked = true;
    for (;;) {
      const next = engine.outbox.shift();
      if (!next || !alive(born)) break;
      const { effect } = next;
      if (effect.kind === 'persist' && effect.durability === 'sync') {
        appendJournal(born, engine, effect, () => {
          if (!alive(born)) return;
          engine.blocked = false;
          carryOut(born, engine);
        });
        return;
      }
      perform(born, engine, effect, next.from);
    }
    engine.blocked = false;
  };

  const perform = (
    born: Process,
    engine: Engine,
    effect: Effect,
    from: number | undefined,
  ): void => {
    switch (effect.kind) {
      case 'vote':
        signVote(born, engine, effect.subject);
        return;
      case 'persist':
        appendJournal(born, engine, effect, () => undefined);
        return;
      case 'broadcast':
        watchVote(effect.message);
        broadcast(born, { kind: 'consensus', message: effect.message });
        return;
      case 'send':
        watchVote(effect.message);
        sendTo(born, engine, effect.to, { kind: 'consensus', message: effect.message });
        return;
      case 'armTimer': {
        engine.timers.get(effect.timer)?.();
        const { timer, view: at } = effect;
        const cancel = scheduler.after(clock.delayUs(effect.delayMs), () => {
          if (alive(born)) feed(born, engine, { kind: 'timer', timer, view: at });
        });
        engine.timers.set(timer, cancel);
        return;
      }
      case 'cancelTimer':
        engine.timers.get(effect.timer)?.();
        return;
      case 'enterView':
        return;
      case 'buildBlock':
        build(born, engine, effect);
        return;
      case 'verifyBlock':
        verify(born, engine, effect);
        return;
      case 'syncBody': {
        const { view: at, payload, signers } = effect;
        const holders = signers.flatMap((signer) => options.machinesOf(engine.epoch, signer));
        fetchBody(born, payload, holders, () => {
          const header = born.bodies.get(toHex(payload));
          if (!header) return;
          feed(born, engine, { kind: 'held', view: at, payload, epochLast: isEpochLast(header) });
        });
        return;
      }
      case 'requestCertificates':
        sendTo(born, engine, effect.prefer, {
          kind: 'askCertificates',
          epoch: engine.epoch,
          from: effect.from,
          to: effect.to,
        });
        return;
      case 'finalized':
        observer.onFinalized?.(index, effect.certificate);
        born.target = effect.payload;
        completeChain(born);
        return;
      case 'epochFinished':
        startEngine(born, epoch(engine.epoch + 1), effect.payload);
        return;
      case 'evidence':
        observer.onEvidence?.(index, effect.evidence);
        return;
      case 'foreignVote':
        observer.onAlarm?.(index, `foreign vote in view ${effect.vote.subject.value.view}`);
        return;
      case 'reject':
        if (REJECTIONS[effect.code] === 'penalise') {
          observer.onBlame?.(index, from ?? index, `${effect.code}: ${effect.detail}`);
        }
        return;
    }
  };

  const watchVote = (message: ConsensusMessage): void => {
    const vote =
      message.selector === CONSENSUS_MESSAGE.vote
        ? message.value
        : message.selector === CONSENSUS_MESSAGE.proposal
          ? message.value.vote
          : undefined;
    const key = vote && voteKeys.get(vote);
    if (!vote) return;
    const journal = journalOf(vote.subject.value.epoch);
    observer.onVoteSent?.(index, vote, key !== undefined && medium.isDurable(journal, key));
  };

  // ── Messages ────────────────────────────────────────────────────────────────────────────────

  const verifyVote = (engine: Engine, vote: Vote): boolean => {
    const known = voteVerdicts.get(vote);
    if (known !== undefined) return known;
    const key = engine.state.committee.keys[vote.signer];
    const verdict =
      key !== undefined && scheme.verify(key, digestOf(chainId, vote.subject), vote.signature);
    voteVerdicts.set(vote, verdict);
    return verdict;
  };

  const verifyWhole = (engine: Engine, certificate: Certificate): boolean => {
    const known = certificateVerdicts.get(certificate);
    if (known !== undefined) return known;
    const { committee } = engine.state;
    const verdict = verifyCertificate(committee, chainId, certificate, scheme.verify).ok;
    certificateVerdicts.set(certificate, verdict);
    return verdict;
  };

  type Job = { signatures: number; run: () => void } | undefined;

  const voteJob = (born: Process, engine: Engine, vote: Vote, from: number): Job => {
    switch (admitVote(engine.state, vote)) {
      case 'drop':
        return undefined;
      case 'late': {
        const { signer } = vote;
        const at = vote.subject.value.view;
        return {
          signatures: 0,
          run: () => feed(born, engine, { kind: 'heard', signer, view: at }, from),
        };
      }
      case 'known':
        return { signatures: 0, run: () => feed(born, engine, { kind: 'vote', vote }, from) };
      case 'check':
        return {
          signatures: 1,
          run: () => {
            if (verifyVote(engine, vote)) feed(born, engine, { kind: 'vote', vote }, from);
            else observer.onBlame?.(index, from, 'vote with a bad signature');
          },
        };
    }
  };

  const certificateJob = (
    born: Process,
    engine: Engine,
    certificate: Certificate,
    from: number,
  ): Job => {
    if (admitCertificate(engine.state, certificate) !== 'check') return undefined;
    return {
      signatures: certificate.signatures.length,
      run: () => {
        if (admitCertificate(engine.state, certificate) !== 'check') return;
        if (verifyWhole(engine, certificate)) {
          feed(born, engine, { kind: 'certificate', certificate }, from);
        } else observer.onBlame?.(index, from, 'certificate that does not verify');
      },
    };
  };

  const proposalJob = (
    born: Process,
    engine: Engine,
    message: ProposalMessage,
    from: number,
  ): Job => {
    const admission = admitVote(engine.state, message.vote);
    if (admission === 'drop') return undefined;
    const unknown = message.certificates.filter(
      (certificate) => admitCertificate(engine.state, certificate) !== 'known',
    );
    const signatures = unknown.reduce((sum, one) => sum + one.signatures.length, 1);
    return {
      signatures,
      run: () => {
        const genuine = unknown.every((certificate) => verifyWhole(engine, certificate));
        if (genuine && verifyVote(engine, message.vote)) {
          feed(born, engine, { kind: 'proposal', message }, from);
        } else observer.onBlame?.(index, from, 'proposal with a bad signature');
      },
    };
  };

  const jobOf = (born: Process, message: ConsensusMessage, from: number): Job => {
    const about =
      message.selector === CONSENSUS_MESSAGE.proposal ? message.value.vote : message.value;
    const engine = born.engines.get(about.subject.value.epoch);
    if (!engine) return undefined;
    switch (message.selector) {
      case CONSENSUS_MESSAGE.vote:
        return voteJob(born, engine, message.value, from);
      case CONSENSUS_MESSAGE.certificate:
        return certificateJob(born, engine, message.value, from);
      case CONSENSUS_MESSAGE.proposal:
        return proposalJob(born, engine, message.value, from);
    }
  };

  /** One thread checks signatures, in the order of arrival; what became known meanwhile is free. */
  const work = (born: Process): void => {
    while (!born.working && alive(born)) {
      const next = born.jobs.shift();
      if (!next) return;
      const job = next();
      if (!job) continue;
      const costUs = job.signatures * costs.verifyUs;
      if (costUs === 0) {
        job.run();
        continue;
      }
      born.working = true;
      scheduler.after(costUs, () => {
        if (!alive(born)) return;
        born.working = false;
        job.run();
        work(born);
      });
    }
  };

  const receive = (from: number, message: SimMessage): void => {
    const born = process;
    if (!born?.life.alive) return;
    switch (message.kind) {
      case 'consensus':
        observer.onReceived?.(index, message.message);
        if (behaviour?.incoming?.(from, message.message) === false) return;
        born.jobs.push(() => jobOf(born, message.message, from));
        work(born);
        return;
      case 'certificates':
        for (const certificate of message.certificates) {
          const one = { selector: CONSENSUS_MESSAGE.certificate, value: certificate };
          observer.onReceived?.(index, one);
          born.jobs.push(() => jobOf(born, one, from));
        }
        work(born);
        return;
      case 'askCertificates': {
        const engine = born.engines.get(message.epoch);
        if (!engine) return;
        const certificates = certificatesBetween(engine.state, { ...message, limit: 64 });
        send(born, from, { kind: 'certificates', certificates });
        return;
      }
      case 'askBody': {
        const header = born.bodies.get(toHex(message.payload));
        if (header) send(born, from, { kind: 'body', header });
        return;
      }
      case 'body': {
        const payload = blockHash(message.header);
        // Only what was asked for.
        if (born.waiting.has(toHex(payload))) syncBody(born, payload, message.header);
      }
    }
  };

  // ── Life ────────────────────────────────────────────────────────────────────────────────────

  /** Opens the engine of an epoch on what its journal holds: nothing, or what was synced. */
  const startEngine = (born: Process, at: Epoch, genesisPayload: Uint8Array): void => {
    let window = emptyWindow({ epoch: at, view: view(0) });
    const records: JournalRecord[] = [];
    const journal = medium.read(journalOf(at));
    for (const [key, bytes] of journal) {
      const record = JournalRecordCodec.decode(openValue(key, bytes));
      if (!record.ok) throw new Error(record.error.detail);
      records.push(record.value);
      if (record.value.selector !== JOURNAL.vote) continue;
      voteKeys.set(record.value.value, key);
      const signed = maySign(window, record.value.value.subject);
      if (!signed.ok) throw new Error(`journal: ${signed.error.detail}`);
      window = signed.value;
    }
    const epochConfig = options.configOf(at);
    const place = epochConfig.validators.findIndex((one) =>
      equalBytes(one.consensusKey, publicKey),
    );
    const self = place < 0 ? undefined : validatorIndex(place);
    const state = recover({ epochConfig, self, genesisPayload }, records);
    const lastKey = journal.at(-1)?.[0];
    const engine: Engine = {
      epoch: at,
      state,
      outbox: [],
      lastNowMs: 0,
      blocked: false,
      window,
      journalLength: lastKey ? Number(new DataView(lastKey.buffer).getBigUint64(0)) + 1 : 0,
      timers: new Map(),
    };
    born.engines.set(at, engine);
    // The newest finalization may be of a block whose ancestors are not here yet; older ones are.
    const finalizations = records
      .filter((record) => record.selector === JOURNAL.certificate)
      .flatMap(({ value: { subject } }) =>
        subject.selector === KIND.finalize ? [subject.value] : [],
      )
      .sort((a, b) => a.view - b.view);
    for (const { payload } of finalizations) {
      born.target = payload;
      completeChain(born);
    }
    feed(born, engine, { kind: 'start' });
  };

  const readBodies = (): Map<string, Header> => {
    const bodies = new Map<string, Header>();
    for (const [key, bytes] of medium.read('blocks')) {
      const header = HeaderCodec.decode(openValue(key, bytes));
      if (header.ok) bodies.set(toHex(key), header.value);
    }
    return bodies;
  };

  const start = (): void => {
    const restarted = process !== undefined;
    try {
      begin(readBodies());
    } catch (error) {
      if (process) process.life.alive = false;
      observer.onRefusal?.(index, error instanceof Error ? error.message : String(error));
      return;
    }
    if (restarted) observer.onRestart?.(index, process?.finalHeight ?? 0);
  };

  const begin = (bodies: Map<string, Header>): void => {
    const born: Process = {
      life: createLife(),
      engines: new Map(),
      bodies,
      waiting: new Map(),
      syncing: new Set(),
      jobs: [],
      working: false,
      finalTip: genesisHash,
      finalHeight: 0,
      target: undefined,
    };
    process = born;
    // An engine that recovers as finished starts its successor.
    startEngine(born, epoch(0), genesisHash);
  };

  return {
    start,
    receive,
    sendRaw(to, message) {
      if (process && alive(process)) carry(to, { kind: 'consensus', message });
    },
    crash() {
      if (process) process.life.alive = false;
      medium.crash();
    },
    kill() {
      if (process) process.life.alive = false;
    },
    isAlive: () => process?.life.alive ?? false,
    finalHeight: () => process?.finalHeight ?? 0,
    views() {
      let sum = 0;
      for (const { state } of process?.engines.values() ?? []) sum += state.view;
      return sum;
    },
    engine: () => {
      const engines = process ? [...process.engines.values()] : [];
      return engines.at(-1)?.state;
    },
  };
}

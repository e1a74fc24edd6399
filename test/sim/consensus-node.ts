/**
 * A small node around the consensus engine: journal, signer window, bodies, a counter for an
 * application, and nothing else. It does what `consensus/effect.ts` asks of a driver, without
 * promises, so that thousands of views run in a second.
 *
 * The application: a block is a header whose `transactionsRoot` stands for a body; the header comes
 * with the proposal, the body may have been lost on the way and is then asked of others. An epoch
 * ends with every `blocksPerEpoch`-th block.
 */
import { admitCertificate, admitVote } from '../../consensus/admission.ts';
import { certificatesBetween } from '../../consensus/answer.ts';
import { verifyCertificate } from '../../consensus/certificate.ts';
import type { BlockRef, Effect } from '../../consensus/effect.ts';
import { REJECTIONS } from '../../consensus/effect.ts';
import type { EngineState } from '../../consensus/engine.ts';
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
import { blockHash, type Header, HeaderCodec } from '../../runtime/block.ts';
import { equalBytes, toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
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
import { SIM_EPOCH_MS } from './clock.ts';
import type { Medium } from './disk.ts';
import { createLife, type Life } from './life.ts';
import type { Links } from './links.ts';
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';
import { simSign, simVerify } from './signature.ts';

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
  readonly onFinalized?: (node: number, at: View) => void;
  /** Something that no honest node does. */
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
};

export type ConsensusNodeOptions = {
  readonly index: number;
  readonly configOf: (at: Epoch) => EpochConfig;
  readonly chainId: Uint8Array;
  readonly genesis: Header;
  readonly blocksPerEpoch: number;
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly prng: Prng;
  readonly medium: Medium;
  readonly costs: NodeCosts;
  readonly observer: Observer;
  readonly deliver: (from: number, to: number, message: SimMessage) => void;
};

export type ConsensusNode = {
  readonly start: () => void;
  readonly crash: () => void;
  readonly isAlive: () => boolean;
  readonly receive: (from: number, message: SimMessage) => void;
  readonly finalHeight: () => number;
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

const ASK_AGAIN_US = 150_000;

type Engine = {
  readonly epoch: Epoch;
  state: EngineState;
  readonly outbox: Effect[];
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
  const genesisHash = blockHash(genesis);
  let process: Process | undefined;

  const alive = (born: Process): boolean => process === born && born.life.alive;
  const keyOf = (at: EngineState): Uint8Array => at.committee.keys[index] ?? ZERO_32;

  /** Heights are never reused, so the place of a block in its epoch follows from its height. */
  const isEpochLast = (header: Header): boolean => header.height % options.blocksPerEpoch === 0;

  const send = (born: Process, to: number, message: SimMessage): void => {
    if (!alive(born) || to === index) return;
    links.carry({ from: index, to, bytes: sizeOf(message) }, () =>
      options.deliver(index, to, message),
    );
  };
  const broadcast = (born: Process, engine: Engine, message: SimMessage): void => {
    for (let to = 0; to < engine.state.committee.weights.length; to++) send(born, to, message);
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
    const value = JournalRecordCodec.encode(write.record);
    const { durability } = write;
    medium.write(
      journalOf(engine.epoch),
      [{ type: 'put', key, value }],
      { durability, life: born.life },
      done,
    );
  };

  const syncBody = (born: Process, payload: Uint8Array, header: Header): void => {
    const key = toHex(payload);
    if (born.bodies.has(key) || born.syncing.has(key)) return;
    born.syncing.add(key);
    const value = HeaderCodec.encode(header);
    const write = { type: 'put' as const, key: payload, value };
    medium.write('blocks', [write], { durability: 'sync', life: born.life }, () => {
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

  /** The same, and asks for the body until it comes: first the peers in `from`, then all, in turn. */
  const fetchBody = (
    born: Process,
    payload: Uint8Array,
    from: readonly number[],
    proceed: () => void,
  ): void => {
    const key = toHex(payload);
    const asked = born.waiting.has(key);
    onceHeld(born, payload, proceed);
    const others = [...from, ...options.configOf(epoch(0)).validators.keys()].filter(
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
      signer: validatorIndex(index),
      signature: simSign(keyOf(engine.state), digestOf(chainId, subject)),
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
    const waitUs = Math.max(0, (dueMs - SIM_EPOCH_MS) * 1_000 - scheduler.nowUs());
    scheduler.after(waitUs, () => {
      if (!alive(born) || engine.state.view !== at) return;
      const header: Header = {
        ...parentHeader,
        height: height(parentHeader.height + 1),
        view: at,
        epoch: engine.epoch,
        parent: parent.payload,
        timestamp: timestampMs(
          Math.max(
            parentHeader.timestamp + 1,
            SIM_EPOCH_MS + Math.floor(scheduler.nowUs() / 1_000),
          ),
        ),
        proposer: validatorIndex(index),
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

  /** The runtime's rules of a block, as far as a counter has any. */
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
    const judge = (): void => {
      const parentHeader = headerOf(born, parent.payload);
      const valid = parentHeader && isValid(header, parentHeader, parent, at);
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
    if (prng.chance(costs.bodyLoss)) fetchBody(born, payload, [header.proposer], proceed);
    else {
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

  const feed = (born: Process, engine: Engine, body: InputBody): void => {
    if (!alive(born)) return;
    observer.onInput?.(index, engine.epoch, body);
    const now = timestampMs(SIM_EPOCH_MS + Math.floor(scheduler.nowUs() / 1_000));
    const { effects } = step(engine.state, { ...body, now });
    engine.outbox.push(...effects);
    carryOut(born, engine);
  };

  const carryOut = (born: Process, engine: Engine): void => {
    if (engine.blocked) return;
    // Effects may feed inputs, whose effects queue behind: the loop below is the only one that runs.
    engine.blocked = true;
    for (;;) {
      const effect = engine.outbox.shift();
      if (!effect || !alive(born)) break;
      if (effect.kind === 'persist' && effect.durability === 'sync') {
        appendJournal(born, engine, effect, () => {
          if (!alive(born)) return;
          engine.blocked = false;
          carryOut(born, engine);
        });
        return;
      }
      perform(born, engine, effect);
    }
    engine.blocked = false;
  };

  const perform = (born: Process, engine: Engine, effect: Effect): void => {
    switch (effect.kind) {
      case 'vote':
        signVote(born, engine, effect.subject);
        return;
      case 'persist':
        appendJournal(born, engine, effect, () => undefined);
        return;
      case 'broadcast':
        watchVote(effect.message);
        broadcast(born, engine, { kind: 'consensus', message: effect.message });
        return;
      case 'send':
        watchVote(effect.message);
        send(born, effect.to, { kind: 'consensus', message: effect.message });
        return;
      case 'armTimer': {
        engine.timers.get(effect.timer)?.();
        const { timer, view: at } = effect;
        const cancel = scheduler.after(effect.delayMs * 1_000, () => {
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
        fetchBody(born, payload, signers, () => {
          const header = born.bodies.get(toHex(payload));
          if (!header) return;
          feed(born, engine, { kind: 'held', view: at, payload, epochLast: isEpochLast(header) });
        });
        return;
      }
      case 'requestCertificates':
        send(born, effect.prefer, {
          kind: 'askCertificates',
          epoch: engine.epoch,
          from: effect.from,
          to: effect.to,
        });
        return;
      case 'finalized':
        observer.onFinalized?.(index, effect.view);
        born.target = effect.payload;
        completeChain(born);
        return;
      case 'epochFinished':
        startEngine(born, epoch(engine.epoch + 1), effect.payload);
        return;
      case 'evidence':
        observer.onAlarm?.(index, `evidence ${effect.evidence.fault}`);
        return;
      case 'foreignVote':
        observer.onAlarm?.(index, `foreign vote in view ${effect.vote.subject.value.view}`);
        return;
      case 'reject':
        if (REJECTIONS[effect.code] === 'penalise') {
          observer.onAlarm?.(index, `reject ${effect.code}: ${effect.detail}`);
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
    const key = engine.state.committee.keys[vote.signer];
    return key !== undefined && simVerify(key, digestOf(chainId, vote.subject), vote.signature);
  };

  type Job = { signatures: number; run: () => void } | undefined;

  const voteJob = (born: Process, engine: Engine, vote: Vote): Job => {
    switch (admitVote(engine.state, vote)) {
      case 'drop':
        return undefined;
      case 'late': {
        const { signer } = vote;
        const at = vote.subject.value.view;
        return {
          signatures: 0,
          run: () => feed(born, engine, { kind: 'heard', signer, view: at }),
        };
      }
      case 'known':
        return { signatures: 0, run: () => feed(born, engine, { kind: 'vote', vote }) };
      case 'check':
        return {
          signatures: 1,
          run: () => {
            if (verifyVote(engine, vote)) feed(born, engine, { kind: 'vote', vote });
          },
        };
    }
  };

  const certificateJob = (born: Process, engine: Engine, certificate: Certificate): Job => {
    if (admitCertificate(engine.state, certificate) !== 'check') return undefined;
    return {
      signatures: certificate.signatures.length,
      run: () => {
        const { committee } = engine.state;
        if (admitCertificate(engine.state, certificate) !== 'check') return;
        if (verifyCertificate(committee, chainId, certificate, simVerify).ok) {
          feed(born, engine, { kind: 'certificate', certificate });
        }
      },
    };
  };

  const proposalJob = (born: Process, engine: Engine, message: ProposalMessage): Job => {
    const unknown = message.certificates.filter(
      (certificate) => admitCertificate(engine.state, certificate) === 'check',
    );
    const signatures = unknown.reduce((sum, one) => sum + one.signatures.length, 1);
    return {
      signatures,
      run: () => {
        const { committee } = engine.state;
        const genuine = unknown.every(
          (certificate) => verifyCertificate(committee, chainId, certificate, simVerify).ok,
        );
        if (genuine && verifyVote(engine, message.vote)) {
          feed(born, engine, { kind: 'proposal', message });
        }
      },
    };
  };

  const jobOf = (born: Process, message: ConsensusMessage): Job => {
    const about =
      message.selector === CONSENSUS_MESSAGE.proposal ? message.value.vote : message.value;
    const engine = born.engines.get(about.subject.value.epoch);
    if (!engine) return undefined;
    switch (message.selector) {
      case CONSENSUS_MESSAGE.vote:
        return voteJob(born, engine, message.value);
      case CONSENSUS_MESSAGE.certificate:
        return certificateJob(born, engine, message.value);
      case CONSENSUS_MESSAGE.proposal:
        return proposalJob(born, engine, message.value);
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
        born.jobs.push(() => jobOf(born, message.message));
        work(born);
        return;
      case 'certificates':
        for (const certificate of message.certificates) {
          born.jobs.push(() =>
            jobOf(born, { selector: CONSENSUS_MESSAGE.certificate, value: certificate }),
          );
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
      const record = JournalRecordCodec.decode(bytes);
      if (!record.ok) throw new Error(record.error.detail);
      records.push(record.value);
      if (record.value.selector !== JOURNAL.vote) continue;
      voteKeys.set(record.value.value, key);
      const signed = maySign(window, record.value.value.subject);
      if (!signed.ok) throw new Error(`journal: ${signed.error.detail}`);
      window = signed.value;
    }
    const self = validatorIndex(index);
    const state = recover({ epochConfig: options.configOf(at), self, genesisPayload }, records);
    const lastKey = journal.at(-1)?.[0];
    const engine: Engine = {
      epoch: at,
      state,
      outbox: [],
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

  const start = (): void => {
    const bodies = new Map<string, Header>();
    for (const [key, bytes] of medium.read('blocks')) {
      const header = HeaderCodec.decode(bytes);
      if (header.ok) bodies.set(toHex(key), header.value);
    }
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
    const restarted = process !== undefined;
    process = born;
    // An engine that recovers as finished starts its successor.
    startEngine(born, epoch(0), genesisHash);
    if (restarted) observer.onRestart?.(index, born.finalHeight);
  };

  return {
    start,
    receive,
    crash() {
      if (!process?.life.alive) return;
      process.life.alive = false;
      medium.crash();
    },
    isAlive: () => process?.life.alive ?? false,
    finalHeight: () => process?.finalHeight ?? 0,
    engine: () => {
      const engines = process ? [...process.engines.values()] : [];
      return engines.at(-1)?.state;
    },
  };
}

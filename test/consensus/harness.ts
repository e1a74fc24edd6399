/**
 * Step tables: a rule, what has happened before, one input, and the effects in words.
 *
 * Validators are named by the view they lead first: with four equal weights the schedule is a
 * permutation, so L1 to L4 lead views 1 to 4, then again 5 to 8. Blocks are named: `b3` is the block
 * of view 3 unless a test says otherwise; `genesis` is view 0.
 */

import { certificateOf } from '../../consensus/certificate.ts';
import { committeeOf, leader } from '../../consensus/committee.ts';
import type { Effect } from '../../consensus/effect.ts';
import { createEngine, type EngineConfig, type EngineState } from '../../consensus/engine.ts';
import type { InputBody, Timer } from '../../consensus/input.ts';
import { JOURNAL } from '../../consensus/journal.ts';
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  KIND,
  type Proposal,
  type Subject,
  type Vote,
  voteDigest,
} from '../../consensus/messages.ts';
import { step } from '../../consensus/step.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { asciiBytes, toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  type Epoch,
  epoch,
  timestampMs,
  type ValidatorIndex,
  view,
} from '../../runtime/core/units.ts';
import type { EpochConfig, Pacing } from '../../runtime/epoch-config.ts';
import { SIM_GENESIS, simEpochConfig } from '../sim/cluster.ts';
import { simSign } from '../sim/signature.ts';

export const PACING: Pacing = {
  minBlockIntervalMs: 40,
  idleBlockMs: 500,
  deltaMs: 100,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 5_000,
};
export const EPOCH: Epoch = epoch(3);
export const CONFIG: EpochConfig = simEpochConfig(EPOCH, [1n, 1n, 1n, 1n], PACING);
const committee = committeeOf(CONFIG);

/** The validator that leads view 1, 2, 3 or 4. */
export const L = (at: number): ValidatorIndex => leader(committee, view(at));
export const ALL: readonly number[] = [1, 2, 3, 4];

const names = new Map<string, string>();

export function headerOf(name: string): Header {
  return { ...SIM_GENESIS, transactionsRoot: sha256(asciiBytes(name)) };
}
export function payloadOf(name: string): Uint8Array {
  const payload = name === 'genesis' ? sha256(asciiBytes('genesis')) : blockHash(headerOf(name));
  names.set(toHex(payload), name);
  return payload;
}
const nameOf = (payload: Uint8Array): string => names.get(toHex(payload)) ?? toHex(payload);

export type About = { readonly block?: string; readonly parent?: number };

export function proposalOf(at: number, about: About = {}): Proposal {
  return {
    epoch: EPOCH,
    view: view(at),
    parentView: view(about.parent ?? at - 1),
    payload: payloadOf(about.block ?? `b${at}`),
  };
}
export const notarizeOf = (at: number, about?: About): Subject => ({
  selector: KIND.notarize,
  value: proposalOf(at, about),
});
export const finalizeOf = (at: number, about?: About): Subject => ({
  selector: KIND.finalize,
  value: proposalOf(at, about),
});
export const nullifyOf = (at: number): Subject => ({
  selector: KIND.nullify,
  value: { epoch: EPOCH, view: view(at) },
});

/** A vote by the leader of view `by`. The core never looks into signatures. */
export function voteOf(subject: Subject, by: number): Vote {
  const signer = L(by);
  const key = committee.keys[signer] ?? ZERO_32;
  return { subject, signer, signature: simSign(key, voteDigest(ZERO_32, subject)) };
}
export const vote = (subject: Subject, by: number): InputBody => ({
  kind: 'vote',
  vote: voteOf(subject, by),
});
export const votes = (subject: Subject, by: readonly number[]): InputBody[] =>
  by.map((one) => vote(subject, one));
export const signed = (subject: Subject, by: number): InputBody => ({
  kind: 'signed',
  vote: voteOf(subject, by),
});
export function certOf(subject: Subject, by: readonly number[] = [1, 2, 3]): Certificate {
  return certificateOf(
    subject,
    by.map((one) => voteOf(subject, one)),
  );
}
export const certificate = (subject: Subject, by?: readonly number[]): InputBody => ({
  kind: 'certificate',
  certificate: certOf(subject, by),
});
export function proposal(
  at: number,
  about: About = {},
  certificates: Certificate[] = [],
): InputBody {
  const name = about.block ?? `b${at}`;
  return {
    kind: 'proposal',
    message: {
      vote: voteOf(notarizeOf(at, about), at),
      block: { header: headerOf(name), wireIds: [] },
      certificates,
    },
  };
}
export const timer = (kind: Timer, at: number): InputBody => ({
  kind: 'timer',
  timer: kind,
  view: view(at),
});
export function valid(at: number, block = `b${at}`, epochLast = false): InputBody {
  const verdict = { kind: 'valid' as const, epochLast };
  return { kind: 'verdict', view: view(at), payload: payloadOf(block), verdict };
}
export function notValid(at: number, kind: 'invalid' | 'notYet'): InputBody {
  const verdict = { kind, reason: 'a test' };
  return { kind: 'verdict', view: view(at), payload: payloadOf(`b${at}`), verdict };
}
export function held(at: number, block = `b${at}`, epochLast = false): InputBody {
  return { kind: 'held', view: view(at), payload: payloadOf(block), epochLast };
}
export function built(at: number, block = `b${at}`, epochLast = false): InputBody {
  const announcement = { header: headerOf(block), wireIds: [] };
  return {
    kind: 'built',
    view: view(at),
    payload: payloadOf(block),
    block: announcement,
    epochLast,
  };
}
/** View `at` runs its course as seen by a voter, up to its notarization. */
export const notarized = (at: number, about: About = {}): InputBody[] => [
  held(at, about.block),
  certificate(notarizeOf(at, about)),
];

// ── In words ──────────────────────────────────────────────────────────────────────────────────

const VOTE_NAMES = ['notarize', 'nullify', 'finalize'] as const;
const CERTIFICATE_NAMES = ['notarization', 'nullification', 'finalization'] as const;
const who = (index: number): string => `L${ALL.find((at) => L(at) === index) ?? `?${index}`}`;

function subjectWords(subject: Subject, kinds: readonly string[]): string {
  const what = `${kinds[subject.selector]} v${subject.value.view}`;
  return subject.selector === KIND.nullify ? what : `${what} ${nameOf(subject.value.payload)}`;
}
export const certificateWords = (one: Certificate): string =>
  subjectWords(one.subject, CERTIFICATE_NAMES);

function messageWords(message: ConsensusMessage): string {
  switch (message.selector) {
    case CONSENSUS_MESSAGE.vote:
      return subjectWords(message.value.subject, VOTE_NAMES);
    case CONSENSUS_MESSAGE.certificate:
      return certificateWords(message.value);
    case CONSENSUS_MESSAGE.proposal: {
      const { vote: notarize, certificates } = message.value;
      const proof = certificates.map(certificateWords).join(', ');
      return `proposal ${subjectWords(notarize.subject, VOTE_NAMES)} with [${proof}]`;
    }
  }
}

/** An effect as a short sentence. */
export function words(effect: Effect): string {
  switch (effect.kind) {
    case 'vote':
      return `vote ${subjectWords(effect.subject, VOTE_NAMES)}`;
    case 'persist': {
      const { record, durability } = effect;
      if (record.selector === JOURNAL.certified) return `persist certified v${record.value.view}`;
      if (record.selector === JOURNAL.vote) return 'persist vote';
      return `persist ${certificateWords(record.value)}${durability === 'sync' ? ' (sync)' : ''}`;
    }
    case 'broadcast':
      return `broadcast ${messageWords(effect.message)}`;
    case 'send':
      return `send ${messageWords(effect.message)} to ${who(effect.to)}`;
    case 'armTimer':
      return `arm ${effect.timer} v${effect.view} ${effect.delayMs}`;
    case 'cancelTimer':
      return `cancel ${effect.timer}`;
    case 'enterView':
      return `enter v${effect.view}`;
    case 'buildBlock': {
      const what = effect.block === 'new' ? 'new' : `again ${nameOf(effect.block.again)}`;
      return `build v${effect.view} ${what} on v${effect.parent.view} ${nameOf(effect.parent.payload)}`;
    }
    case 'verifyBlock':
      return `verify v${effect.view} ${nameOf(effect.proposal.payload)} on v${effect.parent.view}`;
    case 'syncBody':
      return `sync v${effect.view} ${nameOf(effect.payload)}`;
    case 'requestCertificates':
      return `request v${effect.from}..v${effect.to} of ${who(effect.prefer)}`;
    case 'finalized': {
      const chain = effect.chain.map((block) => nameOf(block.payload)).join(' ');
      const archive = effect.archive.map(certificateWords).join(', ');
      return `finalized v${effect.view} [${chain}] ${effect.linked ? 'linked' : 'unlinked'} {${archive}}`;
    }
    case 'epochFinished':
      return `epochFinished ${nameOf(effect.payload)}`;
    case 'evidence':
      return `evidence ${effect.evidence.fault} by ${who(effect.evidence.first.signer)}`;
    case 'foreignVote':
      return `foreign ${subjectWords(effect.vote.subject, VOTE_NAMES)}`;
    case 'reject':
      return `reject ${effect.code}`;
  }
}

// ── Running ───────────────────────────────────────────────────────────────────────────────────

export const START_MS = 1_767_225_600_000;

export function configFor(by: number | undefined, epochConfig: EpochConfig = CONFIG): EngineConfig {
  const self = by === undefined ? undefined : L(by);
  return { epochConfig, self, genesisPayload: payloadOf('genesis') };
}

/** An engine of the leader of view `by`, started. */
export function engineOf(by: number | undefined): EngineState {
  const state = createEngine(configFor(by));
  give(state, { kind: 'start' });
  return state;
}

/** One input at `atMs` after the start; its effects in words. */
export function give(state: EngineState, input: InputBody, atMs = 0): string[] {
  const { effects } = step(state, { ...input, now: timestampMs(START_MS + atMs) });
  return effects.map(words);
}

export type Row = {
  /** The rule under test. */
  readonly rule: string;
  /** Whose engine: the leader of this view. */
  readonly self: number;
  readonly given?: readonly InputBody[];
  readonly input: InputBody;
  readonly atMs?: number;
  /** All effects, in order. */
  readonly effects?: readonly string[];
  /** Effects that must be among them, in this order. */
  readonly some?: readonly string[];
  /** No effect may begin so. */
  readonly none?: readonly string[];
};

/** The effects of a row's input. */
export function runRow(row: Row): string[] {
  const state = engineOf(row.self);
  for (const input of row.given ?? []) give(state, input);
  return give(state, row.input, row.atMs);
}

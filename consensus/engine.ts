/**
 * The data of one epoch's engine, and the questions every rule asks of it.
 *
 * An `EngineState` is owned by its driver and changed in place by `step`, which is the only writer;
 * nobody may look at it while a step runs. Rules record facts here and append to `Context.effects`.
 *
 * Invariants: `view` and `lastFinalized` never go back; `passed` < `view` after each step; a round
 * below lastFinalized − RETENTION_VIEWS does not exist; at most one certificate of each kind in a
 * round.
 */
import type { BlockAnnouncement } from '../runtime/block.ts';
import { toHex } from '../runtime/core/bytes.ts';
import {
  type TimestampMs,
  timestampMs,
  type ValidatorIndex,
  type View,
  view,
  type Weight,
  weight,
} from '../runtime/core/units.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';
import { RETENTION_VIEWS } from './bounds.ts';
import { type Committee, committeeOf } from './committee.ts';
import type { BlockRef, Effect } from './effect.ts';
import type { Certificate, Proposal, Vote } from './messages.ts';

/**
 * What became of a leader's proposal: `waiting` for the certificates or the body of its parent;
 * `verifying` by the driver; then known.
 */
export type SlotStatus = 'waiting' | 'verifying' | 'valid' | 'invalid';

export type Slot = {
  readonly proposal: Proposal;
  /** Kept until it is handed to the driver or sent. */
  block: BlockAnnouncement | undefined;
  readonly receivedAt: TimestampMs;
  status: SlotStatus;
};

/** Weight of the votes for one proposal. */
export type Tally = { readonly proposal: Proposal; weight: Weight };

export type Round = {
  readonly view: View;
  readonly notarizes: Map<ValidatorIndex, Vote>;
  readonly nullifies: Map<ValidatorIndex, Vote>;
  readonly finalizes: Map<ValidatorIndex, Vote>;
  readonly notarizeTallies: Tally[];
  readonly finalizeTallies: Tally[];
  nullifyWeight: Weight;
  notarization: Certificate | undefined;
  nullification: Certificate | undefined;
  finalization: Certificate | undefined;
  /** The notarized body is held: the view may be built on. */
  certified: boolean;
  syncAsked: boolean;
  slot: Slot | undefined;
  /** The leader signed two proposals. */
  equivocated: boolean;
  /** What this node asked its signer for in this view; set before the vote exists. */
  readonly own: {
    notarize: Proposal | undefined;
    nullify: boolean;
    finalize: Proposal | undefined;
  };
  /** Evidence already handed out, as `fault:signer`. */
  readonly reported: Set<string>;
};

/** A block whose header and body are on this disk. */
export type Held = { view: View; readonly epochLast: boolean };

export type EngineConfig = {
  readonly epochConfig: EpochConfig;
  /** This node's place in the config; `undefined` for a node that only follows. */
  readonly self: ValidatorIndex | undefined;
  /** Hash of the last block of the epoch before, or of genesis: view 0, final and held. */
  readonly genesisPayload: Uint8Array;
};

export type EngineState = {
  readonly committee: Committee;
  readonly self: ValidatorIndex | undefined;
  started: boolean;
  /** The epoch's last block is final: only stragglers are answered. */
  finished: boolean;
  view: View;
  enteredAt: TimestampMs;
  /** Highest view that is over: nullified, notarized with its body held, or finalized. */
  passed: View;
  lastFinalized: BlockRef;
  lastFinalization: Certificate | undefined;
  lastFinalizedAt: TimestampMs;
  readonly rounds: Map<View, Round>;
  /** By payload in hex. */
  readonly held: Map<string, Held>;
  /** Highest view a message of each validator was for. */
  readonly lastHeard: View[];
  /** The current view's block was asked for. */
  buildAsked: boolean;
  fetch: {
    armed: boolean;
    /** View in which the last request went out. */
    askedIn: View;
    attempts: number;
    /** Highest view above the next that a verified vote was for; 0 when nothing is known. */
    ahead: View;
  };
  /** Where the next standstill broadcast goes on. */
  standstillCursor: View;
};

/** What one step works with. */
export type Context = {
  readonly state: EngineState;
  readonly now: TimestampMs;
  readonly effects: Effect[];
};

/** A fresh engine in view 1. Its first input is `start`. */
export function createEngine(config: EngineConfig): EngineState {
  const committee = committeeOf(config.epochConfig);
  return {
    committee,
    self: config.self,
    started: false,
    finished: false,
    view: view(1),
    enteredAt: timestampMs(0),
    passed: view(0),
    lastFinalized: { view: view(0), payload: config.genesisPayload },
    lastFinalization: undefined,
    lastFinalizedAt: timestampMs(0),
    rounds: new Map(),
    held: new Map([[toHex(config.genesisPayload), { view: view(0), epochLast: false }]]),
    lastHeard: committee.weights.map(() => view(0)),
    buildAsked: false,
    fetch: { armed: false, askedIn: view(0), attempts: 0, ahead: view(0) },
    standstillCursor: view(0),
  };
}

/** Lowest view whose votes and certificates are kept. */
export function floorView(state: EngineState): View {
  return view(Math.max(1, state.lastFinalized.view - RETENTION_VIEWS));
}

/**
 * Lowest view whose votes are taken. Above `floorView` while nothing becomes final: certificates of
 * such views are still needed and taken, single votes are not.
 */
export function voteFloorView(state: EngineState): View {
  return view(Math.max(floorView(state), state.view - RETENTION_VIEWS));
}

/** Forgets others' votes below the floor of votes, so that a long standstill does not fill memory. */
export function forgetOldVotes(state: EngineState): void {
  const floor = voteFloorView(state);
  for (const round of state.rounds.values()) {
    if (round.view >= floor) continue;
    for (const votes of [round.notarizes, round.nullifies, round.finalizes]) {
      for (const signer of [...votes.keys()]) if (signer !== state.self) votes.delete(signer);
    }
  }
}

/** The round of `at`, made if it is new. The caller has checked the bounds. */
export function roundAt(state: EngineState, at: View): Round {
  const found = state.rounds.get(at);
  if (found) return found;
  const round: Round = {
    view: at,
    notarizes: new Map(),
    nullifies: new Map(),
    finalizes: new Map(),
    notarizeTallies: [],
    finalizeTallies: [],
    nullifyWeight: weight(0n),
    notarization: undefined,
    nullification: undefined,
    finalization: undefined,
    certified: false,
    syncAsked: false,
    slot: undefined,
    equivocated: false,
    own: { notarize: undefined, nullify: false, finalize: undefined },
    reported: new Set(),
  };
  state.rounds.set(at, round);
  return round;
}

/** Rounds in ascending order of view. */
export function sortedRounds(state: EngineState): Round[] {
  return [...state.rounds.values()].sort((a, b) => a.view - b.view);
}

export function heldBlock(state: EngineState, payload: Uint8Array): Held | undefined {
  return state.held.get(toHex(payload));
}

/** The proposal that a certificate other than a nullification is for. */
export function certifiedProposal(round: Round): Proposal | undefined {
  const subject = (round.finalization ?? round.notarization)?.subject;
  return subject && 'payload' in subject.value ? subject.value : undefined;
}

/** The block that a quorum notarized or finalized in `at`, if this node knows. */
export function blockAt(state: EngineState, at: View): BlockRef | undefined {
  if (at === state.lastFinalized.view) return state.lastFinalized;
  const round = state.rounds.get(at);
  const proposal = round && certifiedProposal(round);
  return proposal && { view: at, payload: proposal.payload };
}

/** Whether the block of `at` may be built on: agreed by a quorum, and held here. */
export function isCertified(state: EngineState, at: View): boolean {
  if (at === state.lastFinalized.view)
    return heldBlock(state, state.lastFinalized.payload) !== undefined;
  return state.rounds.get(at)?.certified ?? false;
}

export function isNullified(state: EngineState, at: View): boolean {
  return state.rounds.get(at)?.nullification !== undefined;
}

/**
 * Proposals, votes, and the counters of governance: rows and formats.
 *
 * Times are staking time: what no pause of the chain shortens (`staking/context.ts`).
 */

import type { ValidatorId } from '../../staking/ids.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u16,
  u32,
  u64,
  u128,
  u256,
} from '../core/ssz.ts';
import type { AccountId, Epoch, TimestampMs, UnderlyingId } from '../core/units.ts';
import { MAX_VALIDATORS } from '../limits.ts';
import type { InstrumentState } from '../options/instrument.ts';
import { type PairKeyCodec, pairKey } from '../state/key-codec.ts';
import {
  type Answers,
  AnswersCodec,
  type Ballot,
  BallotCodec,
  type ProposalId,
  type ProposalStatus,
} from './ballot.ts';
import { type ProposalContent, ProposalContentCodec } from './content.ts';
import { type GovernanceParameters, GovernanceParametersCodec } from './governance-parameters.ts';
import {
  MAX_DEPOSITS,
  MAX_KEPT_PROPOSALS,
  MAX_LIVE_PROPOSALS,
  MAX_PRUNING,
  MAX_SUMMARY_BYTES,
  MAX_TITLE_BYTES,
} from './limits.ts';

export type Deposit = { readonly account: AccountId; amount: bigint };

export type Proposal = {
  readonly id: ProposalId;
  readonly proposer: AccountId;
  /** UTF-8. */
  readonly title: Uint8Array;
  readonly summary: Uint8Array;
  readonly content: ProposalContent;
  /** The rules that it is voted on by: those when it was submitted. */
  readonly rules: GovernanceParameters;
  status: ProposalStatus;
  expedited: boolean;
  readonly submittedAt: TimestampMs;
  /** Micro-MIL that bring it to its vote. */
  readonly minDeposit: bigint;
  deposits: Deposit[];
  readonly depositEndsAt: TimestampMs;
  /** The epoch whose stake votes. */
  snapshotEpoch: Epoch;
  votingStartedAt: TimestampMs;
  votingEndsAt: TimestampMs;
  /** Micro-MIL of the snapshot. */
  power: bigint;
  /** Those whose stake votes: the set of that epoch. */
  validators: ValidatorId[];
  /** Numbers given to votes. */
  votes: number;
  /** Micro-MIL, once the vote is over. */
  tally: Answers;
  /** When it is carried out. */
  executesAt: TimestampMs;
  endedAt: TimestampMs;
  /** Number of the refusal when it was carried out; 0: none. */
  failure: number;
};

/** Stake of one validator in a vote: units are shares of its pool when the vote began. */
export type ValidatorTally = {
  /** Micro-MIL that `shares` were worth. */
  readonly tokens: bigint;
  readonly shares: bigint;
  /** Of delegators that vote themselves, and of those that took their stake away. */
  overridden: bigint;
  left: bigint;
  /** Σ of their shares × basis points. */
  cast: Answers;
  /** The operator's, which the rest of the shares follow. */
  ballot: Ballot;
};

/** What one delegator's shares with one validator say. */
export type Vote = {
  readonly account: AccountId;
  readonly validator: ValidatorId;
  shares: bigint;
  ballot: Ballot;
};

/** Votes of a proposal that is over: those from number `next` to below `end` are still there. */
export type Pruning = { readonly proposal: ProposalId; next: number; readonly end: number };

/** Counters: one row. */
export type GovernanceMeta = {
  nextProposal: ProposalId;
  /** Proposals that are not over, ascending. */
  live: ProposalId[];
  /** Those that are over, oldest first. */
  finished: ProposalId[];
  /** Votes still to remove, oldest first. */
  pruning: Pruning[];
  /** The first epoch whose stake votes now; none: no vote runs. */
  oldestSnapshot: Epoch[];
  /** Nothing is due before this. */
  nextDueAt: TimestampMs;
  /** None or one address of 20 bytes. */
  guardian: Uint8Array[];
  /** Its pause may be used. */
  armed: boolean;
};

/** A pause of an underlying by the guardian. */
export type Pause = {
  readonly underlying: UnderlyingId;
  readonly until: TimestampMs;
  /** What was ordered before. */
  readonly before: InstrumentState;
};

export const ProposalCodec: Codec<Proposal> = container<Proposal>('Proposal', {
  id: u32<ProposalId>(),
  proposer: u64<AccountId>(),
  title: byteList(MAX_TITLE_BYTES),
  summary: byteList(MAX_SUMMARY_BYTES),
  content: ProposalContentCodec,
  rules: GovernanceParametersCodec,
  status: u8<ProposalStatus>(),
  expedited: bool(),
  submittedAt: u64<TimestampMs>(),
  minDeposit: u128(),
  deposits: list(
    container<Deposit>('Deposit', { account: u64<AccountId>(), amount: u128() }),
    MAX_DEPOSITS,
  ),
  depositEndsAt: u64<TimestampMs>(),
  snapshotEpoch: u64<Epoch>(),
  votingStartedAt: u64<TimestampMs>(),
  votingEndsAt: u64<TimestampMs>(),
  power: u128(),
  validators: list(u32<ValidatorId>(), MAX_VALIDATORS),
  votes: u64(),
  tally: AnswersCodec,
  executesAt: u64<TimestampMs>(),
  endedAt: u64<TimestampMs>(),
  failure: u16(),
});

export const ValidatorTallyCodec: Codec<ValidatorTally> = container<ValidatorTally>(
  'ValidatorTally',
  {
    tokens: u128(),
    shares: u128(),
    overridden: u128(),
    left: u128(),
    cast: container<Answers>('Cast', { yes: u256(), no: u256(), abstain: u256(), veto: u256() }),
    ballot: BallotCodec,
  },
);

export const VoteCodec: Codec<Vote> = container<Vote>('GovernanceVote', {
  account: u64<AccountId>(),
  validator: u32<ValidatorId>(),
  shares: u128(),
  ballot: BallotCodec,
});

const proposalNumbers = (most: number): Codec<ProposalId[]> => list(u32<ProposalId>(), most);

export const GovernanceMetaCodec: Codec<GovernanceMeta> = container<GovernanceMeta>(
  'GovernanceMeta',
  {
    nextProposal: u32<ProposalId>(),
    live: proposalNumbers(MAX_LIVE_PROPOSALS),
    finished: proposalNumbers(MAX_KEPT_PROPOSALS),
    pruning: list(
      container<Pruning>('Pruning', { proposal: u32<ProposalId>(), next: u64(), end: u64() }),
      MAX_PRUNING,
    ),
    oldestSnapshot: list(u64<Epoch>(), 1),
    nextDueAt: u64<TimestampMs>(),
    guardian: list(bytes(20), 1),
    armed: bool(),
  },
);

export const PauseCodec: Codec<Pause> = container<Pause>('Pause', {
  underlying: u8<UnderlyingId>(),
  until: u64<TimestampMs>(),
  before: u8<InstrumentState>(),
});

/** (proposal, validator). */
export const validatorTallyKey: PairKeyCodec<number> = pairKey({ highBits: 20, lowBits: 20 });
/** (proposal, number of the vote). */
export const voteKey: PairKeyCodec<number> = pairKey({ highBits: 20, lowBits: 33 });

/** Micro-MIL deposited. */
export function depositOf({ deposits }: Proposal): bigint {
  return deposits.reduce((sum, { amount }) => sum + amount, 0n);
}

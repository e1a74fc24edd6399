/** Proposals, votes, parameters and simulations as `format.ts` carries them. Amounts in micro-units. */
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  i128,
  list,
  u8,
  u16,
  u32,
  u64,
  u128,
} from '../../runtime/core/ssz.ts';
import type { Epoch, Height, TimestampMs, UnderlyingId } from '../../runtime/core/units.ts';
import type { ModuleVersion } from '../../runtime/epoch-config.ts';
import { type RefusalRecord, RefusalRecordCodec } from '../../runtime/error.ts';
import { type Answers, AnswersCodec, type ProposalId } from '../../runtime/governance/ballot.ts';
import { type ProposalContent, ProposalContentCodec } from '../../runtime/governance/content.ts';
import {
  type GovernanceParameters,
  GovernanceParametersCodec,
} from '../../runtime/governance/governance-parameters.ts';
import { MAX_CHANGES } from '../../runtime/governance/limits.ts';
import type { PlannedChange } from '../../runtime/governance/plan-parameters.ts';
import {
  type Pause,
  PauseCodec,
  type Proposal,
  ProposalCodec,
  type ValidatorTally,
  ValidatorTallyCodec,
  type Vote,
  VoteCodec,
} from '../../runtime/governance/proposal.ts';
import { MAX_VALIDATORS } from '../../runtime/limits.ts';
import { type UpgradePlan, UpgradePlanCodec } from '../../runtime/upgrade/upgrade.ts';
import type { ValidatorId } from '../../staking/ids.ts';

/** Most proposals, and votes, of one answer. */
export const MAX_PROPOSAL_ROWS = 100;
export const MAX_VOTE_ROWS = 500;
const MAX_UNDERLYINGS = 256;
const MAX_SETS = 32;
const MAX_SET_VALUES = 64;
const MAX_TEXT_BYTES = 256;
const MAX_MODULES = 256;

/** The proposal of a number with its validators, or, of 0, those with numbers below `before`, newest first. */
export type ProposalsQuestion = {
  readonly proposal: ProposalId;
  readonly before: ProposalId;
  readonly limit: number;
};
/** Votes of a proposal from a number on. */
export type VotesQuestion = {
  readonly proposal: ProposalId;
  readonly from: number;
  readonly limit: number;
};
/** What a proposal that is there, or a content that is not yet one, would do now. */
export type SimulationQuestion = {
  readonly proposal: ProposalId;
  /** None or one: it takes the place of a proposal. */
  readonly content: ProposalContent[];
};

export type ValidatorTallyRow = { readonly validator: ValidatorId; readonly tally: ValidatorTally };
/** `tally`: as it stands, or as it ended. */
export type ProposalRow = {
  readonly proposal: Proposal;
  readonly tally: Answers;
  readonly validators: ValidatorTallyRow[];
};
/** Weights of the next epoch's validators. */
export type UpgradeRow = {
  readonly plan: UpgradePlan;
  readonly ready: bigint;
  readonly total: bigint;
};
export type ProposalsAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly epoch: Epoch;
  /** Block time less the time that rows count in. */
  readonly pausedMs: number;
  readonly rules: GovernanceParameters;
  readonly guardian: Uint8Array[];
  readonly armed: boolean;
  readonly pauses: Pause[];
  /** In the governance account, and of the community: what a spend may take. */
  readonly deposits: bigint;
  readonly treasuryUsd: bigint;
  readonly treasuryMil: bigint;
  /** Versions in the config of the next epoch, and those on their way. */
  readonly versions: ModuleVersion[];
  readonly upgrades: UpgradeRow[];
  readonly rows: ProposalRow[];
};
export type VoteRow = {
  readonly number: number;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly vote: Vote;
  readonly power: bigint;
};
/** `next`: number to go on from; 0: there are no more. */
export type VotesAnswer = {
  readonly height: Height;
  readonly total: number;
  readonly next: number;
  readonly rows: VoteRow[];
};
/** Values in the order of their set. */
export type ParameterSetRow = {
  readonly set: number;
  readonly scope: number;
  readonly values: number[];
};
export type ParameterSetsAnswer = {
  readonly height: Height;
  readonly sets: ParameterSetRow[];
  /** Hash of each underlying's parameters of portfolio margin, as a proposal expects them. */
  readonly risks: { readonly underlying: UnderlyingId; readonly hash: Uint8Array }[];
};
export type ReplayRow = {
  readonly accounts: number;
  readonly belowNow: number;
  readonly belowThen: number;
  readonly shortfall: bigint;
};
export type SimulationAnswer = {
  readonly height: Height;
  /** None: no such proposal. */
  readonly content: ProposalContent[];
  /** Why it would not be carried out now, and in words where there are more. */
  readonly refusal: RefusalRecord[];
  readonly problem: Uint8Array;
  readonly canBeExpedited: boolean;
  readonly timelockMs: number;
  readonly changes: PlannedChange[];
  /** Of new parameters of portfolio margin: accounts replayed. */
  readonly replay: ReplayRow[];
  /** Of a spend: what the community holds of it. */
  readonly treasury: bigint;
};

export const ProposalsQuestionCodec: Codec<ProposalsQuestion> = container<ProposalsQuestion>(
  'ProposalsQuestion',
  { proposal: u32<ProposalId>(), before: u32<ProposalId>(), limit: u16() },
);
export const VotesQuestionCodec: Codec<VotesQuestion> = container<VotesQuestion>('VotesQuestion', {
  proposal: u32<ProposalId>(),
  from: u64(),
  limit: u16(),
});
export const SimulationQuestionCodec: Codec<SimulationQuestion> = container<SimulationQuestion>(
  'SimulationQuestion',
  { proposal: u32<ProposalId>(), content: list(ProposalContentCodec, 1) },
);

export const ProposalsAnswerCodec: Codec<ProposalsAnswer> = container<ProposalsAnswer>(
  'ProposalsAnswer',
  {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    epoch: u64<Epoch>(),
    pausedMs: u64(),
    rules: GovernanceParametersCodec,
    guardian: list(bytes(20), 1),
    armed: bool(),
    pauses: list(PauseCodec, MAX_UNDERLYINGS),
    deposits: u128(),
    treasuryUsd: i128(),
    treasuryMil: i128(),
    versions: list(
      container<ModuleVersion>('ModuleVersionRow', { module: u8(), version: u32() }),
      MAX_MODULES,
    ),
    upgrades: list(
      container<UpgradeRow>('UpgradeRow', {
        plan: UpgradePlanCodec,
        ready: u128(),
        total: u128(),
      }),
      MAX_MODULES,
    ),
    rows: list(
      container<ProposalRow>('ProposalRow', {
        proposal: ProposalCodec,
        tally: AnswersCodec,
        validators: list(
          container<ValidatorTallyRow>('ValidatorTallyRow', {
            validator: u32<ValidatorId>(),
            tally: ValidatorTallyCodec,
          }),
          MAX_VALIDATORS,
        ),
      }),
      MAX_PROPOSAL_ROWS,
    ),
  },
);
export const VotesAnswerCodec: Codec<VotesAnswer> = container<VotesAnswer>('VotesAnswer', {
  height: u64<Height>(),
  total: u64(),
  next: u64(),
  rows: list(
    container<VoteRow>('VoteRow', {
      number: u64(),
      address: bytes(20),
      vote: VoteCodec,
      power: u128(),
    }),
    MAX_VOTE_ROWS,
  ),
});
export const ParameterSetsAnswerCodec: Codec<ParameterSetsAnswer> = container<ParameterSetsAnswer>(
  'ParameterSetsAnswer',
  {
    height: u64<Height>(),
    sets: list(
      container<ParameterSetRow>('ParameterSetRow', {
        set: u8(),
        scope: u8(),
        values: list(u64(), MAX_SET_VALUES),
      }),
      MAX_SETS + MAX_UNDERLYINGS,
    ),
    risks: list(
      container<ParameterSetsAnswer['risks'][number]>('RiskHash', {
        underlying: u8<UnderlyingId>(),
        hash: bytes(32),
      }),
      MAX_UNDERLYINGS,
    ),
  },
);
export const SimulationAnswerCodec: Codec<SimulationAnswer> = container<SimulationAnswer>(
  'SimulationAnswer',
  {
    height: u64<Height>(),
    content: list(ProposalContentCodec, 1),
    refusal: list(RefusalRecordCodec, 1),
    problem: byteList(MAX_TEXT_BYTES),
    canBeExpedited: bool(),
    timelockMs: u64(),
    changes: list(
      container<PlannedChange>('PlannedChange', {
        set: u8(),
        scope: u8(),
        parameter: u8(),
        before: u64(),
        after: u64(),
      }),
      MAX_CHANGES,
    ),
    replay: list(
      container<ReplayRow>('ReplayRow', {
        accounts: u32(),
        belowNow: u32(),
        belowThen: u32(),
        shortfall: i128(),
      }),
      1,
    ),
    treasury: i128(),
  },
);

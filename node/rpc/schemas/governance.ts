/**
 * Governance: proposals, votes, parameters, simulations. Browser-safe.
 *
 * Amounts in MIL (`usd`: USD) as decimal strings; rates in bps; times are those of the wall clock: a chain
 * that stands still for more than a minute moves them. `content_ssz` is what the chain stores.
 */
import * as z from 'zod';
import {
  AccountText,
  AnyHex,
  Count,
  HeightSchema,
  Hex32,
  HexBytes,
  Millis,
  Money,
} from './common.ts';
import type { ActionRefused } from './transaction.ts';

/** Largest content, in hex. */
export const MAX_CONTENT_HEX: number = 2 * 16_384;

export const PROPOSAL_STATUSES = [
  'deposit',
  'voting',
  'passed',
  'executed',
  'rejected',
  'vetoed',
  'failed',
  'lapsed',
] as const;
export type ProposalStatusName = (typeof PROPOSAL_STATUSES)[number];

export type GetProposalsParams = {
  status?: ProposalStatusName | undefined;
  /** Those with lower numbers: to page on. */
  before?: number | undefined;
  count?: number | undefined;
};
export const GetProposalsParamsSchema: z.ZodType<GetProposalsParams> = z.strictObject({
  status: z.enum(PROPOSAL_STATUSES).optional(),
  before: z.int().min(1).optional(),
  count: z.int().min(1).max(100).optional(),
});
export type GetProposalParams = { proposal_id: number };
export const GetProposalParamsSchema: z.ZodType<GetProposalParams> = z.strictObject({
  proposal_id: z
    .int()
    .min(1)
    .max(2 ** 20 - 1),
});
export type GetVotesParams = {
  proposal_id: number;
  from?: number | undefined;
  count?: number | undefined;
};
export const GetVotesParamsSchema: z.ZodType<GetVotesParams> = z.strictObject({
  proposal_id: z
    .int()
    .min(1)
    .max(2 ** 20 - 1),
  from: z.int().min(0).optional(),
  count: z.int().min(1).max(500).optional(),
});
/** A proposal that is there, or a content that is not yet one (hex of its SSZ): one of the two. */
export type SimulateProposalParams = {
  proposal_id?: number | undefined;
  content?: string | undefined;
};
export const SimulateProposalParamsSchema: z.ZodType<SimulateProposalParams> = z.strictObject({
  proposal_id: z
    .int()
    .min(1)
    .max(2 ** 20 - 1)
    .optional(),
  content: HexBytes.optional(),
});

/** One parameter that changes; `scope` is the underlying's name where the set has one for each. */
export type ChangeInfo = {
  set: string;
  scope: string | null;
  parameter: string;
  unit: string;
  min: number;
  max: number;
  before: number;
  after: number;
};
const ChangeSchema: z.ZodType<ChangeInfo> = z.strictObject({
  set: z.string(),
  scope: z.string().nullable(),
  parameter: z.string(),
  unit: z.string(),
  min: Count,
  max: Count,
  before: Count,
  after: Count,
});

/** What a proposal would do. Of `parameters`, `before` is the value that it expects to find. */
export type ContentInfo =
  | { kind: 'text'; document: string }
  | { kind: 'parameters'; changes: ChangeInfo[] }
  | { kind: 'list_underlying'; underlying: Record<string, unknown> }
  | {
      kind: 'risk';
      currency: string;
      notice_ms: number;
      phase_ms: number;
      parameters: Record<string, unknown>;
    }
  | { kind: 'spend'; to: string; currency: 'USD' | 'MIL'; amount: string }
  | { kind: 'upgrade'; module: string; version: number; epoch: number; code_hash: string }
  | { kind: 'trading'; scope: 'underlying' | 'instrument'; name: string; state: string }
  | { kind: 'guardian'; guardian: string | null; armed: boolean };
const ContentSchema: z.ZodType<ContentInfo> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), document: AnyHex }),
  z.strictObject({ kind: z.literal('parameters'), changes: z.array(ChangeSchema) }),
  z.strictObject({
    kind: z.literal('list_underlying'),
    underlying: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    kind: z.literal('risk'),
    currency: z.string(),
    notice_ms: Count,
    phase_ms: Count,
    parameters: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    kind: z.literal('spend'),
    to: z.string(),
    currency: z.enum(['USD', 'MIL']),
    amount: Money,
  }),
  z.strictObject({
    kind: z.literal('upgrade'),
    module: z.string(),
    version: Count,
    epoch: Count,
    code_hash: AnyHex,
  }),
  z.strictObject({
    kind: z.literal('trading'),
    scope: z.enum(['underlying', 'instrument']),
    name: z.string(),
    state: z.string(),
  }),
  z.strictObject({
    kind: z.literal('guardian'),
    guardian: z.string().nullable(),
    armed: z.boolean(),
  }),
]);

/** Of the stake that may vote, in MIL. */
export type TallyInfo = { yes: string; no: string; abstain: string; veto: string };
const TallySchema: z.ZodType<TallyInfo> = z.strictObject({
  yes: Money,
  no: Money,
  abstain: Money,
  veto: Money,
});
/** Parts in bps that sum to 10,000. */
export type BallotInfo = { yes: number; no: number; abstain: number; veto: number };
const BallotSchema: z.ZodType<BallotInfo> = z.strictObject({
  yes: Count,
  no: Count,
  abstain: Count,
  veto: Count,
});

/** What a vote is judged by. */
export type VoteRules = {
  min_deposit: string;
  least_deposit: string;
  quorum_bps: number;
  threshold_bps: number;
  veto_bps: number;
  voting_ms: number;
  timelock_ms: number;
};
const VoteRulesSchema: z.ZodType<VoteRules> = z.strictObject({
  min_deposit: Money,
  least_deposit: Money,
  quorum_bps: Count,
  threshold_bps: Count,
  veto_bps: Count,
  voting_ms: Count,
  timelock_ms: Count,
});

/** `outcome`: what it would come to if the vote ended now; null unless it is voted on. */
export type ProposalInfo = {
  proposal_id: number;
  title: string;
  summary: string;
  proposer_id: number;
  kind: ContentInfo['kind'];
  status: ProposalStatusName;
  expedited: boolean;
  rules: VoteRules;
  deposited: string;
  submitted_at: number;
  deposit_ends_at: number;
  voting_started_at: number | null;
  voting_ends_at: number | null;
  executes_at: number | null;
  ended_at: number | null;
  /** The epoch whose stake votes, and all of that stake. */
  snapshot_epoch: number | null;
  power: string;
  tally: TallyInfo;
  turnout: number | null;
  outcome: 'accepted' | 'no_quorum' | 'refused' | 'vetoed' | null;
  failure: { code: string; number: number; message: string } | null;
};
const proposalShape = {
  proposal_id: Count,
  title: z.string(),
  summary: z.string(),
  proposer_id: Count,
  kind: z.enum([
    'text',
    'parameters',
    'list_underlying',
    'risk',
    'spend',
    'upgrade',
    'trading',
    'guardian',
  ]),
  status: z.enum(PROPOSAL_STATUSES),
  expedited: z.boolean(),
  rules: VoteRulesSchema,
  deposited: Money,
  submitted_at: Millis,
  deposit_ends_at: Millis,
  voting_started_at: Millis.nullable(),
  voting_ends_at: Millis.nullable(),
  executes_at: Millis.nullable(),
  ended_at: Millis.nullable(),
  snapshot_epoch: Count.nullable(),
  power: Money,
  tally: TallySchema,
  turnout: z.number().min(0).nullable(),
  outcome: z.enum(['accepted', 'no_quorum', 'refused', 'vetoed']).nullable(),
  failure: z.strictObject({ code: z.string(), number: Count, message: z.string() }).nullable(),
};

export type ProposalsInfo = {
  height: number;
  epoch: number;
  guardian: { address: string; armed: boolean } | null;
  pauses: { currency: string; until: number }[];
  treasury: { usd: string; mil: string };
  deposits: string;
  /** Of the next epoch. */
  versions: { module: string; version: number }[];
  /** `ready`: share of the next epoch's weight whose operators say that they hold it. */
  upgrades: {
    module: string;
    version: number;
    epoch: number;
    code_hash: string;
    slips: number;
    ready: number;
  }[];
  proposals: ProposalInfo[];
};
export const ProposalsSchema: z.ZodType<ProposalsInfo> = z.strictObject({
  height: HeightSchema,
  epoch: Count,
  guardian: z.strictObject({ address: z.string(), armed: z.boolean() }).nullable(),
  pauses: z.array(z.strictObject({ currency: z.string(), until: Millis })),
  treasury: z.strictObject({ usd: Money, mil: Money }),
  deposits: Money,
  versions: z.array(z.strictObject({ module: z.string(), version: Count })),
  upgrades: z.array(
    z.strictObject({
      module: z.string(),
      version: Count,
      epoch: Count,
      code_hash: Hex32,
      slips: Count,
      ready: z.number().min(0).max(1),
    }),
  ),
  proposals: z.array(z.strictObject(proposalShape)),
});

/** Stake of a validator in the vote: `own` speaks for itself, `left` for nobody, the rest by `ballot`. */
export type ValidatorVoteInfo = {
  validator_id: number;
  power: string;
  own: string;
  left: string;
  inherited: string;
  ballot: BallotInfo | null;
};
export type ProposalDetail = ProposalInfo & {
  height: number;
  content: ContentInfo;
  content_ssz: string;
  deposits: { account_id: number; amount: string }[];
  validators: ValidatorVoteInfo[];
};
export const ProposalDetailSchema: z.ZodType<ProposalDetail> = z.strictObject({
  ...proposalShape,
  height: HeightSchema,
  content: ContentSchema,
  content_ssz: AnyHex,
  deposits: z.array(z.strictObject({ account_id: Count, amount: Money })),
  validators: z.array(
    z.strictObject({
      validator_id: Count,
      power: Money,
      own: Money,
      left: Money,
      inherited: Money,
      ballot: BallotSchema.nullable(),
    }),
  ),
});

/** Votes of delegators; `next`: where to go on, null at the end. */
export type VotesInfo = {
  height: number;
  total: number;
  next: number | null;
  votes: {
    number: number;
    account: string;
    validator_id: number;
    power: string;
    ballot: BallotInfo;
  }[];
};
export const VotesSchema: z.ZodType<VotesInfo> = z.strictObject({
  height: HeightSchema,
  total: Count,
  next: Count.nullable(),
  votes: z.array(
    z.strictObject({
      number: Count,
      account: AccountText,
      validator_id: Count,
      power: Money,
      ballot: BallotSchema,
    }),
  ),
});

/**
 * What would change if it were carried out now. `possible`: nothing stands against it; else `refusal`, and
 * `problem` in words where there are more.
 */
export type SimulationInfo = {
  height: number;
  content: ContentInfo;
  possible: boolean;
  refusal: ActionRefused | null;
  problem: string | null;
  can_be_expedited: boolean;
  timelock_ms: number;
  changes: ChangeInfo[];
  replay: {
    accounts: number;
    below_maintenance_now: number;
    below_maintenance_then: number;
    shortfall: string;
  } | null;
  treasury: { before: string; after: string } | null;
};
export const SimulationSchema: z.ZodType<SimulationInfo> = z.strictObject({
  height: HeightSchema,
  content: ContentSchema,
  possible: z.boolean(),
  refusal: z
    .strictObject({
      type: z.literal('refused'),
      code: z.string(),
      number: Count,
      field: z.string(),
      message: z.string(),
      given: z.string(),
      allowed: z.string(),
    })
    .nullable(),
  problem: z.string().nullable(),
  can_be_expedited: z.boolean(),
  timelock_ms: Count,
  changes: z.array(ChangeSchema),
  replay: z
    .strictObject({
      accounts: Count,
      below_maintenance_now: Count,
      below_maintenance_then: Count,
      shortfall: Money,
    })
    .nullable(),
  treasury: z.strictObject({ before: Money, after: Money }).nullable(),
});

/** A set of parameters as votes change it. `fixed`: no vote does. */
export type ParameterSetInfo = {
  set: string;
  /** Name of the underlying; null of a set that stands for the chain. */
  scope: string | null;
  parameters: Record<
    string,
    { value: number; unit: string; min: number; max: number; fixed: boolean }
  >;
};
const ParameterSetSchema: z.ZodType<ParameterSetInfo> = z.strictObject({
  set: z.string(),
  scope: z.string().nullable(),
  parameters: z.record(
    z.string(),
    z.strictObject({
      value: Count,
      unit: z.string(),
      min: Count,
      max: Count,
      fixed: z.boolean(),
    }),
  ),
});

/** `risk`: what a proposal on portfolio margin expects to find: SHA-256 of the parameters last announced. */
export type ParameterSetsInfo = {
  height: number;
  sets: ParameterSetInfo[];
  risk: { currency: string; parameters_hash: string }[];
};
export const ParameterSetsSchema: z.ZodType<ParameterSetsInfo> = z.strictObject({
  height: HeightSchema,
  sets: z.array(ParameterSetSchema),
  risk: z.array(z.strictObject({ currency: z.string(), parameters_hash: Hex32 })),
});

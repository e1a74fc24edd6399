/**
 * Staking: parameters and results. Browser-safe.
 *
 * Amounts in MIL (`usd`: USD) as decimal strings; shares of a pool as integers in text; rates in bps.
 * Times are those of the wall clock: a chain that stands still for more than a minute moves them.
 */
import * as z from 'zod';
import { FAULTS, type Fault } from '../../../consensus/evidence.ts';
import {
  AccountText,
  BigText,
  Count,
  HeightSchema,
  Hex32,
  HexBytes,
  Millis,
  Money,
} from './common.ts';

/** A validator by its number, its operator's address, or its moniker when no other has it. */
export type GetValidatorParams = { validator: number | string };
export const GetValidatorParamsSchema: z.ZodType<GetValidatorParams> = z.strictObject({
  validator: z.union([z.int().min(1), z.string().min(1).max(90)]),
});

export type GetDelegationsParams = { account: string };
export const GetDelegationsParamsSchema: z.ZodType<GetDelegationsParams> = z.strictObject({
  account: AccountText,
});

export type Amounts = { usd: string; mil: string };
const AmountsSchema: z.ZodType<Amounts> = z.strictObject({ usd: Money, mil: Money });

/**
 * `active`: in the set of this epoch; `waiting`: it may be elected; `leaving`: exited and still in the
 * set of this epoch or the next; `exited`, `jailed`, `tombstoned` earn nothing new.
 */
export const VALIDATOR_STATUSES = [
  'active',
  'waiting',
  'leaving',
  'exited',
  'jailed',
  'tombstoned',
] as const;
export type ValidatorStatus = (typeof VALIDATOR_STATUSES)[number];

/**
 * Own slots. Leader and oracle slots run since the last verdict, the window over which absence is
 * judged; `epoch_*` are those of this epoch, which rewards go by. `attended`: 1 less the missed share
 * of the window; null before its first slot.
 */
export type AttendanceInfo = {
  leader_slots: number;
  leader_missed: number;
  oracle_slots: number;
  oracle_missed: number;
  oracle_far: number;
  epoch_slots: number;
  epoch_missed: number;
  attended: number | null;
};

/** A fault within the evidence window: `share` of the stake that weighed is what it costs. */
export type FaultInfo = { epoch: number; stake: string; share: number };

export type StakedValidatorInfo = {
  validator_id: number;
  operator: string;
  moniker: string;
  status: ValidatorStatus;
  consensus_key: string;
  oracle_key: string;
  peer_key: string;
  pending_keys: { role: 'consensus' | 'oracle' | 'peer'; key: string; from_epoch: number }[];
  addresses: string[];
  commission_bps: number;
  max_commission_bps: number;
  /** Most that it rises at a time, once a day. */
  max_commission_step_bps: number;
  pending_commission: { commission_bps: number; at: number } | null;
  /** Active stake; the operator's own with what joins; the others' part. */
  stake: string;
  self_stake: string;
  delegated_stake: string;
  joining: string;
  leaving: string;
  /** Shares of the pool: a delegation is worth stake × its shares ÷ these. */
  shares: string;
  /** Whole MIL, capped, in this epoch and the next; share of all in this one. */
  weight: string;
  next_weight: string;
  voting_power: number;
  attendance: AttendanceInfo;
  /** MIL burned by slashing of the stake that is in the pool now, and its faults. */
  slashed: string;
  faults: FaultInfo[];
  jailed_until: number | null;
  /** Commission that the operator has not claimed. */
  unclaimed_commission: Amounts;
  /** A year's MIL for a delegator as a share of its stake, without compounding; null: not in the set. */
  expected_yield: number | null;
  /** A year's USD for a delegator per MIL, at the pace of this epoch's fees; null as above or too early. */
  expected_fees: number | null;
};

const Share = z.number().min(0);

export const StakedValidatorSchema: z.ZodType<StakedValidatorInfo> = z.strictObject({
  validator_id: Count,
  operator: z.string(),
  moniker: z.string(),
  status: z.enum(VALIDATOR_STATUSES),
  consensus_key: Hex32,
  oracle_key: Hex32,
  peer_key: Hex32,
  pending_keys: z.array(
    z.strictObject({
      role: z.enum(['consensus', 'oracle', 'peer']),
      key: Hex32,
      from_epoch: Count,
    }),
  ),
  addresses: z.array(z.string()),
  commission_bps: Count,
  max_commission_bps: Count,
  max_commission_step_bps: Count,
  pending_commission: z.strictObject({ commission_bps: Count, at: Millis }).nullable(),
  stake: Money,
  self_stake: Money,
  delegated_stake: Money,
  joining: Money,
  leaving: Money,
  shares: BigText,
  weight: BigText,
  next_weight: BigText,
  voting_power: Share,
  attendance: z.strictObject({
    leader_slots: Count,
    leader_missed: Count,
    oracle_slots: Count,
    oracle_missed: Count,
    oracle_far: Count,
    epoch_slots: Count,
    epoch_missed: Count,
    attended: Share.nullable(),
  }),
  slashed: Money,
  faults: z.array(z.strictObject({ epoch: Count, stake: Money, share: Share })),
  jailed_until: Millis.nullable(),
  unclaimed_commission: AmountsSchema,
  expected_yield: Share.nullable(),
  expected_fees: Share.nullable(),
});

/** Stake on its way in: `redelegated` from `source`, `reentered` after an unbonding was cancelled. */
export type JoinInfo = {
  kind: 'fresh' | 'reentered' | 'redelegated';
  amount: string;
  from_epoch: number;
  source: number | null;
};
/**
 * Stake on its way out. `leaving`: still weighs, and earns, through `last_epoch`; `unbonding`; `matured`:
 * withdrawable. It matures at `matures_at` and in `matures_in_epoch`, whichever is later; both are
 * expectations while it is `leaving`.
 */
export type UnbondingInfo = {
  last_epoch: number;
  stage: 'leaving' | 'unbonding' | 'matured';
  shares: string;
  amount: string;
  matures_at: number;
  matures_in_epoch: number;
};
/** Shares that answer for faults of `source` through `last_epoch`. */
export type LienInfo = { source: number; last_epoch: number; shares: string };

export type DelegationInfo = {
  validator_id: number;
  shares: string;
  /** What the shares are worth now. */
  value: string;
  rewards: Amounts;
  compounding: boolean;
  joins: JoinInfo[];
  unbondings: UnbondingInfo[];
  liens: LienInfo[];
};
export type DelegationsInfo = {
  height: number;
  epoch: number;
  account: string;
  /** MIL of sub-account 0: what can be delegated. */
  available: string;
  /** Where stake and rewards are paid. */
  withdraw_address: string;
  /** Stake that a validator did not take: a poke of its delegation pays it out. */
  returned: string;
  /** Of all delegations. */
  staked: string;
  rewards: Amounts;
  /** The validator that the account operates, and its commission, which a claim on it pays too. */
  operates: number | null;
  commission: Amounts;
  delegations: DelegationInfo[];
};
export const DelegationsSchema: z.ZodType<DelegationsInfo> = z.strictObject({
  height: HeightSchema,
  epoch: Count,
  account: z.string(),
  available: Money,
  withdraw_address: z.string(),
  returned: Money,
  staked: Money,
  rewards: AmountsSchema,
  operates: Count.nullable(),
  commission: AmountsSchema,
  delegations: z.array(
    z.strictObject({
      validator_id: Count,
      shares: BigText,
      value: Money,
      rewards: AmountsSchema,
      compounding: z.boolean(),
      joins: z.array(
        z.strictObject({
          kind: z.enum(['fresh', 'reentered', 'redelegated']),
          amount: Money,
          from_epoch: Count,
          source: Count.nullable(),
        }),
      ),
      unbondings: z.array(
        z.strictObject({
          last_epoch: Count,
          stage: z.enum(['leaving', 'unbonding', 'matured']),
          shares: BigText,
          amount: Money,
          matures_at: Millis,
          matures_in_epoch: Count,
        }),
      ),
      liens: z.array(z.strictObject({ source: Count, last_epoch: Count, shares: BigText })),
    }),
  ),
});

/** Each parameter with its unit and range, and what is fixed in the release. */
export type StakingParametersInfo = {
  height: number;
  parameters: Record<string, { value: number; unit: string; min: number; max: number }>;
  limits: {
    min_delegation: string;
    max_unbondings: number;
    max_liens: number;
    min_validators: number;
    max_moniker_bytes: number;
  };
};
export const StakingParametersSchema: z.ZodType<StakingParametersInfo> = z.strictObject({
  height: HeightSchema,
  parameters: z.record(
    z.string(),
    z.strictObject({ value: Count, unit: z.string(), min: Count, max: Count }),
  ),
  limits: z.strictObject({
    min_delegation: Money,
    max_unbondings: Count,
    max_liens: Count,
    min_validators: Count,
    max_moniker_bytes: Count,
  }),
});

/** `undistributed`: what is shared out when the epoch ends; `owed`: given to pools, not yet claimed. */
export type StakingPoolsInfo = {
  height: number;
  epoch: number;
  epoch_started_at: number;
  epoch_ends_at: number;
  bonded: string;
  unbonding: string;
  owed: Amounts;
  undistributed: Amounts;
  supply: string;
  /** Bonded ÷ supply. */
  bonded_share: number;
  /** MIL that a year would mint at today's rate, and that as a share of the supply. */
  annual_issuance: string;
  issuance_rate: number;
  /** Least self-bond in force, MIL. */
  min_self_bond: string;
  validators: number;
  active_validators: number;
  /** Time that no clock of staking counts, ms. */
  paused_ms: number;
};
export const StakingPoolsSchema: z.ZodType<StakingPoolsInfo> = z.strictObject({
  height: HeightSchema,
  epoch: Count,
  epoch_started_at: Millis,
  epoch_ends_at: Millis,
  bonded: Money,
  unbonding: Money,
  owed: AmountsSchema,
  undistributed: AmountsSchema,
  supply: Money,
  bonded_share: Share,
  annual_issuance: Money,
  issuance_rate: Share,
  min_self_bond: Money,
  validators: Count,
  active_validators: Count,
  paused_ms: Count,
});

/**
 * Two votes of one key that cannot both be honest, as `submitEvidence` takes them: hex of their SSZ.
 * `signer`: place among the validators of the epoch.
 */
export type EvidenceInfo = {
  fault: Fault;
  epoch: number;
  view: number;
  signer: number;
  public_key: string;
  first: string;
  second: string;
};
export const EvidenceInfoSchema: z.ZodType<EvidenceInfo> = z.strictObject({
  fault: z.enum(FAULTS),
  epoch: Count,
  view: Count,
  signer: Count,
  public_key: Hex32,
  first: HexBytes,
  second: HexBytes,
});

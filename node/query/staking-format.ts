/** Validators and delegations as `format.ts` carries them. Amounts in micro-units. */
import {
  bool,
  bytes,
  type Codec,
  container,
  i128,
  list,
  u8,
  u32,
  u64,
  u64big,
  u128,
} from '../../runtime/core/ssz.ts';
import type { Epoch, Height, TimestampMs, Weight } from '../../runtime/core/units.ts';
import { MAX_VALIDATORS } from '../../runtime/limits.ts';
import type { JoinKind } from '../../staking/delegation.ts';
import { type Faults, FaultsCodec } from '../../staking/epoch-stake.ts';
import type { ValidatorId } from '../../staking/ids.ts';
import { MAX_JOINS, MAX_LIENS, MAX_STORED_UNBONDINGS } from '../../staking/limits.ts';
import { type StakingParameters, StakingParametersCodec } from '../../staking/parameters.ts';
import type { Stage } from '../../staking/pools.ts';
import { AmountsCodec, type PerDenomination } from '../../staking/rewards.ts';
import {
  type Attendance,
  AttendanceCodec,
  type Validator,
  ValidatorCodec,
} from '../../staking/validator.ts';

/** Most validators, or delegations of an account, of one answer. */
export const MAX_STAKING_ROWS: number = 10 * MAX_VALIDATORS;

/** The validators that may be of interest: all when `validator` is 0, else that one. */
export type ValidatorsQuestion = { readonly validator: ValidatorId };
/** What an account has delegated, and where its stake and rewards go. 20 bytes. */
export type DelegationsQuestion = { readonly address: Uint8Array };

export type ValidatorRow = {
  readonly validator: Validator;
  /** Active stake; what joins it and what leaves it at the ends of this epoch and the next. */
  readonly tokens: bigint;
  readonly shares: bigint;
  readonly burned: bigint;
  readonly joining: bigint;
  readonly leaving: bigint;
  /** The operator's own, joins included. */
  readonly selfStake: bigint;
  /** Whole MIL, capped, in this epoch and the next; 0: not in the set. */
  readonly weight: Weight;
  readonly nextWeight: Weight;
  /** Its part of `effort` of the answer: weight × attendance. */
  readonly effort: bigint;
  readonly attendance: Attendance;
  readonly faults: Faults;
};
export type ValidatorsAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly epoch: Epoch;
  /** In wall time: the last block's end of the epoch before, and when this one is over. */
  readonly epochStartedAt: TimestampMs;
  readonly epochEndsAt: TimestampMs;
  /** Block time less staking time. */
  readonly pausedMs: number;
  readonly parameters: StakingParameters;
  /** Whole MIL: the least self-bond in force now. */
  readonly minSelfBondMil: number;
  readonly totalWeight: bigint;
  readonly effort: bigint;
  readonly annualIssuance: bigint;
  readonly bonded: bigint;
  readonly unbonding: bigint;
  /** What the rewards account holds, and what of it is owed already. */
  readonly rewards: PerDenomination;
  readonly owed: PerDenomination;
  readonly supply: bigint;
  /** Validators there are in all; at most `MAX_STAKING_ROWS` are listed, those of lowest number. */
  readonly total: number;
  readonly rows: ValidatorRow[];
};

/** `amount`: what it is worth now. `source`: 0 of fresh stake. */
export type JoinRow = {
  readonly kind: JoinKind;
  readonly fromEpoch: Epoch;
  readonly source: ValidatorId;
  readonly amount: bigint;
};
/** Times are estimates while it is pending: the epoch's end with the unbonding time of now. */
export type UnbondingRow = {
  readonly lastEpoch: Epoch;
  readonly stage: Stage;
  readonly shares: bigint;
  readonly amount: bigint;
  readonly maturesAt: TimestampMs;
  readonly maturesInEpoch: Epoch;
};
export type LienRow = {
  readonly source: ValidatorId;
  readonly lastEpoch: Epoch;
  readonly shares: bigint;
};
export type DelegationRow = {
  readonly validator: ValidatorId;
  readonly shares: bigint;
  readonly value: bigint;
  readonly compounds: boolean;
  readonly accrued: PerDenomination;
  readonly joins: JoinRow[];
  readonly unbondings: UnbondingRow[];
  readonly liens: LienRow[];
};
export type DelegationsAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly epoch: Epoch;
  /** MIL of sub-account 0: what can be delegated. */
  readonly balance: bigint;
  /** Empty: its own. */
  readonly withdrawAddress: Uint8Array[];
  /** Stake that its destination did not take: a poke pays it out. */
  readonly returned: bigint;
  /** The validator that the account operates (0: none), and the commission it can claim. */
  readonly operates: ValidatorId;
  readonly commission: PerDenomination;
  readonly rows: DelegationRow[];
};

export const ValidatorsQuestionCodec: Codec<ValidatorsQuestion> = container<ValidatorsQuestion>(
  'ValidatorsQuestion',
  { validator: u32<ValidatorId>() },
);
export const DelegationsQuestionCodec: Codec<DelegationsQuestion> = container<DelegationsQuestion>(
  'DelegationsQuestion',
  { address: bytes(20) },
);

export const ValidatorsAnswerCodec: Codec<ValidatorsAnswer> = container<ValidatorsAnswer>(
  'StakingValidatorsAnswer',
  {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    epoch: u64<Epoch>(),
    epochStartedAt: u64<TimestampMs>(),
    epochEndsAt: u64<TimestampMs>(),
    pausedMs: u64(),
    parameters: StakingParametersCodec,
    minSelfBondMil: u32(),
    totalWeight: u128(),
    effort: u128(),
    annualIssuance: u128(),
    bonded: u128(),
    unbonding: u128(),
    rewards: AmountsCodec,
    owed: AmountsCodec,
    supply: u128(),
    total: u32(),
    rows: list(
      container<ValidatorRow>('StakingValidatorRow', {
        validator: ValidatorCodec,
        tokens: u128(),
        shares: u128(),
        burned: u128(),
        joining: u128(),
        leaving: u128(),
        selfStake: u128(),
        weight: u64big<Weight>(),
        nextWeight: u64big<Weight>(),
        effort: u128(),
        attendance: AttendanceCodec,
        faults: FaultsCodec,
      }),
      MAX_STAKING_ROWS,
    ),
  },
);

export const DelegationsAnswerCodec: Codec<DelegationsAnswer> = container<DelegationsAnswer>(
  'DelegationsAnswer',
  {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    epoch: u64<Epoch>(),
    balance: i128(),
    withdrawAddress: list(bytes(20), 1),
    returned: u128(),
    operates: u32<ValidatorId>(),
    commission: AmountsCodec,
    rows: list(
      container<DelegationRow>('DelegationRow', {
        validator: u32<ValidatorId>(),
        shares: u128(),
        value: u128(),
        compounds: bool(),
        accrued: AmountsCodec,
        joins: list(
          container<JoinRow>('JoinRow', {
            kind: u8<JoinKind>(),
            fromEpoch: u64<Epoch>(),
            source: u32<ValidatorId>(),
            amount: u128(),
          }),
          MAX_JOINS,
        ),
        unbondings: list(
          container<UnbondingRow>('UnbondingRow', {
            lastEpoch: u64<Epoch>(),
            stage: u8<Stage>(),
            shares: u128(),
            amount: u128(),
            maturesAt: u64<TimestampMs>(),
            maturesInEpoch: u64<Epoch>(),
          }),
          MAX_STORED_UNBONDINGS,
        ),
        liens: list(
          container<LienRow>('LienRow', {
            source: u32<ValidatorId>(),
            lastEpoch: u64<Epoch>(),
            shares: u128(),
          }),
          MAX_LIENS,
        ),
      }),
      MAX_STAKING_ROWS,
    ),
  },
);

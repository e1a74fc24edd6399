/**
 * The staking tables, ids 40 to 59 of the state, and the state that staking works on.
 *
 * Ids are state format, append-only. `schedule` is a memo of the current epoch's leaders, made again
 * when it is missing.
 */
import type { LeaderSchedule } from '../consensus/leader-schedule.ts';
import { type Codec, container, u32, u64, u128 } from '../runtime/core/ssz.ts';
import type { AccountId, Epoch, TimestampMs, View } from '../runtime/core/units.ts';
import { hexKey, SINGLETON_KEY, u32Key, u64Key } from '../runtime/state/key-codec.ts';
import type { State } from '../runtime/state/state.ts';
import { type AnyTableStore, type TableStore, table, tableStore } from '../runtime/state/table.ts';
import { type Delegation, DelegationCodec } from './delegation.ts';
import { type EpochStake, EpochStakeCodec, type Faults, FaultsCodec } from './epoch-stake.ts';
import { delegationKey, type ValidatorId, validatorEpochKey } from './ids.ts';
import { type StakingParameters, StakingParametersCodec } from './parameters.ts';
import {
  type ExitPool,
  ExitPoolCodec,
  type JoinPool,
  JoinPoolCodec,
  type Pool,
  PoolCodec,
} from './pools.ts';
import { AmountsCodec, type PerDenomination } from './rewards.ts';
import {
  type Attendance,
  AttendanceCodec,
  type KeyUse,
  KeyUseCodec,
  type Validator,
  ValidatorCodec,
} from './validator.ts';

/** Counters of staking: one row. */
export type StakingMeta = {
  nextValidator: ValidatorId;
  readonly genesisTime: TimestampMs;
  /** Time that no clock of staking counts: gaps between blocks beyond 60 s. */
  pausedMs: number;
  /** Rewards given to pools and operators and not yet paid. */
  readonly outstanding: PerDenomination;
  /** Micro-MIL that a whole year would mint at today's rate. */
  annualIssuance: bigint;
  /** Earlier epochs are beyond evidence and unbonding: their records and liens are gone. */
  firstLiveEpoch: Epoch;
  /** Place of the last block, for the views that were skipped. */
  lastEpoch: Epoch;
  lastView: View;
  /** When attendance of oracle votes is looked at next. */
  nextOracleSampleAt: TimestampMs;
  /** The least self-bond before it was raised, in whole MIL, and until when it holds. */
  oldMinSelfBondMil: number;
  oldMinSelfBondUntil: TimestampMs;
};

export const StakingMetaCodec: Codec<StakingMeta> = container<StakingMeta>('StakingMeta', {
  nextValidator: u32<ValidatorId>(),
  genesisTime: u64<TimestampMs>(),
  pausedMs: u64(),
  outstanding: AmountsCodec,
  annualIssuance: u128(),
  firstLiveEpoch: u64<Epoch>(),
  lastEpoch: u64<Epoch>(),
  lastView: u64<View>(),
  nextOracleSampleAt: u64<TimestampMs>(),
  oldMinSelfBondMil: u32(),
  oldMinSelfBondUntil: u64<TimestampMs>(),
});

/** An account, as a row: the operator's validator, or where rewards go. */
export type ValidatorRef = { readonly validator: ValidatorId };
export type AccountRef = { readonly account: AccountId };

export type StakingTables = {
  readonly stakingMeta: TableStore<number, StakingMeta>;
  readonly stakingParameters: TableStore<number, StakingParameters>;
  readonly validators: TableStore<ValidatorId, Validator>;
  /** Validator of an operator's account. */
  readonly operators: TableStore<AccountId, ValidatorRef>;
  /** Every key that any validator ever had, by its hex. */
  readonly validatorKeys: TableStore<string, KeyUse>;
  readonly pools: TableStore<ValidatorId, Pool>;
  /** By `delegationKey`. */
  readonly delegations: TableStore<number, Delegation>;
  /** By `validatorEpochKey` of the epoch joined. */
  readonly joinPools: TableStore<number, JoinPool>;
  /** By `validatorEpochKey` of the last epoch. */
  readonly exitPools: TableStore<number, ExitPool>;
  readonly epochStakes: TableStore<Epoch, EpochStake>;
  readonly faults: TableStore<ValidatorId, Faults>;
  readonly attendance: TableStore<ValidatorId, Attendance>;
  /** Where an account's rewards and unbonded stake go, if not to itself. */
  readonly withdrawTo: TableStore<AccountId, AccountRef>;
};

export type Staking = StakingTables & {
  readonly stores: readonly AnyTableStore[];
  readonly memo: { schedule: { epoch: Epoch; leaders: LeaderSchedule } | undefined };
};

/** The chain's state with staking in it. */
export type StakingState = State;

const AccountRefCodec: Codec<AccountRef> = container<AccountRef>('AccountRef', {
  account: u64<AccountId>(),
});
const ValidatorRefCodec: Codec<ValidatorRef> = container<ValidatorRef>('ValidatorRef', {
  validator: u32<ValidatorId>(),
});

/** Empty tables. */
export function emptyStaking(): Staking {
  const validatorKey = u32Key<ValidatorId>();
  const tables: StakingTables = {
    stakingMeta: tableStore(
      table({ id: 40, name: 'stakingMeta', key: u32Key(), value: StakingMetaCodec }),
    ),
    stakingParameters: tableStore(
      table({ id: 41, name: 'stakingParameters', key: u32Key(), value: StakingParametersCodec }),
    ),
    validators: tableStore(
      table({ id: 42, name: 'validators', key: validatorKey, value: ValidatorCodec }),
    ),
    operators: tableStore(
      table({ id: 43, name: 'operators', key: u64Key<AccountId>(), value: ValidatorRefCodec }),
    ),
    validatorKeys: tableStore(
      table({ id: 44, name: 'validatorKeys', key: hexKey(32), value: KeyUseCodec }),
    ),
    pools: tableStore(table({ id: 45, name: 'pools', key: validatorKey, value: PoolCodec })),
    delegations: tableStore(
      table({ id: 46, name: 'delegations', key: delegationKey, value: DelegationCodec }),
    ),
    joinPools: tableStore(
      table({ id: 47, name: 'joinPools', key: validatorEpochKey, value: JoinPoolCodec }),
    ),
    exitPools: tableStore(
      table({ id: 48, name: 'exitPools', key: validatorEpochKey, value: ExitPoolCodec }),
    ),
    epochStakes: tableStore(
      table({ id: 49, name: 'epochStakes', key: u64Key<Epoch>(), value: EpochStakeCodec }),
    ),
    faults: tableStore(table({ id: 50, name: 'faults', key: validatorKey, value: FaultsCodec })),
    attendance: tableStore(
      table({ id: 51, name: 'attendance', key: validatorKey, value: AttendanceCodec }),
    ),
    withdrawTo: tableStore(
      table({ id: 52, name: 'withdrawTo', key: u64Key<AccountId>(), value: AccountRefCodec }),
    ),
  };
  return {
    ...tables,
    stores: Object.values(tables).sort((a, b) => a.id - b.id),
    memo: { schedule: undefined },
  };
}

/** The one row of `stakingMeta`, to be read only. */
export function stakingMetaOf({ staking }: StakingState): StakingMeta {
  return staking.stakingMeta.must(SINGLETON_KEY);
}

/** As `stakingMetaOf`, marked as changed. */
export function changedMeta({ staking }: StakingState): StakingMeta {
  staking.stakingMeta.touch(SINGLETON_KEY);
  return staking.stakingMeta.must(SINGLETON_KEY);
}

export function stakingParametersOf({ staking }: StakingState): StakingParameters {
  return staking.stakingParameters.must(SINGLETON_KEY);
}

/** What weighed in an epoch: kept while evidence of it, or unbonding stake, can still be called on. */
import {
  bytes,
  type Codec,
  container,
  list,
  u16,
  u32,
  u64,
  u64big,
  u128,
} from '../runtime/core/ssz.ts';
import type { Epoch, TimestampMs, Weight } from '../runtime/core/units.ts';
import { MAX_VALIDATORS } from '../runtime/limits.ts';
import type { ValidatorId } from './ids.ts';
import { MAX_FAULTS } from './limits.ts';

export type StakeEntry = {
  readonly validator: ValidatorId;
  /** Key of its votes in this epoch. */
  readonly consensusKey: Uint8Array;
  /** Micro-MIL, uncapped: what slashing goes by. */
  readonly stake: bigint;
  /** Whole MIL, capped: what voting and rewards go by. */
  readonly weight: Weight;
  readonly commissionBps: number;
};

export type EpochStake = {
  /** Staking time of its last block; 0 until then. */
  endedAt: TimestampMs;
  /** In the order of the config's validators. */
  readonly entries: StakeEntry[];
};

export const EpochStakeCodec: Codec<EpochStake> = container<EpochStake>('EpochStake', {
  endedAt: u64<TimestampMs>(),
  entries: list(
    container<StakeEntry>('StakeEntry', {
      validator: u32<ValidatorId>(),
      consensusKey: bytes(32),
      stake: u128(),
      weight: u64big<Weight>(),
      commissionBps: u16(),
    }),
    MAX_VALIDATORS,
    1,
  ),
});

/** A fault of a validator in an epoch, and the share of its tokens that it costs. */
export type FaultEntry = {
  readonly epoch: Epoch;
  /** Share of the epoch's weight, in units of `PHI_ONE`, rounded up. */
  readonly weightShare: bigint;
  /** Stake that weighed, in micro-MIL. */
  readonly stake: bigint;
  phi: bigint;
};
/** The faults of one validator, ascending by epoch. */
export type Faults = { readonly entries: FaultEntry[] };

export const FaultsCodec: Codec<Faults> = container<Faults>('Faults', {
  entries: list(
    container<FaultEntry>('FaultEntry', {
      epoch: u64<Epoch>(),
      weightShare: u64big(),
      stake: u128(),
      phi: u64big(),
    }),
    MAX_FAULTS,
  ),
});

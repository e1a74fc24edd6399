/** Validators: who operates them, with which keys, at what price, and whether they may serve. */
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
} from '../runtime/core/ssz.ts';
import type { AccountId, Epoch, TimestampMs } from '../runtime/core/units.ts';
import { MAX_ADDRESS_BYTES, MAX_VALIDATOR_ADDRESSES } from '../runtime/limits.ts';
import type { ValidatorId } from './ids.ts';
import { MAX_MONIKER_BYTES, MAX_PENDING_KEYS } from './limits.ts';
import { AmountsCodec, type PerDenomination } from './rewards.ts';

/** What a validator's key signs; numbers are wire format. */
export const KEY_ROLE = { consensus: 0, oracle: 1, peer: 2 } as const;
export type KeyRole = (typeof KEY_ROLE)[keyof typeof KEY_ROLE];

/** A key that takes the place of its role's from the config of `fromEpoch` on. */
export type PendingKey = {
  readonly role: KeyRole;
  readonly key: Uint8Array;
  readonly fromEpoch: Epoch;
};

/** A rate that comes into force in the first config fixed at or after `at`. */
export type PendingCommission = { readonly bps: number; readonly at: TimestampMs };

export type Validator = {
  readonly id: ValidatorId;
  readonly operator: AccountId;
  /** 20 bytes. */
  readonly operatorAddress: Uint8Array;
  /** ASCII, for people. */
  moniker: Uint8Array;
  addresses: Uint8Array[];
  consensusKey: Uint8Array;
  oracleKey: Uint8Array;
  peerKey: Uint8Array;
  pendingKeys: PendingKey[];
  /** Staking time of the last rotation of the consensus key; 0: never. */
  rotatedAt: TimestampMs;
  commissionBps: number;
  readonly maxCommissionBps: number;
  readonly maxCommissionStepBps: number;
  commissionChangedAt: TimestampMs;
  /** None or one. */
  pendingCommission: PendingCommission[];
  jailed: boolean;
  jailedInEpoch: Epoch;
  /** Staking time from which it may unjail. */
  jailedUntil: TimestampMs;
  tombstoned: boolean;
  exited: boolean;
  /** Commission earned and not yet claimed. */
  readonly commission: PerDenomination;
};

export const ValidatorCodec: Codec<Validator> = container<Validator>('Validator', {
  id: u32<ValidatorId>(),
  operator: u64<AccountId>(),
  operatorAddress: bytes(20),
  moniker: byteList(MAX_MONIKER_BYTES),
  addresses: list(byteList(MAX_ADDRESS_BYTES), MAX_VALIDATOR_ADDRESSES),
  consensusKey: bytes(32),
  oracleKey: bytes(32),
  peerKey: bytes(32),
  pendingKeys: list(
    container<PendingKey>('PendingKey', {
      role: u8<KeyRole>(),
      key: bytes(32),
      fromEpoch: u64<Epoch>(),
    }),
    MAX_PENDING_KEYS,
  ),
  rotatedAt: u64<TimestampMs>(),
  commissionBps: u16(),
  maxCommissionBps: u16(),
  maxCommissionStepBps: u16(),
  commissionChangedAt: u64<TimestampMs>(),
  pendingCommission: list(
    container<PendingCommission>('PendingCommission', { bps: u16(), at: u64<TimestampMs>() }),
    1,
  ),
  jailed: bool(),
  jailedInEpoch: u64<Epoch>(),
  jailedUntil: u64<TimestampMs>(),
  tombstoned: bool(),
  exited: bool(),
  commission: AmountsCodec,
});

/** A key that was ever registered, and by whom: it can never be again. */
export type KeyUse = {
  readonly validator: ValidatorId;
  readonly role: KeyRole;
  /** Of an oracle key: its votes count no more. */
  revoked: boolean;
};
export const KeyUseCodec: Codec<KeyUse> = container<KeyUse>('KeyUse', {
  validator: u32<ValidatorId>(),
  role: u8<KeyRole>(),
  revoked: bool(),
});

/** Slots of a validator's own, and those it missed: since its last verdict, and in this epoch. */
export type Attendance = {
  leaderSlots: number;
  leaderMissed: number;
  oracleSlots: number;
  oracleMissed: number;
  /** Of the slots with a vote: those in which one was far from the medians. */
  oracleFar: number;
  epochSlots: number;
  epochMissed: number;
};
export const AttendanceCodec: Codec<Attendance> = container<Attendance>('Attendance', {
  leaderSlots: u32(),
  leaderMissed: u32(),
  oracleSlots: u32(),
  oracleMissed: u32(),
  oracleFar: u32(),
  epochSlots: u32(),
  epochMissed: u32(),
});

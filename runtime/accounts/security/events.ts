/** Events 70 to 75: what happens to the security of accounts. */
import { bool, bytes, type Codec, container, i128, u8, u64 } from '../../core/ssz.ts';
import type { AccountId, OrderId, TimestampMs } from '../../core/units.ts';
import type { Scheme } from '../../transaction.ts';
import type { Role } from '../account.ts';

/** What waits; wire format. */
export const PENDING_KIND = { change: 0, withdrawal: 1 } as const;
export type PendingKind = (typeof PENDING_KIND)[keyof typeof PENDING_KIND];

/** Something waits from now on. `to`, `amount`, `denomination`: of a withdrawal, else 0. */
export type PendingAskedEvent = {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly kind: PendingKind;
  readonly maturesAt: TimestampMs;
  readonly to: Uint8Array;
  readonly denomination: number;
  readonly amount: bigint;
};

/** How what waits ended; wire format. */
export const PENDING_END = {
  /** In force, or paid. */
  done: 0,
  /** Taken back by the owner. */
  cancelled: 1,
  /** By a guardian. */
  vetoed: 2,
  /** It was due, and could not be: funds are back. */
  returned: 3,
  /** Its funds were needed for maintenance margin. */
  recalled: 4,
  /** A key that asked for it was removed. */
  keyRemoved: 5,
} as const;
export type PendingEnd = (typeof PENDING_END)[keyof typeof PENDING_END];
export type PendingEndedEvent = {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly end: PendingEnd;
};

/** A key of an account is there from now on, or no more for ever. */
export type KeyChangedEvent = {
  readonly account: AccountId;
  readonly position: number;
  readonly scheme: Scheme;
  readonly role: Role;
  readonly isAgent: boolean;
  readonly removed: boolean;
};
/** The rules of an account: policy, whitelist or withdraw address. */
export type PolicyChangedEvent = { readonly account: AccountId };
export type FrozenEvent = { readonly account: AccountId; readonly until: TimestampMs };

/** Where a recovery stands; wire format. */
export const RECOVERY_STAGE = { approved: 0, begun: 1, cancelled: 2, done: 3 } as const;
export type RecoveryStage = (typeof RECOVERY_STAGE)[keyof typeof RECOVERY_STAGE];
export type RecoveryEvent = {
  readonly account: AccountId;
  readonly stage: RecoveryStage;
  /** 0 until a majority has begun it. */
  readonly executesAt: TimestampMs;
};

export const PendingAskedEventCodec: Codec<PendingAskedEvent> = container<PendingAskedEvent>(
  'PendingAskedEvent',
  {
    id: u64<OrderId>(),
    account: u64<AccountId>(),
    kind: u8<PendingKind>(),
    maturesAt: u64<TimestampMs>(),
    to: bytes(20),
    denomination: u8(),
    amount: i128(),
  },
);
export const PendingEndedEventCodec: Codec<PendingEndedEvent> = container<PendingEndedEvent>(
  'PendingEndedEvent',
  { id: u64<OrderId>(), account: u64<AccountId>(), end: u8<PendingEnd>() },
);
export const KeyChangedEventCodec: Codec<KeyChangedEvent> = container<KeyChangedEvent>(
  'KeyChangedEvent',
  {
    account: u64<AccountId>(),
    position: u8(),
    scheme: u8<Scheme>(),
    role: u8<Role>(),
    isAgent: bool(),
    removed: bool(),
  },
);
export const PolicyChangedEventCodec: Codec<PolicyChangedEvent> = container<PolicyChangedEvent>(
  'PolicyChangedEvent',
  { account: u64<AccountId>() },
);
export const FrozenEventCodec: Codec<FrozenEvent> = container<FrozenEvent>('FrozenEvent', {
  account: u64<AccountId>(),
  until: u64<TimestampMs>(),
});
export const RecoveryEventCodec: Codec<RecoveryEvent> = container<RecoveryEvent>('RecoveryEvent', {
  account: u64<AccountId>(),
  stage: u8<RecoveryStage>(),
  executesAt: u64<TimestampMs>(),
});

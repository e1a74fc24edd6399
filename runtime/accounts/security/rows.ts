/**
 * Rows of the security of accounts: tables 80 to 85.
 *
 * Source: design/staking-and-keys.md §4. An account that asked for nothing has no row in any of them,
 * and then one key of its own is all it needs: every rule of this folder begins at the row of
 * table 80.
 *
 * Invariants: a row of table 80 is never deleted, only changed in place, so what looked at it once in
 * a block sees what happens to it later in the block; numbers of changes and withdrawals that wait are
 * order numbers, so no two are the same.
 */
import {
  type AgentScope,
  AgentScopeCodec,
  type Change,
  ChangeCodec,
  MAX_CHANGES,
  MAX_RECOVERY_KEYS,
  type NewKey,
  NewKeyCodec,
  type Policy,
  PolicyCodec,
} from '../../actions/security.ts';
import type { Denomination } from '../../actions/transfer.ts';
import { bytes, type Codec, container, i128, list, u8, u64 } from '../../core/ssz.ts';
import {
  type AccountId,
  type OrderId,
  type PortfolioId,
  type SubAccount,
  type TimestampMs,
  timestampMs,
} from '../../core/units.ts';
import { MAX_SIGNERS } from '../../limits.ts';
import { MAX_ACCOUNT_KEYS } from '../account.ts';

const SECOND_MS = 1_000;
const MINUTE_MS: number = 60 * SECOND_MS;
const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

/** What leaves, and what two factor groups loosen, waits at least so long. */
export const MIN_WAIT_MS: number = 10 * MINUTE_MS;
/** An address that money may go to waits so long, whoever signs. */
export const WHITELIST_WAIT_MS: number = DAY_MS;
/** From a majority of guardians to new owner keys. */
export const RECOVERY_DELAY_MS: number = 72 * HOUR_MS;
/** A guardian's voice for a recovery counts so long. */
export const APPROVAL_LIFE_MS: number = 7 * DAY_MS;
export const MAX_FREEZE_MS: number = 7 * DAY_MS;
/** Longest delay of a policy. */
export const MAX_DELAY_MS: number = 30 * DAY_MS;
/** Longest life of an agent. */
export const MAX_AGENT_LIFE_MS: number = 180 * DAY_MS;
/** Changes and withdrawals of one account that wait. */
export const MAX_PENDING = 16;
export const MAX_GUARDIANS = 16;
export const MAX_WHITELIST = 32;
/**
 * Keys that an account may have by its own will, present and past: the rest is for recoveries, so that
 * a thief who fills the list cannot keep the owner out.
 */
export const MAX_OWN_KEYS: number = MAX_ACCOUNT_KEYS - 8 * MAX_RECOVERY_KEYS;
/** The place of the account itself among the meters of its keys. */
export const WHOLE_ACCOUNT: number = MAX_ACCOUNT_KEYS + 1;

/** A guardian's voice for a set of owner keys, named by the hash of its SSZ. */
export type Approval = {
  readonly position: number;
  readonly proposal: Uint8Array;
  readonly at: TimestampMs;
};
/** A recovery that a majority of guardians has begun. */
export type Recovery = { readonly executesAt: TimestampMs; readonly keys: NewKey[] };

/** A row of table 80. */
export type AccountSecurity = {
  readonly account: AccountId;
  policy: Policy;
  /** 20 bytes each: where money may go. */
  whitelist: Uint8Array[];
  /** 0: not frozen. */
  frozenUntil: TimestampMs;
  /** Positions of keys that have frozen the account since it was re-armed. */
  frozenBy: number[];
  approvals: Approval[];
  /** At most one. */
  recovery: Recovery[];
  /** Guardians begin none until then: the owner has cancelled one, and may change them meanwhile. */
  noRecoveryUntil: TimestampMs;
  /** Positions of keys whose orders are being closed. */
  closing: number[];
};

export const AccountSecurityCodec: Codec<AccountSecurity> = container<AccountSecurity>(
  'AccountSecurity',
  {
    account: u64<AccountId>(),
    policy: PolicyCodec,
    whitelist: list(bytes(20), MAX_WHITELIST),
    frozenUntil: u64<TimestampMs>(),
    frozenBy: list(u8(), MAX_ACCOUNT_KEYS),
    approvals: list(
      container<Approval>('Approval', {
        position: u8(),
        proposal: bytes(32),
        at: u64<TimestampMs>(),
      }),
      MAX_GUARDIANS,
    ),
    recovery: list(
      container<Recovery>('Recovery', {
        executesAt: u64<TimestampMs>(),
        keys: list(NewKeyCodec, MAX_RECOVERY_KEYS),
      }),
      1,
    ),
    noRecoveryUntil: u64<TimestampMs>(),
    closing: list(u8(), MAX_ACCOUNT_KEYS),
  },
);

/** The policy of an account that asked for none: one key, nothing waits, nothing is metered. */
export const NO_POLICY: Policy = {
  ownerThreshold: 1,
  tradeThreshold: 1,
  stakeThreshold: 1,
  mfa: false,
  delayMs: 0,
  guardianDelayMs: RECOVERY_DELAY_MS,
  outflowBps: 0,
  passkeys: { userVerification: true, allowsBackup: true, origins: [] },
};

/** The row of an account that asks for security for the first time. */
export function newSecurity(account: AccountId): AccountSecurity {
  return {
    account,
    policy: NO_POLICY,
    whitelist: [],
    frozenUntil: timestampMs(0),
    frozenBy: [],
    approvals: [],
    recovery: [],
    noRecoveryUntil: timestampMs(0),
    closing: [],
  };
}

/** What every thing that waits has. `requesters`: positions of the keys that asked for it. */
type Waiting = {
  readonly id: OrderId;
  readonly account: AccountId;
  readonly requesters: number[];
  readonly requestedAt: TimestampMs;
  readonly maturesAt: TimestampMs;
};
const waiting = {
  id: u64<OrderId>(),
  account: u64<AccountId>(),
  requesters: list(u8(), MAX_SIGNERS),
  requestedAt: u64<TimestampMs>(),
  maturesAt: u64<TimestampMs>(),
};

/** A row of table 82. */
export type PendingChange = Waiting & { readonly changes: Change[] };
export const PendingChangeCodec: Codec<PendingChange> = container<PendingChange>('PendingChange', {
  ...waiting,
  changes: list(ChangeCodec, MAX_CHANGES),
});

/** A row of table 83: `amount` has left the portfolio and is in module account `pending`. */
export type PendingWithdrawal = Waiting & {
  readonly portfolio: PortfolioId;
  readonly to: Uint8Array;
  readonly toSubAccount: SubAccount;
  readonly denomination: Denomination;
  readonly amount: bigint;
};
export const PendingWithdrawalCodec: Codec<PendingWithdrawal> = container<PendingWithdrawal>(
  'PendingWithdrawal',
  {
    ...waiting,
    portfolio: u64<PortfolioId>(),
    to: bytes(20),
    toSubAccount: u8<SubAccount>(),
    denomination: u8<Denomination>(),
    amount: i128(),
  },
);

/** What runs out over 24 hours: `level` of it is used, in micro-USD. */
export type Bucket = { level: bigint; updatedAt: TimestampMs };
const BucketCodec: Codec<Bucket> = container<Bucket>('Bucket', {
  level: i128(),
  updatedAt: u64<TimestampMs>(),
});

/** A row of table 84, by `nonceKey` of account and position. It stays with the key for ever. */
export type Agent = {
  readonly account: AccountId;
  readonly position: number;
  readonly scope: AgentScope;
  readonly notional: Bucket;
  readonly premium: Bucket;
};
export const AgentCodec: Codec<Agent> = container<Agent>('Agent', {
  account: u64<AccountId>(),
  position: u8(),
  scope: AgentScopeCodec,
  notional: BucketCodec,
  premium: BucketCodec,
});

/**
 * A row of table 85: what the account (`WHOLE_ACCOUNT`), or one agent, gave away. `limit` in micro-USD
 * a day, as equity was at `limitAt`.
 */
export type OutflowMeter = {
  readonly account: AccountId;
  readonly position: number;
  readonly bucket: Bucket;
  limit: bigint;
  limitAt: TimestampMs;
};
export const OutflowMeterCodec: Codec<OutflowMeter> = container<OutflowMeter>('OutflowMeter', {
  account: u64<AccountId>(),
  position: u8(),
  bucket: BucketCodec,
  limit: i128(),
  limitAt: u64<TimestampMs>(),
});

/**
 * A row of table 81, by order number: which key placed an order or a trigger that is open, and what of
 * it the meters hold, in micro-USD a lot.
 */
export type OrderKey = {
  readonly account: AccountId;
  readonly position: number;
  lots: number;
  perLot: bigint;
};
export const OrderKeyCodec: Codec<OrderKey> = container<OrderKey>('OrderKey', {
  account: u64<AccountId>(),
  position: u8(),
  lots: u64(),
  perLot: i128(),
});

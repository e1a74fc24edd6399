/**
 * Actions on the security of an account: keys, policy, whitelist, withdrawals that wait, freeze,
 * recovery. Formats; selectors 61 to 67, handlers in `accounts/security/`.
 *
 * Source: design/staking-and-keys.md §4. What an account asks of itself is a list of changes that
 * come into force together; which of them wait, and how long, follows from the policy in force
 * (`accounts/security/change-wait.ts`). Amounts in micro-units, times in milliseconds.
 */
import type { Role } from '../accounts/account.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u16,
  u64,
  u64big,
  union,
  type Variant,
} from '../core/ssz.ts';
import type { OrderId, SubAccount, TimestampMs, UnderlyingId } from '../core/units.ts';
import { MAX_PUBLIC_KEY_BYTES, MAX_SIGNATURE_BYTES } from '../limits.ts';
import type { Scheme } from '../transaction.ts';
import type { Denomination } from './transfer.ts';

/** Changes of one action. */
export const MAX_CHANGES = 8;
/** Owner keys of one recovery. */
export const MAX_RECOVERY_KEYS = 8;
/** Web origins that passkeys may sign on, and the length of one. */
export const MAX_ORIGINS = 4;
export const MAX_ORIGIN_BYTES = 128;
/** Sub-accounts and underlyings that an agent's scope names; beyond that it is for all. */
export const MAX_SCOPE_SUB_ACCOUNTS = 16;
export const MAX_SCOPE_UNDERLYINGS = 16;

/** A key that is to be one of the account's, with its own signature (`key-proof.ts`). */
export type NewKey = {
  readonly scheme: Scheme;
  readonly publicKey: Uint8Array;
  readonly role: Role;
  /** Keys of one group count as one factor. */
  readonly factorGroup: number;
  readonly proof: Uint8Array;
};

/** What an agent may do beyond cancelling; bits, wire format. */
export const PERMISSION = {
  /** Orders, amendments and replacements in listed books. */
  orders: 1,
  /** Quotes in mass, protections and dead-man switches. */
  quotes: 2,
  triggers: 4,
  /** Listing combos, and orders in their books. */
  combos: 8,
  /** Requests for quote, and taking what is quoted. */
  requestQuotes: 16,
  /** Quoting the requests of others. */
  answerRequests: 32,
  blockTrades: 64,
  /** Shares of accounts under auction. */
  liquidations: 128,
  marginMode: 256,
  /** Sends to whitelisted addresses, inside the limits of one factor. */
  sends: 512,
} as const;
/** Every bit of `PERMISSION`. */
export const ALL_PERMISSIONS = 1_023;

/** Bounds of an agent. Limits in whole USD, 0: none; lists that are empty: all. */
export type AgentScope = {
  readonly permissions: number;
  readonly subAccounts: SubAccount[];
  readonly underlyings: UnderlyingId[];
  /** Lots × index that it orders in 24 hours. */
  readonly notionalUsd: number;
  /** Limit × lots of the options that it orders in 24 hours. */
  readonly premiumUsd: number;
  /** What it gives away in 24 hours, beside the account's own limit. */
  readonly outflowUsd: number;
  /** Initial margin over equity of the sub-account, beyond which it adds no risk. */
  readonly maxMarginBps: number;
  readonly expiresAt: TimestampMs;
};

/** What passkeys must say of themselves to count. */
export type PasskeyPolicy = {
  /** The person was verified, not only present. */
  readonly userVerification: boolean;
  /** Keys that a cloud may copy count too. */
  readonly allowsBackup: boolean;
  /** ASCII, e.g. `https://miletus.example`; none: any origin of the key's relying party. */
  readonly origins: Uint8Array[];
};

/** How an account wants to be asked. */
export type Policy = {
  /** Keys that must sign together, by what they do; an owner's key trades and stakes too. */
  readonly ownerThreshold: number;
  readonly tradeThreshold: number;
  readonly stakeThreshold: number;
  /** Two factor groups for what leaves at once. */
  readonly mfa: boolean;
  /** What loosens, and what leaves under one factor group, waits so long. */
  readonly delayMs: number;
  /** Changes of guardians wait so long, whoever signs. */
  readonly guardianDelayMs: number;
  /** Of equity a day, that one factor group may give away; 0: not metered. */
  readonly outflowBps: number;
  readonly passkeys: PasskeyPolicy;
};

/** Kinds of changes; wire format. */
export const CHANGE = {
  addKey: 0,
  addAgent: 1,
  removeKey: 2,
  setPolicy: 3,
  allowAddress: 4,
  forbidAddress: 5,
  setWithdrawAddress: 6,
} as const;
export type AddKey = { readonly key: NewKey };
/** The key's role is `trade`, its factor group 0. */
export type AddAgent = { readonly key: NewKey; readonly scope: AgentScope };
/** For ever. `position`: of the key in the account's list. */
export type RemoveKey = { readonly position: number };
export type SetPolicy = { readonly policy: Policy };
/** 20 bytes. */
export type NamedAddress = { readonly address: Uint8Array };
export type Change =
  | Variant<typeof CHANGE.addKey, AddKey>
  | Variant<typeof CHANGE.addAgent, AddAgent>
  | Variant<typeof CHANGE.removeKey, RemoveKey>
  | Variant<typeof CHANGE.setPolicy, SetPolicy>
  | Variant<typeof CHANGE.allowAddress, NamedAddress>
  | Variant<typeof CHANGE.forbidAddress, NamedAddress>
  | Variant<typeof CHANGE.setWithdrawAddress, NamedAddress>;

/** Changes that come into force together, at once or after the longest of their waits. */
export type ChangeSecurity = { readonly changes: Change[] };
/** Ends a change or a withdrawal that waits: its owner takes it back, or a guardian vetoes it. */
export type EndPending = { readonly id: OrderId };
/** Sends to another account after the wait; the funds are set aside until then. */
export type Withdraw = {
  readonly subAccount: SubAccount;
  /** 20 bytes. */
  readonly to: Uint8Array;
  readonly toSubAccount: SubAccount;
  readonly denomination: Denomination;
  readonly amount: bigint;
};
export type Freeze = { readonly durationMs: number };
/** Lets every key freeze once more. */
export type Rearm = { readonly unused: number };
/** A guardian's voice for these owner keys in place of those there are. */
export type Recover = { readonly keys: NewKey[] };
export type CancelRecovery = { readonly unused: number };

export const NewKeyCodec: Codec<NewKey> = container<NewKey>('NewKey', {
  scheme: u8<Scheme>(),
  publicKey: byteList(MAX_PUBLIC_KEY_BYTES),
  role: u8<Role>(),
  factorGroup: u8(),
  proof: byteList(MAX_SIGNATURE_BYTES),
});
export const AgentScopeCodec: Codec<AgentScope> = container<AgentScope>('AgentScope', {
  permissions: u16(),
  subAccounts: list(u8<SubAccount>(), MAX_SCOPE_SUB_ACCOUNTS),
  underlyings: list(u8<UnderlyingId>(), MAX_SCOPE_UNDERLYINGS),
  notionalUsd: u64(),
  premiumUsd: u64(),
  outflowUsd: u64(),
  maxMarginBps: u16(),
  expiresAt: u64<TimestampMs>(),
});
export const PolicyCodec: Codec<Policy> = container<Policy>('Policy', {
  ownerThreshold: u8(),
  tradeThreshold: u8(),
  stakeThreshold: u8(),
  mfa: bool(),
  delayMs: u64(),
  guardianDelayMs: u64(),
  outflowBps: u16(),
  passkeys: container<PasskeyPolicy>('PasskeyPolicy', {
    userVerification: bool(),
    allowsBackup: bool(),
    origins: list(byteList(MAX_ORIGIN_BYTES), MAX_ORIGINS),
  }),
});
const NamedAddressCodec: Codec<NamedAddress> = container<NamedAddress>('NamedAddress', {
  address: bytes(20),
});
export const ChangeCodec: Codec<Change> = union<Change>('Change', {
  [CHANGE.addKey]: container<AddKey>('AddKey', { key: NewKeyCodec }),
  [CHANGE.addAgent]: container<AddAgent>('AddAgent', { key: NewKeyCodec, scope: AgentScopeCodec }),
  [CHANGE.removeKey]: container<RemoveKey>('RemoveKey', { position: u8() }),
  [CHANGE.setPolicy]: container<SetPolicy>('SetPolicy', { policy: PolicyCodec }),
  [CHANGE.allowAddress]: NamedAddressCodec,
  [CHANGE.forbidAddress]: NamedAddressCodec,
  [CHANGE.setWithdrawAddress]: NamedAddressCodec,
});

/** Selectors of the actions of security; append-only wire format. */
export const SECURITY_ACTION = {
  changeSecurity: 61,
  endPending: 62,
  withdraw: 63,
  freeze: 64,
  rearm: 65,
  recover: 66,
  cancelRecovery: 67,
} as const;

export type SecurityAction =
  | Variant<typeof SECURITY_ACTION.changeSecurity, ChangeSecurity>
  | Variant<typeof SECURITY_ACTION.endPending, EndPending>
  | Variant<typeof SECURITY_ACTION.withdraw, Withdraw>
  | Variant<typeof SECURITY_ACTION.freeze, Freeze>
  | Variant<typeof SECURITY_ACTION.rearm, Rearm>
  | Variant<typeof SECURITY_ACTION.recover, Recover>
  | Variant<typeof SECURITY_ACTION.cancelRecovery, CancelRecovery>;

/** Codecs by selector, for the union of all actions. */
export const SECURITY_ACTION_CODECS: {
  readonly [S in SecurityAction['selector']]: Codec<
    Extract<SecurityAction, Variant<S, unknown>>['value']
  >;
} = {
  [SECURITY_ACTION.changeSecurity]: container<ChangeSecurity>('ChangeSecurity', {
    changes: list(ChangeCodec, MAX_CHANGES, 1),
  }),
  [SECURITY_ACTION.endPending]: container<EndPending>('EndPending', { id: u64<OrderId>() }),
  [SECURITY_ACTION.withdraw]: container<Withdraw>('Withdraw', {
    subAccount: u8<SubAccount>(),
    to: bytes(20),
    toSubAccount: u8<SubAccount>(),
    denomination: u8<Denomination>(),
    amount: u64big(),
  }),
  [SECURITY_ACTION.freeze]: container<Freeze>('Freeze', { durationMs: u64() }),
  [SECURITY_ACTION.rearm]: container<Rearm>('Rearm', { unused: u8() }),
  [SECURITY_ACTION.recover]: container<Recover>('Recover', {
    keys: list(NewKeyCodec, MAX_RECOVERY_KEYS, 1),
  }),
  [SECURITY_ACTION.cancelRecovery]: container<CancelRecovery>('CancelRecovery', { unused: u8() }),
};

/** Whether an action is one of security. */
export function isSecurityAction<T extends { readonly selector: number }>(
  action: T | SecurityAction,
): action is SecurityAction {
  return (
    action.selector >= SECURITY_ACTION.changeSecurity &&
    action.selector <= SECURITY_ACTION.cancelRecovery
  );
}

/** The keys that an action brings, each to be proved by its own signature. */
export function newKeysOf(action: SecurityAction): readonly NewKey[] {
  if (action.selector === SECURITY_ACTION.recover) return action.value.keys;
  if (action.selector !== SECURITY_ACTION.changeSecurity) return [];
  return action.value.changes.flatMap((change) =>
    change.selector === CHANGE.addKey || change.selector === CHANGE.addAgent
      ? [change.value.key]
      : [],
  );
}

/** Whether an action of security only stops things: it goes before what they would do. */
export function isStopping({ selector }: SecurityAction): boolean {
  return selector === SECURITY_ACTION.endPending || selector === SECURITY_ACTION.freeze;
}

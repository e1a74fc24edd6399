/**
 * Accounts: an address, its keys with roles, and the nonces each key has used.
 *
 * Source: design/chain.md §1, design/staking-and-keys.md §4. An account comes into being when it is
 * credited; its implicit owner key is registered by its first transaction (its hash is the
 * address). A removed key stays in the list, marked, so that it can never be registered again.
 */
import { bool, byteList, type Codec, container, list, u8, u64 } from '../core/ssz.ts';
import type { AccountId, TimestampMs } from '../core/units.ts';
import { MAX_PUBLIC_KEY_BYTES, NONCE_WINDOW } from '../limits.ts';
import type { Scheme } from '../transaction.ts';

/** What a key may do; numbers are state format. */
export const ROLE = { owner: 0, trade: 1, stake: 2, guardian: 3 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** Keys of one account, present and past. */
export const MAX_ACCOUNT_KEYS = 250;

export type AccountKey = {
  readonly scheme: Scheme;
  readonly publicKey: Uint8Array;
  readonly role: Role;
  /** Keys of one group count as one factor. */
  readonly factorGroup: number;
  readonly addedAt: TimestampMs;
  removed: boolean;
};

export type Account = {
  readonly id: AccountId;
  readonly createdAt: TimestampMs;
  readonly keys: AccountKey[];
};

export const AccountCodec: Codec<Account> = container<Account>('Account', {
  id: u64<AccountId>(),
  createdAt: u64<TimestampMs>(),
  keys: list(
    container<AccountKey>('AccountKey', {
      scheme: u8<Scheme>(),
      publicKey: byteList(MAX_PUBLIC_KEY_BYTES),
      role: u8<Role>(),
      factorGroup: u8(),
      addedAt: u64<TimestampMs>(),
      removed: bool(),
    }),
    MAX_ACCOUNT_KEYS,
  ),
});

/** Used nonces of one (account, key), ascending; at most `NONCE_WINDOW`. */
export type NonceWindow = { nonces: number[] };
export const NonceWindowCodec: Codec<NonceWindow> = container<NonceWindow>('NonceWindow', {
  nonces: list(u64(), NONCE_WINDOW),
});

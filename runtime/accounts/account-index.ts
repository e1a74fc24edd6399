/** Account numbers to addresses: the `accounts` table seen from the other side. */
import { fromHex } from '../core/bytes.ts';
import { assert } from '../core/result.ts';
import type { AccountId, Address } from '../core/units.ts';
import type { State } from '../state/state.ts';

export type AccountIndex = { readonly addressById: Map<AccountId, Address> };

export function accountIndex(): AccountIndex {
  return { addressById: new Map() };
}

/** Fills the index from the table. */
export function rebuildAccountIndex(state: State): void {
  const { addressById } = state.derived.accounts;
  addressById.clear();
  for (const [address, account] of state.accounts.unorderedEntries()) {
    addressById.set(account.id, address);
  }
}

/** The 20 address bytes of an account that exists. */
export function addressBytes(state: State, id: AccountId): Uint8Array {
  const address = state.derived.accounts.addressById.get(id);
  const raw = address === undefined ? undefined : fromHex(address);
  assert(raw !== undefined, `account ${id} has no address`);
  return raw;
}

/** Account numbers to addresses: the `accounts` table seen from the other side. */
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

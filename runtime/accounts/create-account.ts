/** Brings an account into being: the first credit to an address does it. */

import type { BlockContext } from '../block-context.ts';
import { fromHex } from '../core/bytes.ts';
import { assert } from '../core/result.ts';
import { type AccountId, type Address, accountId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { metaOf, type State } from '../state/state.ts';

/** Greatest number of an account: keys of positions have 32 bits for account and sub-account. */
export const MAX_ACCOUNT_ID: number = 2 ** 24 - 1;

/** Whether a number is left for an account that is not there yet. O(1). */
export function hasAccountNumber(state: State): boolean {
  return metaOf(state).nextAccountId <= MAX_ACCOUNT_ID;
}

/** Number of the account at `address`, created when there is none. */
export function ensureAccount(
  state: State,
  context: Pick<BlockContext, 'timestamp' | 'events'>,
  address: Address,
): AccountId {
  const existing = state.accounts.get(address);
  if (existing !== undefined) return existing.id;
  const meta = metaOf(state);
  const id = meta.nextAccountId;
  meta.nextAccountId = accountId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  state.accounts.set(address, { id, createdAt: context.timestamp, keys: [] });
  state.derived.accounts.addressById.set(id, address);
  const raw = fromHex(address);
  assert(raw !== undefined, `address ${address} is not hex`);
  context.events.push({ selector: EVENT.accountCreated, value: { account: id, address: raw } });
  return id;
}

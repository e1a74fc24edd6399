/** Removes a key of an account, for ever: it stays in the list, marked, and can never be added again. */
import type { BlockContext } from '../../block-context.ts';
import { clearDue } from '../../core/due-queue.ts';
import { assert } from '../../core/result.ts';
import type { AccountId } from '../../core/units.ts';
import { EVENT } from '../../event.ts';
import { nonceKey, type State } from '../../state/state.ts';
import { endRequestsOf } from './end-pending.ts';
import { indexSecurity } from './security-index.ts';

/** Has the open orders of a key closed, in this block and the next ones. O(1). */
export function closeOrdersOf(state: State, account: AccountId, position: number): void {
  const row = state.accountSecurity.must(account);
  const { ordersByKey } = state.derived.security;
  if (row.closing.includes(position)) return;
  if (!ordersByKey.has(nonceKey.pack(account, position))) return;
  row.closing.push(position);
  state.accountSecurity.touch(account);
  indexSecurity(state, account);
}

/**
 * Removes keys in force. What they asked for ends, their orders close by cursor in the next blocks'
 * class of cancels, their budgets and meters are forgotten; nonces stay, of no use any more.
 */
export function removeKeys(
  state: State,
  context: BlockContext,
  account: AccountId,
  positions: readonly number[],
): void {
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const { keys } = state.accounts.must(owner);
  const row = state.accountSecurity.must(account);
  for (const position of positions) {
    const key = keys[position];
    assert(key !== undefined && !key.removed, `key ${position} is in force`);
    key.removed = true;
    const place = nonceKey.pack(account, position);
    state.agentBudgets.delete(place);
    state.outflowMeters.delete(place);
    clearDue(state.derived.security.agents, place);
    const { scheme, role } = key;
    const isAgent = state.agents.has(place);
    const value = { account, position, scheme, role, isAgent, removed: true };
    context.events.push({ selector: EVENT.keyChanged, value });
    closeOrdersOf(state, account, position);
  }
  row.approvals = row.approvals.filter((one) => !positions.includes(one.position));
  row.frozenBy = row.frozenBy.filter((one) => !positions.includes(one));
  state.accounts.touch(owner);
  state.accountSecurity.touch(account);
  endRequestsOf(state, context, account, positions);
}

/**
 * The step of security in a block, before margins are looked at: agents whose time is over, orders of
 * keys that are gone, recoveries, changes and withdrawals that are due.
 *
 * Source: design/staking-and-keys.md §4. Cost: O(1) with nothing due; else what is due, and at most
 * `MAX_SWITCH_CLOSES` closings.
 */
import { cancelRefusal } from '../../auction/state-refusal.ts';
import type { BlockContext } from '../../block-context.ts';
import { firstDue, takeDue } from '../../core/due-queue.ts';
import { assert } from '../../core/result.ts';
import { type AccountId, type OrderId, portfolioSubAccount } from '../../core/units.ts';
import { CLOSE_REASON, EVENT, TRIGGER_END } from '../../event.ts';
import { MAX_SWITCH_CLOSES } from '../../limits.ts';
import { closeOrder } from '../../matching/close-order.ts';
import { closeTrigger } from '../../matching/close-trigger.ts';
import { nonceKey, type State } from '../../state/state.ts';
import { transferAction } from '../transfer.ts';
import { applyPlan } from './apply-plan.ts';
import { heldRefusal } from './change-security.ts';
import { endChange, endWithdrawal, returnFunds } from './end-pending.ts';
import { PENDING_END } from './events.ts';
import { planChanges } from './plan-changes.ts';
import { completeRecovery } from './recover.ts';
import { removeKeys } from './remove-key.ts';
import { whitelistRefusal } from './request-withdrawal.ts';
import type { PendingChange, PendingWithdrawal } from './rows.ts';
import { dropOrderKey, indexSecurity } from './security-index.ts';

/** Removes agents whose time is over: for ever, as all keys. */
function expireAgents(state: State, context: BlockContext): void {
  for (const key of takeDue(state.derived.security.agents, context.timestamp)) {
    const { account, position } = state.agents.must(key);
    removeKeys(state, context, account, [position]);
  }
}

/** Closes an order or trigger; false: it has to wait for the end of an auction. */
function closeOne(state: State, context: BlockContext, id: OrderId): boolean {
  const order = state.orders.get(id);
  if (order !== undefined) {
    if (cancelRefusal(state, context, order.instrument) !== undefined) return false;
    closeOrder(state, context, order, CLOSE_REASON.cancelled);
    return true;
  }
  const trigger = state.triggers.get(id);
  if (trigger !== undefined)
    closeTrigger(state, context, trigger, { reason: TRIGGER_END.cancelled });
  else {
    const row = state.orderKeys.get(id);
    if (row !== undefined) dropOrderKey(state, id, row);
  }
  return true;
}

/** Closes the orders of keys that are gone, ascending, at most `most`; the number closed. */
function closeOrdersOfAccount(
  state: State,
  context: BlockContext,
  account: AccountId,
  most: number,
): number {
  const row = state.accountSecurity.must(account);
  const { ordersByKey } = state.derived.security;
  let closed = 0;
  const left = row.closing.filter((position) => {
    const ids = ordersByKey.get(nonceKey.pack(account, position)) ?? new Set<OrderId>();
    let isHeld = false;
    for (const id of [...ids].sort((a, b) => a - b)) {
      if (closed === most) return true;
      if (closeOne(state, context, id)) closed += 1;
      else isHeld = true;
    }
    return isHeld;
  });
  if (closed === 0 && left.length === row.closing.length) return 0;
  row.closing = left;
  state.accountSecurity.touch(account);
  return closed;
}

function closeOrders(state: State, context: BlockContext): void {
  let allowance = MAX_SWITCH_CLOSES;
  const { closing } = state.derived.security;
  for (const key of takeDue(closing, context.timestamp)) {
    const account = key as AccountId;
    if (allowance > 0) allowance -= closeOrdersOfAccount(state, context, account, allowance);
    indexSecurity(state, account);
  }
}

/** Makes a change whose wait is over, unless the account is held or it fits no more. */
function matureChange(state: State, context: BlockContext, row: PendingChange): void {
  const security = state.accountSecurity.must(row.account);
  const owner = state.derived.accounts.addressById.get(row.account);
  assert(owner !== undefined, `account ${row.account} has an address`);
  const account = state.accounts.must(owner);
  const planned = planChanges(state, context, { account, row: security }, row.changes);
  if (!planned.ok || heldRefusal(security, context) !== undefined) {
    endChange(state, context, row, PENDING_END.returned);
    return;
  }
  endChange(state, context, row, PENDING_END.done);
  applyPlan(state, context, row.account, planned.value);
}

/** Pays a withdrawal whose wait is over, where it might be sent now; else its funds are back. */
function matureWithdrawal(state: State, context: BlockContext, row: PendingWithdrawal): void {
  const { id, account, portfolio, to, toSubAccount, denomination, amount } = row;
  const security = state.accountSecurity.must(account);
  const isHeld = heldRefusal(security, context) ?? whitelistRefusal(security, to);
  if (isHeld !== undefined) {
    endWithdrawal(state, context, row, PENDING_END.returned);
    return;
  }
  returnFunds(state, row);
  const send = {
    fromSubAccount: portfolioSubAccount(portfolio),
    to,
    toSubAccount,
    denomination,
    amount,
  };
  const paid = transferAction(state, context, account, send);
  const end = paid.ok ? PENDING_END.done : PENDING_END.returned;
  context.events.push({ selector: EVENT.pendingEnded, value: { id, account, end } });
}

/** Everything that is due, earliest first. */
function mature(state: State, context: BlockContext): void {
  const { pending } = state.derived.security;
  // One at a time: what matures may end others.
  for (;;) {
    const id = firstDue(pending, context.timestamp);
    if (id === undefined) return;
    const change = state.pendingChanges.get(id as OrderId);
    if (change !== undefined) matureChange(state, context, change);
    const withdrawal = state.pendingWithdrawals.get(id as OrderId);
    if (withdrawal !== undefined) matureWithdrawal(state, context, withdrawal);
  }
}

/** The step. */
export function runSecurity(state: State, context: BlockContext): void {
  if (state.accountSecurity.size === 0) return;
  expireAgents(state, context);
  for (const account of takeDue(state.derived.security.recoveries, context.timestamp)) {
    completeRecovery(state, context, account as AccountId);
  }
  mature(state, context);
  closeOrders(state, context);
}

/**
 * The cancel actions: by order number, by client order id, all of a sub-account.
 *
 * A cancel needs no mark and no margin. Invariant: several orders are cancelled by ascending number.
 */

import type { CancelAll, CancelByClientId, CancelOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioAccount, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { CLOSE_REASON } from '../event.ts';
import { openOrdersOf } from '../margin/portfolio-index.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';

function cancelled(count: number): Result<ActionResult, Refusal> {
  return ok({ selector: ACTION_RESULT.cancelled, value: { cancelled: count } });
}

/** Cancels one order of any sub-account. Errors in order: order_not_found, not_owner. O(1). */
export function cancelOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  { orderId }: CancelOrder,
): Result<ActionResult, Refusal> {
  const order = state.orders.get(orderId);
  if (order === undefined) return err(refusal('order_not_found', { given: orderId }));
  if (portfolioAccount(order.portfolio) !== account) {
    return err(refusal('not_owner', { given: orderId }));
  }
  closeOrder(state, context, order, CLOSE_REASON.cancelled);
  return cancelled(1);
}

/** Cancels the open order with this client order id. Errors: order_not_found. O(1). */
export function cancelByClientId(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, clientOrderId }: CancelByClientId,
): Result<ActionResult, Refusal> {
  const portfolio = state.derived.portfolios.byPortfolio.get(portfolioId(account, subAccount));
  const id = portfolio?.clientOrders.get(clientOrderId);
  if (id === undefined) return err(refusal('order_not_found', { given: clientOrderId }));
  closeOrder(state, context, state.orders.must(id), CLOSE_REASON.cancelled);
  return cancelled(1);
}

/** Cancels every open order of a sub-account; none is no error. O(n log n). */
export function cancelAll(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount }: CancelAll,
): Result<ActionResult, Refusal> {
  const orders = openOrdersOf(state, portfolioId(account, subAccount));
  for (const order of orders) closeOrder(state, context, order, CLOSE_REASON.cancelled);
  return cancelled(orders.length);
}

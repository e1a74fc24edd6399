/** Finds an open order or a waiting trigger that an action names. */
import type { OrderReference } from '../actions/orders.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, type OrderId, portfolioAccount, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import type { State } from '../state/state.ts';
import { takenClientId } from './client-order-id.ts';
import type { RestingOrder } from './order.ts';
import type { Trigger } from './trigger.ts';

/** An open order or a trigger, each with its kind. */
export type Found =
  | { readonly kind: 'order'; readonly order: RestingOrder }
  | { readonly kind: 'trigger'; readonly trigger: Trigger };

/** By number, of any sub-account. Errors in order: order_not_found, not_owner. O(1). */
export function findByNumber(
  state: State,
  account: AccountId,
  id: OrderId,
): Result<Found, Refusal> {
  const order = state.orders.get(id);
  const trigger = order === undefined ? state.triggers.get(id) : undefined;
  const owner = order?.portfolio ?? trigger?.portfolio;
  if (owner === undefined) return err(refusal('order_not_found', { given: id }));
  if (portfolioAccount(owner) !== account) return err(refusal('not_owner', { given: id }));
  if (order !== undefined) return ok({ kind: 'order', order });
  if (trigger !== undefined) return ok({ kind: 'trigger', trigger });
  return err(refusal('order_not_found', { given: id }));
}

/** By number, or by client order id in its sub-account. Errors: those of `findByNumber`. O(1). */
export function findReferred(
  state: State,
  account: AccountId,
  { subAccount, orderId, clientOrderId }: OrderReference,
): Result<Found, Refusal> {
  if (orderId !== 0) return findByNumber(state, account, orderId);
  const portfolio = portfolioId(account, subAccount);
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  const order = held?.clientOrders.get(clientOrderId);
  if (order !== undefined) return ok({ kind: 'order', order });
  const id = takenClientId(state, portfolio, held, clientOrderId);
  if (id === undefined) return err(refusal('order_not_found', { given: clientOrderId }));
  return findByNumber(state, account, id);
}

/**
 * An open order that its owner may change, and that may leave its place now. Errors in order: those
 * of `findChangeable`, auction_frozen.
 */
export function findReleasable(
  state: State,
  context: BlockContext,
  account: AccountId,
  reference: OrderReference,
): Result<RestingOrder, Refusal> {
  const found = findChangeable(state, account, reference);
  if (!found.ok) return found;
  const frozen = cancelRefusal(state, context, found.value.instrument);
  return frozen === undefined ? found : err(frozen);
}

/**
 * An open order that its owner may change. Errors in order: order_not_found (a trigger is none),
 * not_owner, quote_order.
 */
export function findChangeable(
  state: State,
  account: AccountId,
  reference: OrderReference,
): Result<RestingOrder, Refusal> {
  const found = findReferred(state, account, reference);
  if (!found.ok) return found;
  if (found.value.kind === 'trigger') {
    return err(refusal('order_not_found', { given: found.value.trigger.id }));
  }
  const { order } = found.value;
  if (order.isQuote) return err(refusal('quote_order', { given: order.id }));
  return ok(order);
}

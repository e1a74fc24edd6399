/**
 * The cancel actions: by number, by client order id, by filter. Each cancels open orders and waiting
 * triggers alike.
 *
 * A cancel needs no mark and no margin. Invariant: several are cancelled sub-account by sub-account,
 * orders before triggers, by ascending number.
 */

import {
  ANY_UNDERLYING,
  type CancelByClientId,
  type CancelOrder,
  type CancelOrders,
} from '../actions/orders.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  type AccountId,
  type InstrumentId,
  orderId,
  type PortfolioId,
  portfolioId,
  subAccount,
} from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { CLOSE_REASON, TRIGGER_END } from '../event.ts';
import { MAX_CANCELS_PER_ACTION, MAX_ORDERS_SEEN_PER_CANCEL } from '../limits.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import type { SeriesHolding } from '../margin/series-holding.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { expiryKey, type State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import { closeTrigger } from './close-trigger.ts';
import { type Found, findByNumber, findReferred } from './find-order.ts';
import type { RestingOrder } from './order.ts';
import type { Trigger } from './trigger.ts';

const SUB_ACCOUNTS = 256;

function cancelled(count: number): Result<ActionResult, Refusal> {
  return ok({ selector: ACTION_RESULT.cancelled, value: { cancelled: count } });
}

function cancelFound(
  state: State,
  context: BlockContext,
  found: Found,
): Result<ActionResult, Refusal> {
  if (found.kind === 'trigger') {
    closeTrigger(state, context, found.trigger, { reason: TRIGGER_END.cancelled });
    return cancelled(1);
  }
  const frozen = cancelRefusal(state, context, found.order.instrument);
  if (frozen !== undefined) return err(frozen);
  closeOrder(state, context, found.order, CLOSE_REASON.cancelled);
  return cancelled(1);
}

/** Cancels one of any sub-account. Errors in order: order_not_found, not_owner, auction_frozen. O(1). */
export function cancelOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: CancelOrder,
): Result<ActionResult, Refusal> {
  const found = findByNumber(state, account, action.orderId);
  if (!found.ok) return found;
  return cancelFound(state, context, found.value);
}

/** Cancels the one with this client order id. Errors in order: order_not_found, auction_frozen. O(1). */
export function cancelByClientId(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: CancelByClientId,
): Result<ActionResult, Refusal> {
  const found = findReferred(state, account, { ...action, orderId: orderId(0) });
  if (!found.ok) return found;
  return cancelFound(state, context, found.value);
}

function isMeant(
  state: State,
  { instrument, underlying, label }: CancelOrders,
  order: { readonly instrument: InstrumentId; readonly label: number },
): boolean {
  if (instrument !== 0 && order.instrument !== instrument) return false;
  if (label !== 0 && order.label !== label) return false;
  if (underlying === ANY_UNDERLYING) return true;
  return state.instruments.must(order.instrument).underlying === underlying;
}

/** Holdings of a portfolio that a filter by series or underlying leaves: all of them without one. */
function* holdingsMeant(
  { places, expiries }: Portfolio,
  { instrument, underlying }: CancelOrders,
): Iterable<SeriesHolding> {
  if (instrument !== 0) {
    const place = places.get(instrument);
    if (place !== undefined) yield place.holding;
    return;
  }
  for (const expiry of expiries.values()) {
    const isOther = underlying !== ANY_UNDERLYING && expiryKey.high(expiry.key) !== underlying;
    if (!isOther) yield* expiry.series.values();
  }
}

/** Cancels in progress: what is done, and how many orders were looked at. */
type Tally = { cancelled: number; seen: number };

/** Open orders of a portfolio to which every filter applies, by ascending number. */
function ordersMeant(
  state: State,
  portfolio: PortfolioId,
  action: CancelOrders,
  tally: Tally,
): RestingOrder[] {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held === undefined) return [];
  const { comboOrders } = held;
  const meant: RestingOrder[] = [];
  for (const { orders } of holdingsMeant(held, action)) {
    tally.seen += orders.length;
    for (const order of orders) {
      // An order of a combo stands in the series of its legs too, as their terms.
      if (!comboOrders.has(order.id) && isMeant(state, action, order)) meant.push(order);
    }
  }
  tally.seen += comboOrders.size;
  for (const order of comboOrders.values()) if (isMeant(state, action, order)) meant.push(order);
  return meant.sort((a, b) => a.id - b.id);
}

function triggersMeant(state: State, portfolio: PortfolioId, action: CancelOrders): Trigger[] {
  const own = state.derived.triggers.byPortfolio.get(portfolio);
  if (own === undefined) return [];
  return [...own.ids]
    .map((id) => state.triggers.must(id))
    .filter(({ order }) => isMeant(state, action, order))
    .sort((a, b) => a.id - b.id);
}

/** Cancels what is meant of one portfolio, up to the bound of the action. */
function cancelOf(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  action: CancelOrders,
  tally: Tally,
): void {
  for (const order of ordersMeant(state, portfolio, action, tally)) {
    if (tally.cancelled === MAX_CANCELS_PER_ACTION) return;
    if (cancelRefusal(state, context, order.instrument) !== undefined) continue;
    closeOrder(state, context, order, CLOSE_REASON.cancelled);
    tally.cancelled += 1;
  }
  for (const trigger of triggersMeant(state, portfolio, action)) {
    if (tally.cancelled === MAX_CANCELS_PER_ACTION) return;
    closeTrigger(state, context, trigger, { reason: TRIGGER_END.cancelled });
    tally.cancelled += 1;
  }
}

/**
 * Cancels all to which every filter applies, but what an auction holds; none is no error. At most
 * `MAX_CANCELS_PER_ACTION`, which is all that one sub-account can have: where the result says that many,
 * ask again. Of all sub-accounts no further one is looked at after `MAX_ORDERS_SEEN_PER_CANCEL` open
 * orders; only a label, or an auction that holds orders, lets that many be seen and stay: name the
 * sub-account then. Cost: O(orders seen), and O(n log n) of those cancelled.
 */
export function cancelOrders(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: CancelOrders,
): Result<ActionResult, Refusal> {
  const tally: Tally = { cancelled: 0, seen: 0 };
  if (!action.allSubAccounts) {
    cancelOf(state, context, portfolioId(account, action.subAccount), action, tally);
    return cancelled(tally.cancelled);
  }
  for (let sub = 0; sub < SUB_ACCOUNTS && tally.seen < MAX_ORDERS_SEEN_PER_CANCEL; sub++) {
    if (tally.cancelled === MAX_CANCELS_PER_ACTION) break;
    cancelOf(state, context, portfolioId(account, subAccount(sub)), action, tally);
  }
  return cancelled(tally.cancelled);
}

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
import { MAX_CANCELS_PER_ACTION } from '../limits.ts';
import { openOrdersOf } from '../margin/portfolio-index.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
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

/** Open orders of a portfolio, of one series where the filter names it, by ascending number. */
function candidates(
  state: State,
  portfolio: PortfolioId,
  { instrument }: CancelOrders,
): RestingOrder[] {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  // Where it has orders of combos, their terms stand beside its orders in the series of the legs.
  if (instrument === 0 || (held !== undefined && held.comboOrders.size > 0)) {
    return openOrdersOf(state, portfolio);
  }
  const holding = held?.series.get(instrument);
  if (holding === undefined) return [];
  return [...holding.orders.values()].sort((a, b) => a.id - b.id);
}

function waitingTriggers(state: State, portfolio: PortfolioId): Trigger[] {
  const own = state.derived.triggers.byPortfolio.get(portfolio);
  if (own === undefined) return [];
  return [...own.ids].sort((a, b) => a - b).map((id) => state.triggers.must(id));
}

/** Cancels what is meant of one portfolio, at most `most`. */
function cancelOf(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  action: CancelOrders,
  most: number,
): number {
  let count = 0;
  for (const order of candidates(state, portfolio, action)) {
    if (count === most) return count;
    if (!isMeant(state, action, order)) continue;
    if (cancelRefusal(state, context, order.instrument) !== undefined) continue;
    closeOrder(state, context, order, CLOSE_REASON.cancelled);
    count += 1;
  }
  for (const trigger of waitingTriggers(state, portfolio)) {
    if (count === most) return count;
    if (!isMeant(state, action, trigger.order)) continue;
    closeTrigger(state, context, trigger, { reason: TRIGGER_END.cancelled });
    count += 1;
  }
  return count;
}

/**
 * Cancels all to which every filter applies, but what an auction holds; none is no error. At most `MAX_CANCELS_PER_ACTION`,
 * which is all that one sub-account can have: where the result says that many, ask again.
 * O(n log n) of a sub-account's orders.
 */
export function cancelOrders(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: CancelOrders,
): Result<ActionResult, Refusal> {
  if (!action.allSubAccounts) {
    const portfolio = portfolioId(account, action.subAccount);
    return cancelled(cancelOf(state, context, portfolio, action, MAX_CANCELS_PER_ACTION));
  }
  let count = 0;
  for (let sub = 0; sub < SUB_ACCOUNTS && count < MAX_CANCELS_PER_ACTION; sub++) {
    const portfolio = portfolioId(account, subAccount(sub));
    count += cancelOf(state, context, portfolio, action, MAX_CANCELS_PER_ACTION - count);
  }
  return cancelled(count);
}

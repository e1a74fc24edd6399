/**
 * The actions `amendOrder` and `reduceOrder`: another price or size for an open order.
 *
 * A size counts what was filled, as on Deribit: an order of 10 lots of which 4 are filled has 1 left
 * when it is amended to 5, and is closed when it is amended to 4 or fewer. An order whose size alone
 * falls keeps its place and is not judged anew. Any other amendment enters like a new order, net of
 * the old one, and may trade; it keeps its number, client order id, label and link, and gets a new
 * priority.
 */

import { ORDER_TYPE, POST_ONLY, TIME_IN_FORCE, type TimeInForce } from '../actions/order-terms.ts';
import {
  type AmendOrder,
  PLAIN_TERMS,
  type PlaceOrder,
  type ReduceOrder,
} from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioSubAccount, sizeLots } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { CLOSE_REASON } from '../event.ts';
import { MAX_ORDER_LOTS } from '../limits.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import { decrementOrder } from './decrement-order.ts';
import { enterOrder } from './enter-order.ts';
import { findReleasable } from './find-order.ts';
import type { RestingOrder } from './order.ts';

/** The order lasts as it did. */
function timeInForceOf({ auctionOnly, continuousOnly, expiresAt }: RestingOrder): TimeInForce {
  if (auctionOnly) return TIME_IN_FORCE.gfa;
  if (continuousOnly) return TIME_IN_FORCE.gfn;
  return expiresAt === 0 ? TIME_IN_FORCE.gtc : TIME_IN_FORCE.gtt;
}

/** An order placed post-only never takes, whatever the amendment says. */
function postOnlyOf(order: RestingOrder, action: AmendOrder): AmendOrder['postOnly'] {
  if (action.postOnly !== POST_ONLY.none || !order.postOnly) return action.postOnly;
  return POST_ONLY.reject;
}

/** The amended order as one that enters, with the lots it has left. */
function amendedTerms(order: RestingOrder, action: AmendOrder, lots: number): PlaceOrder {
  return {
    subAccount: portfolioSubAccount(order.portfolio),
    instrument: order.instrument,
    side: order.side,
    type: ORDER_TYPE.limit,
    timeInForce: timeInForceOf(order),
    postOnly: postOnlyOf(order, action),
    reduceOnly: order.reduceOnly,
    selfTradePrevention: PLAIN_TERMS.selfTradePrevention,
    price: action.price,
    size: sizeLots(lots),
    displaySize: sizeLots(Math.min(order.displaySize, lots)),
    expiresAt: order.expiresAt,
    clientOrderId: order.clientOrderId,
    label: order.label,
  };
}

/** Lowers the lots of an order to those of a size that is not above its own. */
function reduceTo(
  state: State,
  context: BlockContext,
  order: RestingOrder,
  size: number,
): Result<ActionResult, Refusal> {
  const lost = order.size - size;
  const restingLots = Math.max(0, order.remaining - lost);
  if (restingLots === 0) closeOrder(state, context, order, CLOSE_REASON.cancelled);
  else if (lost > 0) decrementOrder(state, context, order, lost);
  return ok({
    selector: ACTION_RESULT.order,
    value: { orderId: order.id, filledLots: 0, restingLots, cash: 0n, fee: 0n },
  });
}

/**
 * Amends an open order. Errors in order: order_not_found, not_owner, quote_order, auction_frozen,
 * bad_size; unless only its size falls, those of `enterOrder`. Its own mode of self-trade prevention is
 * not kept: an amended order that meets its owner's others cancels them.
 */
export function amendOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: AmendOrder,
): Result<ActionResult, Refusal> {
  const found = findReleasable(state, context, account, action.order);
  if (!found.ok) return found;
  const order = found.value;
  const { price, size } = action;
  if (size < 1 || size > MAX_ORDER_LOTS) {
    return err(refusal('bad_size', { given: size, allowed: size < 1 ? 1 : MAX_ORDER_LOTS }));
  }
  const filledBefore = order.size - order.remaining;
  const keepsPlace = price === order.price && size <= order.size;
  if (keepsPlace || size <= filledBefore) return reduceTo(state, context, order, size);

  const terms = amendedTerms(order, action, size - filledBefore);
  const entered = enterOrder(state, context, order.portfolio, terms, {
    id: order.id,
    isQuote: false,
    cancelsOther: order.cancelsOther,
    replaced: order,
    filledBefore,
  });
  return entered.ok ? ok({ selector: ACTION_RESULT.order, value: entered.value }) : entered;
}

/**
 * Lowers the size of an open order; to what is filled or less: cancels it. Errors in order:
 * order_not_found, not_owner, quote_order, auction_frozen, not_a_reduction. O(1).
 */
export function reduceOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: ReduceOrder,
): Result<ActionResult, Refusal> {
  const found = findReleasable(state, context, account, action.order);
  if (!found.ok) return found;
  const order = found.value;
  if (action.size >= order.size) {
    return err(refusal('not_a_reduction', { given: action.size, allowed: order.size - 1 }));
  }
  return reduceTo(state, context, order, action.size);
}

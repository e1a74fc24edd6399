/**
 * The `placeOrder` action: a limit order meets the book and rests with what is left of it.
 *
 * Source: design/exchange.md §2–3. The match is planned (who, at what price, what fees), checked
 * (limits, the account's cash and margin), then applied. Makers are not checked: their orders were
 * margined with the worst fill when they came, and at every mark.
 */

import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  type AccountId,
  type OrderId,
  orderId,
  type PortfolioId,
  portfolioId,
  sizeLots,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { MAX_FILLS_PER_ORDER } from '../limits.ts';
import { tradeRefusal } from '../margin/accept-trade.ts';
import { indexOrder } from '../margin/portfolio-index.ts';
import type { OrderTerm } from '../margin/series-holding.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { metaOf, type State } from '../state/state.ts';
import { applyMatch, type PricedFill, priceFills } from './apply-match.ts';
import { addToBook, type Book, bestPrice, crosses, oppositeSide } from './book.ts';
import { bookOf } from './books.ts';
import { checkOrder } from './check-order.ts';
import { type MatchPlan, planMatch } from './match-plan.ts';
import { type Order, PLAIN_ORDER, restingOrder } from './order.ts';

/** Premiums received less premiums paid, and fees, of the taker: micro-USD. */
function takerMoney(
  side: PlaceOrder['side'],
  fills: readonly PricedFill[],
): { readonly premium: bigint; readonly fee: bigint } {
  let premium = 0n;
  let fee = 0n;
  for (const fill of fills) {
    premium += fill.premium;
    fee += fill.takerFee;
  }
  return { premium: side === SIDE.buy ? -premium : premium, fee };
}

/** The order terms that the account gains and loses. */
function orderTerms(action: PlaceOrder, plan: MatchPlan, restingLots: number): OrderTerm[] {
  const terms: OrderTerm[] = plan.selfCrossed.map(({ side, price, remaining }) => ({
    side,
    price,
    lots: -remaining,
  }));
  if (restingLots > 0) {
    terms.push({ side: action.side, price: action.price, lots: restingLots });
  }
  return terms;
}

function takeOrderId(state: State): OrderId {
  const meta = metaOf(state);
  const id = meta.nextOrderId;
  meta.nextOrderId = orderId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  return id;
}

function rest(state: State, context: BlockContext, book: Book, terms: Order): void {
  const order = restingOrder(terms);
  state.orders.set(order.id, order);
  addToBook(book, order);
  indexOrder(state, order);
  // The row changes as it is filled; the event says what it was.
  context.events.push({ selector: EVENT.orderOpened, value: terms });
}

/** Refusals of the match itself: would_take, too_many_fills. */
function matchRefusal(book: Book, action: PlaceOrder, plan: MatchPlan): Refusal | undefined {
  const { side, price } = action;
  if (action.postOnly !== POST_ONLY.none) {
    const best = bestPrice(oppositeSide(book, side));
    if (best !== undefined && crosses(side, price, best)) {
      return refusal('would_take', { given: price, allowed: best });
    }
  }
  if (plan.truncated && action.timeInForce === TIME_IN_FORCE.gtc) {
    return refusal('too_many_fills', {
      given: MAX_FILLS_PER_ORDER + 1,
      allowed: MAX_FILLS_PER_ORDER,
    });
  }
  return undefined;
}

/**
 * Places a limit order. Errors in order: those of `checkOrder`, would_take (given: the limit,
 * allowed: the best opposite price), too_many_fills, insufficient_cash, insufficient_margin.
 *
 * An IOC order never rests and has neither `opened` nor `closed` event; nor has a GTC order that is
 * filled at once. Cost: O(fills); ~2 µs without any.
 */
export function placeOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: PlaceOrder,
): Result<ActionResult, Refusal> {
  const portfolio: PortfolioId = portfolioId(account, action.subAccount);
  const checked = checkOrder(state, context, portfolio, action);
  if (!checked.ok) return checked;
  const { instrument, holding, expiry } = checked.value;
  const { side, price, size, timeInForce } = action;
  const book = bookOf(state, instrument.id);
  const plan = planMatch(book, { portfolio, side, price, size });
  const unmatchable = matchRefusal(book, action, plan);
  if (unmatchable !== undefined) return err(unmatchable);

  const underlying = state.underlyings.must(instrument.underlying);
  const fills = priceFills(plan, underlying, holding.risk.mark.index);
  const { premium, fee } = takerMoney(side, fills);
  const { filledLots } = plan;
  const restingLots = timeInForce === TIME_IN_FORCE.gtc ? plan.openLots : 0;
  const refused = tradeRefusal(state, {
    portfolio,
    holding,
    expiry,
    position: side === SIDE.buy ? filledLots : -filledLots,
    orders: orderTerms(action, plan, restingLots),
    cash: premium - fee,
  });
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  const id = takeOrderId(state);
  applyMatch(state, context, { id, portfolio, instrument: instrument.id, side }, { plan, fills });
  if (restingLots > 0) {
    rest(state, context, book, {
      ...PLAIN_ORDER,
      id,
      priority: id,
      shown: sizeLots(restingLots),
      portfolio,
      instrument: instrument.id,
      side,
      price,
      remaining: sizeLots(restingLots),
      size,
      postOnly: action.postOnly !== POST_ONLY.none,
      clientOrderId: action.clientOrderId,
      label: action.label,
      placedAt: context.timestamp,
    });
  }
  return ok({
    selector: ACTION_RESULT.order,
    value: { orderId: id, filledLots, restingLots, cash: premium, fee },
  });
}

/**
 * How an order enters: it meets the book and rests with what is left of it. One way for orders
 * placed, triggers fired, orders amended and replaced, and quotes.
 *
 * Source: design/exchange.md §2–3. The match is planned (who, at what price, what fees), checked
 * (limits, the account's cash and margin), then applied. Makers are not checked: their orders were
 * margined with the worst fill when they came, and at every mark.
 */

import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import { collectOrder } from '../auction/auction-index.ts';
import { collectedChanges } from '../auction/collected-changes.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type OrderId, orderId, type PortfolioId, sizeLots } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { CLOSE_REASON, type CloseReason, EVENT } from '../event.ts';
import { type FeeMarket, feeTerms } from '../fees/fill-fees.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { changesRefusal } from '../margin/accept-changes.ts';
import { isCovered, tradeRefusal } from '../margin/accept-trade.ts';
import type { OrderTerm } from '../margin/series-holding.ts';
import { applyImpliedOut } from '../multileg/apply-implied-out.ts';
import { enterCombo } from '../multileg/enter-combo.ts';
import {
  type ImpliedFill,
  type OutrightTaker,
  planImpliedOut,
} from '../multileg/plan-implied-out.ts';
import type { OrderResult } from '../receipt.ts';
import { isOpenInterestNear, matchChanges, openInterestRefusal } from '../rules/open-interest.ts';
import type { State } from '../state/state.ts';
import {
  applyMatch,
  type MatchMoney,
  matchMoney,
  type PricedFill,
  priceFills,
} from './apply-match.ts';
import { bookOf } from './books.ts';
import { cancelLinked } from './cancel-linked.ts';
import { bestOpposite, checkOrder, type OrderPlace } from './check-order.ts';
import { closeOrder } from './close-order.ts';
import { announceAmendment } from './decrement-order.ts';
import { emptyPlan, type MatchPlan, planMatch } from './match-plan.ts';
import type { Order, RestingOrder } from './order.ts';
import { takeOrderId } from './order-number.ts';
import { enterBook, leaveBook, restOrder } from './rest-order.ts';
import { PHASE, tradingPhase } from './trading-phase.ts';
import { canRest, mostTurns } from './turns.ts';

/** What an order is beside its terms. */
export type EntryOptions = {
  /** The number that it has: of an amended order, of a fired trigger; 0: the next. */
  readonly id: OrderId;
  readonly isQuote: boolean;
  /** The order or trigger cancelled when it trades; 0: none. */
  readonly cancelsOther: OrderId;
  /** The open order that it takes the place of. */
  readonly replaced: RestingOrder | undefined;
  /** Lots of an amended order that were filled before. */
  readonly filledBefore: number;
};

/** An order with a number of its own that takes no other's place. */
export const NEW_ORDER: EntryOptions = {
  id: orderId(0),
  isQuote: false,
  cancelsOther: orderId(0),
  replaced: undefined,
  filledBefore: 0,
};

/** A list without fills; never pushed to. */
const NO_FILLS: readonly PricedFill[] = [];

/** Money of a match without fills; never changed. */
const NO_MONEY: Readonly<MatchMoney> = matchMoney(NO_FILLS);

/** Premiums of implied fills, and fees of the taker, in micro-USD. */
function impliedMoney(implied: readonly ImpliedFill[]): {
  readonly premium: bigint;
  readonly takerFees: bigint;
} {
  let premium = 0n;
  let takerFees = 0n;
  for (const fill of implied) {
    premium += fill.premium;
    takerFees += fill.takerFee;
  }
  return { premium, takerFees };
}

function releasedTerm({ side, price, remaining }: RestingOrder): OrderTerm {
  return { side, price, lots: -remaining };
}

/**
 * The order terms that the portfolio gains and loses in the series. Orders of the owner's other
 * portfolios are not margined here.
 */
function orderTerms(
  portfolio: PortfolioId,
  place: OrderPlace,
  planned: { readonly side: Order['side']; readonly plan: MatchPlan; readonly restingLots: number },
  replaced: RestingOrder | undefined,
): OrderTerm[] {
  const { side, plan, restingLots } = planned;
  const terms: OrderTerm[] = [];
  for (const { order, lots } of plan.drops) {
    if (order.portfolio === portfolio) {
      terms.push({ side: order.side, price: order.price, lots: -lots });
    }
  }
  if (replaced?.portfolio === portfolio && replaced.instrument === place.instrument.id) {
    terms.push(releasedTerm(replaced));
  }
  if (restingLots > 0) terms.push({ side, price: place.price, lots: restingLots });
  return terms;
}

/** What the fees of a place follow from. */
function marketOf({ instrument, underlying, holding }: OrderPlace): FeeMarket {
  return { underlying, kind: instrument.kind, index: holding.risk.mark.index };
}

/** What the limits of open interest say of a match that comes near them. */
function tooOpenRefusal(
  state: State,
  { instrument, underlying, lots }: OrderPlace,
  { side }: PlaceOrder,
  match: {
    readonly portfolio: PortfolioId;
    readonly plan: MatchPlan;
    readonly implied: readonly ImpliedFill[];
    readonly isCollected: boolean;
  },
): Refusal | undefined {
  const { portfolio, plan, implied, isCollected } = match;
  return openInterestRefusal(state, underlying, instrument, {
    lots: isCollected ? lots : plan.filledLots + lotsOf(implied),
    changes: () =>
      isCollected
        ? collectedChanges(portfolio, side, lots)
        : matchChanges(portfolio, side, [...plan.fills, ...implied.map(asFill)]),
  });
}

/** What cash and margin say of a planned order. */
function moneyRefusal(
  state: State,
  portfolio: PortfolioId,
  place: OrderPlace,
  planned: {
    readonly side: Order['side'];
    readonly plan: MatchPlan;
    readonly restingLots: number;
    readonly position: number;
    readonly cash: bigint;
  },
  replaced: RestingOrder | undefined,
): Refusal | undefined {
  const { instrument, holding, expiry } = place;
  const { position, cash } = planned;
  const orders = orderTerms(portfolio, place, planned, replaced);
  if (replaced?.portfolio !== portfolio || replaced.instrument === instrument.id) {
    return tradeRefusal(state, { portfolio, holding, expiry, position, orders, cash });
  }
  const changes = [
    { instrument: instrument.id, position, orders },
    { instrument: replaced.instrument, position: 0, orders: [releasedTerm(replaced)] },
  ];
  return changesRefusal(state, { portfolio, changes, cash });
}

/** Refusals of the match itself, in order: would_take, too_many_fills, not_filled, self_trade. */
function matchRefusal(
  state: State,
  order: PlaceOrder,
  plan: MatchPlan,
  gone: OrderId,
  impliedLots: number,
): Refusal | undefined {
  const { side, price, size, timeInForce } = order;
  if (plan.fills.length === 0 && plan.drops.length === 0 && !plan.stopped) {
    if (timeInForce !== TIME_IN_FORCE.fok || impliedLots === size) return undefined;
    return refusal('not_filled', { given: size, allowed: impliedLots });
  }
  if (order.postOnly !== POST_ONLY.none) {
    const best = bestOpposite(bookOf(state, order.instrument), side, gone);
    return refusal('would_take', { given: price, allowed: best ?? 0 });
  }
  const isWhole = timeInForce === TIME_IN_FORCE.fok;
  if (plan.truncated && isWhole) {
    const allowed = mostTurns(order);
    return refusal('too_many_fills', { given: allowed + 1, allowed });
  }
  if (isWhole && plan.filledLots + impliedLots < size) {
    return refusal('not_filled', { given: size, allowed: plan.filledLots + impliedLots });
  }
  if (plan.stopped && plan.fills.length === 0 && plan.drops.length === 0) {
    return refusal('self_trade', { given: price });
  }
  return undefined;
}

/** Why nothing is left of an amended order. */
function endOf({ stopped, truncated }: MatchPlan, filledLots: number, lots: number): CloseReason {
  if (filledLots === lots) return CLOSE_REASON.filled;
  return truncated && !stopped ? CLOSE_REASON.cancelled : CLOSE_REASON.selfTrade;
}

/** The row of what is left of an order. */
function restingTerms(
  context: BlockContext,
  order: PlaceOrder,
  place: OrderPlace,
  row: {
    readonly id: OrderId;
    readonly portfolio: PortfolioId;
    readonly priority: OrderId;
    readonly lots: number;
    readonly cancelsOther: OrderId;
  },
  { isQuote, filledBefore }: EntryOptions,
): Order {
  const { displaySize } = order;
  const shown = displaySize !== 0 && displaySize < row.lots ? displaySize : row.lots;
  return {
    id: row.id,
    portfolio: row.portfolio,
    instrument: order.instrument,
    side: order.side,
    price: place.price,
    remaining: sizeLots(row.lots),
    size: sizeLots(place.lots + filledBefore),
    displaySize,
    shown: sizeLots(shown),
    priority: row.priority,
    postOnly: order.postOnly !== POST_ONLY.none,
    reduceOnly: order.reduceOnly,
    isQuote,
    // What rests of an order that cannot is collected for an auction, and leaves with it.
    auctionOnly: order.timeInForce === TIME_IN_FORCE.gfa || !canRest(order),
    continuousOnly: order.timeInForce === TIME_IN_FORCE.gfn,
    expiresAt: order.expiresAt,
    cancelsOther: row.cancelsOther,
    clientOrderId: order.clientOrderId,
    label: order.label,
    placedAt: context.timestamp,
  };
}

const NO_IMPLIED: readonly ImpliedFill[] = [];

/** Fills against combo orders; a post-only order makes none. */
function impliedFills(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  order: PlaceOrder,
  outright: MatchPlan,
): readonly ImpliedFill[] {
  if (order.postOnly !== POST_ONLY.none) return NO_IMPLIED;
  return planImpliedOut(state, context, taker, outright);
}

function lotsOf(fills: readonly ImpliedFill[]): number {
  return fills.reduce((sum, { lots }) => sum + lots, 0);
}

/** The taker's leg of an implied fill, as a fill of the combo order. */
function asFill({ order, lots }: ImpliedFill): {
  readonly maker: RestingOrder;
  readonly lots: number;
} {
  return { maker: order, lots };
}

/**
 * Lets an order of `portfolio` enter. Errors in order: those of `checkOrder`, would_take (given: the
 * limit, allowed: the best opposite price), too_many_fills, not_filled, self_trade,
 * open_interest_limit, underlying_open_interest_limit, insufficient_cash, insufficient_margin. A
 * refused order changes nothing: one that it was to replace stays. One that would meet more orders than
 * its turns (`turns.ts`) ends there as an IOC order does; a FOK order is refused: too_many_fills.
 *
 * An order that does not rest has neither `opened` nor `closed` event. Cost: O(fills); ~2 µs without
 * any.
 */
export function enterOrder(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  order: PlaceOrder,
  options: EntryOptions,
): Result<OrderResult, Refusal> {
  const { replaced } = options;
  if (state.combos.size > 0 && state.combos.has(order.instrument)) {
    if (options !== NEW_ORDER) return err(refusal('bad_combo_terms'));
    return enterCombo(state, context, portfolio, order);
  }
  if (replaced !== undefined && state.combos.size > 0 && state.combos.has(replaced.instrument)) {
    return err(refusal('bad_combo_terms'));
  }
  const checked = checkOrder(state, context, portfolio, order, replaced);
  if (!checked.ok) return checked;
  const place = checked.value;
  const { instrument, underlying, price, lots } = place;
  const { side } = order;
  const gone = replaced?.id ?? NEW_ORDER.id;
  const isCollected = tradingPhase(state, instrument) === PHASE.collecting;
  const { selfTradePrevention } = order;
  const turns = mostTurns(order);
  const taker = { portfolio, side, price, size: lots, turns, selfTradePrevention, replaced: gone };
  const book = bookOf(state, instrument.id);
  const outright = isCollected ? emptyPlan(lots) : planMatch(state, book, taker);
  const implied =
    state.derived.combos.restingByLeg.size === 0 || isCollected
      ? NO_IMPLIED
      : impliedFills(state, context, { ...taker, instrument: instrument.id }, order, outright);
  const impliedLots = implied.length === 0 ? 0 : lotsOf(implied);
  const plan =
    impliedLots === 0 ? outright : planMatch(state, book, { ...taker, size: lots - impliedLots });
  const unmatchable = isCollected ? undefined : matchRefusal(state, order, plan, gone, impliedLots);
  if (unmatchable !== undefined) return err(unmatchable);

  const filledLots = plan.filledLots + impliedLots;
  const opening = isCollected ? lots : filledLots;
  if (opening > 0 && isOpenInterestNear(state, underlying, instrument, opening)) {
    const tooOpen = tooOpenRefusal(state, place, order, { portfolio, plan, implied, isCollected });
    if (tooOpen !== undefined) return err(tooOpen);
  }
  const fills =
    plan.fills.length === 0
      ? NO_FILLS
      : priceFills(plan, feeTerms(state, context, marketOf(place), portfolio));
  const money = fills.length === 0 ? NO_MONEY : matchMoney(fills);
  let { premium, takerFees: fee } = money;
  if (implied.length > 0) {
    const other = impliedMoney(implied);
    premium += other.premium;
    fee += other.takerFees;
  }
  const received = side === SIDE.buy && premium > 0n ? -premium : premium;
  const rests = !plan.stopped && !plan.truncated && (isCollected || canRest(order));
  const restingLots = rests ? plan.openLots : 0;
  const position = side === SIDE.buy ? filledLots : -filledLots;
  const cash = filledLots === 0 ? 0n : received - fee;
  const releases = replaced !== undefined || plan.drops.length > 0;
  if (releases || !isCovered(state, portfolio, place, { side, position, restingLots, cash })) {
    const planned = { side, plan, restingLots, position, cash };
    const refused = moneyRefusal(state, portfolio, place, planned, replaced);
    if (refused !== undefined) return err(refused);
  }

  // From here it must succeed.
  const { isLinear } = place.holding.risk;
  const balance = isLinear ? balanceOf(state, portfolio, DENOMINATION.usd) : 0n;
  const isNew = options.id === 0;
  const id = isNew ? takeOrderId(state) : options.id;
  const isAmended = replaced?.id === id;
  if (replaced !== undefined) {
    if (isAmended) leaveBook(state, replaced);
    else closeOrder(state, context, replaced, CLOSE_REASON.cancelled);
  }
  const incoming = { id, portfolio, instrument: instrument.id, side };
  if (fills.length > 0 || plan.drops.length > 0) {
    applyMatch(state, context, { taker: incoming, plan, fills, money, isLinear });
  }
  if (impliedLots > 0) applyImpliedOut(state, context, incoming, implied);
  if (restingLots > 0) {
    // A number given earlier is not one to queue by.
    const priority = isNew ? id : takeOrderId(state);
    const cancelsOther = filledLots > 0 ? NEW_ORDER.cancelsOther : options.cancelsOther;
    const row = { id, portfolio, priority, lots: restingLots, cancelsOther };
    const terms = restingTerms(context, order, place, row, options);
    if (isAmended) {
      enterBook(state, terms);
      announceAmendment(context, terms);
    } else restOrder(state, context, terms, book);
    if (isCollected) collectOrder(state, instrument, terms);
  } else if (isAmended) {
    context.events.push({
      selector: EVENT.orderClosed,
      value: { orderId: id, reason: endOf(plan, filledLots, lots) },
    });
  }
  if (filledLots > 0 && options.cancelsOther !== 0) {
    cancelLinked(state, context, { cancelsOther: options.cancelsOther });
  }
  // Of a future or a perpetual what the trade realised, and funding.
  const paid = isLinear ? balanceOf(state, portfolio, DENOMINATION.usd) - balance + fee : received;
  return ok({ orderId: id, filledLots, restingLots, cash: paid, fee });
}

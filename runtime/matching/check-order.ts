/**
 * What of an order can be judged before it meets the book.
 *
 * Errors in order: unknown_instrument, instrument_not_open, bad_side, bad_type, bad_time_in_force,
 * bad_post_only, bad_self_trade_prevention, bad_price, bad_size, bad_display_size, bad_expires_at,
 * market_cannot_rest, post_only_ioc, post_only_required, reduce_only_required, not_in_auction,
 * no_auction, price_not_on_tick, no_mark, price_band, would_take (where it slides),
 * duplicate_client_id, nothing_to_reduce, below_min_size, above_max_size, too_many_orders,
 * too_many_account_orders, too_many_positions, position_limit, account_limit.
 */

import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  type Side,
  TIME_IN_FORCE,
} from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import { bestRestingBefore } from '../auction/batch-post-only.ts';
import { auctionKind } from '../auction/phase.ts';
import { closedRefusal, termsRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  type InstrumentId,
  type OrderId,
  orderId,
  type PortfolioId,
  type PriceTicks,
  portfolioAccount,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import {
  MAX_ICEBERG_SLICES,
  MAX_OPEN_ORDERS_PER_ACCOUNT,
  MAX_OPEN_ORDERS_PER_PORTFOLIO,
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_ORDER_LIFETIME_MS,
  MAX_ORDER_LOTS,
  MAX_POSITIONS_PER_PORTFOLIO,
  MAX_PRICE_TICKS,
} from '../limits.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import {
  EXACT_LIMIT,
  type ExpiryHolding,
  emptyExpiryHolding,
  magnitudeWith,
  refreshMarks,
} from '../margin/expiry-holding.ts';
import { expiryOf, type Portfolio } from '../margin/portfolio-index.ts';
import { emptySeriesHolding, type SeriesHolding } from '../margin/series-holding.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import type { Instrument } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import { type PriceBand, priceBand } from '../oracle/price-band.ts';
import { tickRefusal } from '../rules/order-price.ts';
import { sizeBoundsRefusal } from '../rules/order-size.ts';
import {
  accountLimitRefusal,
  positionLimitRefusal,
  positionReach,
} from '../rules/position-limits.ts';
import { bandRefusal, clipToBand } from '../rules/price-band.ts';
import type { State } from '../state/state.ts';
import { type Book, crosses, oppositeSide } from './book.ts';
import { bookOf } from './books.ts';
import { takenClientId } from './client-order-id.ts';
import { priceOutside } from './next-price.ts';
import type { RestingOrder } from './order.ts';
import { accountOrders } from './order-index.ts';
import { bestLevel, worseLevel } from './price-levels.ts';
import { canRest } from './turns.ts';

/** Where an order goes: empty holdings, not indexed, where the account holds nothing. */
export type OrderPlace = {
  readonly instrument: Instrument;
  readonly underlying: Underlying;
  /** `undefined`: it holds nothing. */
  readonly portfolio: Portfolio | undefined;
  readonly holding: SeriesHolding;
  readonly expiry: ExpiryHolding;
  /** The worst price at which it trades, and the price at which it rests. */
  readonly price: PriceTicks;
  /** Its size, or what of it reduces the position. */
  readonly lots: number;
};

const NO_ORDER = orderId(0);

/** Fields that are numbers of a list, or in a range. */
function rangeRefusal(order: PlaceOrder): Refusal | undefined {
  const { side, type, timeInForce, price, size, postOnly, selfTradePrevention } = order;
  if (side !== SIDE.buy && side !== SIDE.sell) {
    return refusal('bad_side', { given: side, allowed: SIDE.sell });
  }
  if (type !== ORDER_TYPE.limit && type !== ORDER_TYPE.market) {
    return refusal('bad_type', { given: type, allowed: ORDER_TYPE.market });
  }
  if (timeInForce > TIME_IN_FORCE.gfn) {
    return refusal('bad_time_in_force', { given: timeInForce, allowed: TIME_IN_FORCE.gfn });
  }
  if (postOnly > POST_ONLY.slide) {
    return refusal('bad_post_only', { given: postOnly, allowed: POST_ONLY.slide });
  }
  if (selfTradePrevention > SELF_TRADE_PREVENTION.decrementBoth) {
    return refusal('bad_self_trade_prevention', {
      given: selfTradePrevention,
      allowed: SELF_TRADE_PREVENTION.decrementBoth,
    });
  }
  const least = type === ORDER_TYPE.market ? 0 : 1;
  if (price < least || price > MAX_PRICE_TICKS) {
    return refusal('bad_price', { given: price, allowed: price < least ? least : MAX_PRICE_TICKS });
  }
  if (size < 1 || size > MAX_ORDER_LOTS) {
    return refusal('bad_size', { given: size, allowed: size < 1 ? 1 : MAX_ORDER_LOTS });
  }
  return undefined;
}

/** An iceberg shows at most all of its lots and at least a share of them. */
function displayRefusal(order: PlaceOrder): Refusal | undefined {
  const { displaySize, size } = order;
  if (displaySize === 0) return undefined;
  const most = canRest(order) ? size : 0;
  if (displaySize > most) {
    return refusal('bad_display_size', { given: displaySize, allowed: most });
  }
  const least = -Math.floor(-size / MAX_ICEBERG_SLICES);
  if (displaySize < least) {
    return refusal('bad_display_size', { given: displaySize, allowed: least });
  }
  return undefined;
}

/** A GTT order ends after this block and not too far ahead; no other has an end. */
function expiryRefusal(
  context: BlockContext,
  { timeInForce, expiresAt }: PlaceOrder,
): Refusal | undefined {
  if (timeInForce !== TIME_IN_FORCE.gtt) {
    return expiresAt === 0 ? undefined : refusal('bad_expires_at', { given: expiresAt });
  }
  const last = context.timestamp + MAX_ORDER_LIFETIME_MS;
  if (expiresAt > context.timestamp && expiresAt <= last) return undefined;
  const allowed = expiresAt > last ? last : context.timestamp + 1;
  return refusal('bad_expires_at', { given: expiresAt, allowed });
}

/** Fields that need nothing but the order and the time, alone and together. */
export function fieldRefusal(context: BlockContext, order: PlaceOrder): Refusal | undefined {
  const bad = rangeRefusal(order) ?? displayRefusal(order) ?? expiryRefusal(context, order);
  if (bad !== undefined) return bad;
  const { type, timeInForce, postOnly } = order;
  const isMarket = type === ORDER_TYPE.market;
  if (isMarket && canRest(order) && timeInForce !== TIME_IN_FORCE.gfa) {
    return refusal('market_cannot_rest', { given: timeInForce, allowed: TIME_IN_FORCE.ioc });
  }
  if (postOnly !== POST_ONLY.none && (isMarket || !canRest(order))) {
    return refusal('post_only_ioc', { given: timeInForce });
  }
  return undefined;
}

/** The instrument, when it takes orders. Errors in order: unknown_instrument, instrument_not_open. */
export function openInstrument(
  state: State,
  context: BlockContext,
  id: InstrumentId,
): Result<Instrument, Refusal> {
  const instrument = state.instruments.get(id);
  if (instrument === undefined) return err(refusal('unknown_instrument', { given: id }));
  const closed = closedRefusal(state, context, instrument);
  return closed === undefined ? ok(instrument) : err(closed);
}

/** The best price that an order of `side` would trade at, an order that is gone not counted. */
export function bestOpposite(book: Book, side: Side, gone: OrderId): PriceTicks | undefined {
  let level = bestLevel(oppositeSide(book, side));
  for (; level !== undefined; level = worseLevel(level)) {
    if (level.orders > 1 || level.head?.id !== gone) return level.price;
  }
  return undefined;
}

/** The price of a post-only order: its own, or just outside the best opposite price if it slides. */
function makerPrice(
  band: PriceBand,
  order: PlaceOrder,
  best: PriceTicks | undefined,
): Result<PriceTicks, Refusal> {
  const { side, price, postOnly } = order;
  if (best === undefined || !crosses(side, price, best)) return ok(price);
  if (postOnly !== POST_ONLY.slide)
    return err(refusal('would_take', { given: price, allowed: best }));
  const outside = priceOutside(band.ticks, side, best);
  if (bandRefusal(band, outside) === undefined) return ok(outside);
  return err(refusal('would_take', { given: price, allowed: best }));
}

/** The worst price at which an order trades. Errors in order: price_band, would_take. */
function limitPrice(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  band: PriceBand,
  order: PlaceOrder,
  gone: OrderId,
): Result<PriceTicks, Refusal> {
  const { type, side, price, postOnly } = order;
  if (type === ORDER_TYPE.market) {
    if (price === 0) return ok(side === SIDE.buy ? band.high : band.low);
    return ok(clipToBand(band, side, price));
  }
  const outside = bandRefusal(band, price);
  if (outside !== undefined) return err(outside);
  if (postOnly === POST_ONLY.none) return ok(price);
  const kind = auctionKind(state, instrument);
  const book = bookOf(state, instrument.id);
  if (kind === 'batch') {
    // Nobody takes in a batch but from what rested before it: that a post-only order must not meet.
    return makerPrice(band, order, bestRestingBefore(state, context, instrument.id, side, gone));
  }
  if (kind === 'call' || postOnly !== POST_ONLY.slide) return ok(price);
  return makerPrice(band, order, bestOpposite(book, side, gone));
}

/** Lots of the position on the other side of an order; not above 0: there is nothing to close. */
function closableLots(holding: SeriesHolding | undefined, { side }: PlaceOrder): number {
  const position = holding?.position ?? 0;
  return side === SIDE.buy ? -position : position;
}

/** The lots of an order that would trade or rest: of a reduce-only order what closes. */
function effectiveLots(holding: SeriesHolding | undefined, order: PlaceOrder): number {
  if (!order.reduceOnly) return order.size;
  const closable = closableLots(holding, order);
  return closable < order.size ? closable : order.size;
}

/** `too_many_account_orders`; of an account with so many `gone` that leave first. O(1). */
export function accountCountRefusal(
  state: State,
  portfolio: PortfolioId,
  gone: number,
): Refusal | undefined {
  const given = accountOrders(state, portfolioAccount(portfolio)) - gone;
  if (given < MAX_OPEN_ORDERS_PER_ACCOUNT) return undefined;
  return refusal('too_many_account_orders', { given, allowed: MAX_OPEN_ORDERS_PER_ACCOUNT });
}

function positionsRefusal(
  portfolio: Portfolio | undefined,
  holding: SeriesHolding | undefined,
): Refusal | undefined {
  if (portfolio === undefined || holding !== undefined) return undefined;
  const given = portfolio.places.size;
  if (given < MAX_POSITIONS_PER_PORTFOLIO) return undefined;
  return refusal('too_many_positions', { given, allowed: MAX_POSITIONS_PER_PORTFOLIO });
}

function countRefusal(
  portfolio: Portfolio | undefined,
  holding: SeriesHolding | undefined,
  order: PlaceOrder,
  replaced: RestingOrder | undefined,
): Refusal | undefined {
  if (portfolio === undefined) return undefined;
  const isOwn = replaced !== undefined && replaced.portfolio === portfolio.id;
  const isSame = isOwn && replaced.instrument === order.instrument;
  const inSeries = (holding?.orders.length ?? 0) - (isSame ? 1 : 0);
  if (inSeries >= MAX_OPEN_ORDERS_PER_SERIES) {
    return refusal('too_many_orders', { given: inSeries, allowed: MAX_OPEN_ORDERS_PER_SERIES });
  }
  const openOrders = portfolio.openOrders - (isOwn ? 1 : 0);
  if (openOrders < MAX_OPEN_ORDERS_PER_PORTFOLIO) return undefined;
  const allowed = MAX_OPEN_ORDERS_PER_PORTFOLIO;
  return refusal('too_many_orders', { given: openOrders, allowed });
}

/** What a portfolio holds in an expiry. */
function expiryAt(portfolio: Portfolio | undefined, key: number): ExpiryHolding {
  return portfolio?.expiries.get(key) ?? emptyExpiryHolding(key);
}

/** The position that all open orders of the side could lead to, and the sums of its margin. */
function sizeRefusal(
  underlying: Underlying,
  { holding, expiry, price, lots }: OrderPlace,
  side: Side,
  releasedLots: number,
): Refusal | undefined {
  const { risk } = holding;
  const reach = positionReach(holding, side, lots - releasedLots);
  const tooFar = positionLimitRefusal(underlying, reach);
  if (tooFar !== undefined) return tooFar;
  const premium = lots * price * risk.tickValue;
  const magnitude = magnitudeWith(expiry, { risk, lots, premium });
  // An index that doubles between two marks must not take the sums beyond what is exact; closing
  // is allowed up to that.
  const closes = reach <= 0;
  const allowed = closes ? EXACT_LIMIT : EXACT_LIMIT / 2;
  if (!expiry.isExact || magnitude >= allowed) {
    return refusal('position_limit', { given: Math.floor(magnitude), allowed });
  }
  return undefined;
}

/** Lots that leave the side of an order with the order that it takes the place of. */
function lotsReleased(
  portfolio: PortfolioId,
  order: PlaceOrder,
  replaced: RestingOrder | undefined,
): number {
  if (replaced === undefined || replaced.portfolio !== portfolio) return 0;
  const isSame = replaced.instrument === order.instrument && replaced.side === order.side;
  return isSame ? replaced.remaining : 0;
}

/** What the account may hold of the underlying over its portfolios; see `position-limits.ts`. */
function accountRefusal(
  state: State,
  underlying: Underlying,
  { holding, lots }: OrderPlace,
  order: PlaceOrder,
  portfolio: PortfolioId,
  replaced: RestingOrder | undefined,
): Refusal | undefined {
  if (underlying.maxAccountLots === 0) return undefined;
  const released = lotsReleased(portfolio, order, replaced);
  const reach = positionReach(holding, order.side, lots - released);
  const opening = reach < lots ? reach : lots;
  const freed = replaced?.instrument === order.instrument ? replaced.remaining : 0;
  return accountLimitRefusal(state, underlying, portfolioAccount(portfolio), opening - freed);
}

/**
 * Checks an order against the instrument, its fields, the mark and the account's limits; the place
 * has sums at the marks in force. `replaced` is an order that will be gone when this one enters.
 * Errors in the order of the module's head.
 */
export function checkOrder(
  state: State,
  context: BlockContext,
  portfolioId: PortfolioId,
  order: PlaceOrder,
  replaced: RestingOrder | undefined,
): Result<OrderPlace, Refusal> {
  const open = openInstrument(state, context, order.instrument);
  if (!open.ok) return open;
  const instrument = open.value;
  const badField = fieldRefusal(context, order);
  if (badField !== undefined) return err(badField);
  const unfit = termsRefusal(state, instrument, order);
  if (unfit !== undefined) return err(unfit);

  const underlying = contractTerms(state.underlyings.must(instrument.underlying), instrument.kind);
  const offTick = tickRefusal(underlying.optionTicks, order.price);
  if (offTick !== undefined) return err(offTick);

  const band = priceBand(state, context, instrument.id);
  if (band === undefined) return err(refusal('no_mark'));
  const gone = replaced?.id ?? NO_ORDER;
  const limit = limitPrice(state, context, instrument, band, order, gone);
  if (!limit.ok) return limit;
  const price = limit.value;

  const { portfolios } = state.derived;
  const portfolio = portfolios.byPortfolio.get(portfolioId);
  const { clientOrderId } = order;
  if (clientOrderId !== 0) {
    const taken = takenClientId(state, portfolioId, portfolio, clientOrderId);
    if (taken !== undefined && taken !== gone) {
      return err(refusal('duplicate_client_id', { given: clientOrderId, allowed: taken }));
    }
  }
  const placed = portfolio?.places.get(instrument.id);
  portfolios.recent = placed;
  const known = placed?.holding;
  const lots = effectiveLots(known, order);
  if (lots <= 0) {
    return err(refusal('nothing_to_reduce', { given: order.size, allowed: known?.position ?? 0 }));
  }
  const badSize = sizeBoundsRefusal(underlying, lots, closableLots(known, order));
  if (badSize !== undefined) return err(badSize);
  // What is collected for an auction rests until then, whatever its terms.
  const rests = canRest(order) || auctionKind(state, instrument) !== undefined;
  const tooMany = rests
    ? (countRefusal(portfolio, known, order, replaced) ??
      accountCountRefusal(state, portfolioId, replaced === undefined ? 0 : 1) ??
      positionsRefusal(portfolio, known))
    : positionsRefusal(portfolio, known);
  if (tooMany !== undefined) return err(tooMany);

  const expiry = placed?.expiry ?? expiryAt(portfolio, expiryOf(state, instrument.id));
  refreshMarks(state, expiry);
  const holding = known ?? emptySeriesHolding(instrument.id, seriesRisk(state, instrument.id));
  const place: OrderPlace = { instrument, underlying, portfolio, holding, expiry, price, lots };
  const released = lotsReleased(portfolioId, order, replaced);
  const tooLarge =
    sizeRefusal(underlying, place, order.side, released) ??
    accountRefusal(state, underlying, place, order, portfolioId, replaced);
  return tooLarge === undefined ? ok(place) : err(tooLarge);
}

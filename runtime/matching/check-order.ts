/**
 * What of an order can be judged before it meets the book.
 *
 * Errors in order: unknown_instrument, instrument_not_open, bad_side, bad_time_in_force, bad_price,
 * bad_size, post_only_ioc, no_mark, price_band, duplicate_client_id, too_many_orders,
 * too_many_positions, position_limit.
 */

import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { PortfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import {
  MAX_OPEN_ORDERS_PER_PORTFOLIO,
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_ORDER_LOTS,
  MAX_POSITIONS_PER_PORTFOLIO,
  MAX_PRICE_TICKS,
} from '../limits.ts';
import {
  EXACT_LIMIT,
  type ExpiryHolding,
  emptyExpiryHolding,
  magnitudeWith,
  refreshExpiry,
} from '../margin/expiry-holding.ts';
import { expiryOf, type Portfolio } from '../margin/portfolio-index.ts';
import { emptySeriesHolding, type SeriesHolding } from '../margin/series-holding.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import { INSTRUMENT_STATE, type Instrument } from '../options/instrument.ts';
import { priceBand } from '../oracle/price-band.ts';
import type { State } from '../state/state.ts';

/** What the account holds where the order goes: empty holdings, not indexed, where nothing is. */
export type OrderPlace = {
  readonly instrument: Instrument;
  readonly holding: SeriesHolding;
  readonly expiry: ExpiryHolding;
};

/** Fields that need nothing but the action. */
function fieldRefusal(action: PlaceOrder): Refusal | undefined {
  const { side, timeInForce, price, size, postOnly } = action;
  if (side !== SIDE.buy && side !== SIDE.sell) {
    return refusal('bad_side', { given: side, allowed: SIDE.sell });
  }
  if (timeInForce !== TIME_IN_FORCE.gtc && timeInForce !== TIME_IN_FORCE.ioc) {
    return refusal('bad_time_in_force', { given: timeInForce, allowed: TIME_IN_FORCE.ioc });
  }
  if (price < 1 || price > MAX_PRICE_TICKS) {
    return refusal('bad_price', { given: price, allowed: price < 1 ? 1 : MAX_PRICE_TICKS });
  }
  if (size < 1 || size > MAX_ORDER_LOTS) {
    return refusal('bad_size', { given: size, allowed: size < 1 ? 1 : MAX_ORDER_LOTS });
  }
  if (postOnly !== POST_ONLY.none && timeInForce === TIME_IN_FORCE.ioc)
    return refusal('post_only_ioc');
  return undefined;
}

function countRefusal(
  portfolio: Portfolio | undefined,
  holding: SeriesHolding | undefined,
  action: PlaceOrder,
): Refusal | undefined {
  if (portfolio === undefined) return undefined;
  const { clientOrderId, timeInForce } = action;
  if (clientOrderId !== 0 && portfolio.clientOrders.has(clientOrderId)) {
    return refusal('duplicate_client_id', { given: clientOrderId });
  }
  if (timeInForce === TIME_IN_FORCE.gtc) {
    const inSeries = holding?.orders.size ?? 0;
    if (inSeries >= MAX_OPEN_ORDERS_PER_SERIES) {
      return refusal('too_many_orders', { given: inSeries, allowed: MAX_OPEN_ORDERS_PER_SERIES });
    }
    const { openOrders } = portfolio;
    if (openOrders >= MAX_OPEN_ORDERS_PER_PORTFOLIO) {
      const allowed = MAX_OPEN_ORDERS_PER_PORTFOLIO;
      return refusal('too_many_orders', { given: openOrders, allowed });
    }
  }
  if (holding === undefined && portfolio.series.size >= MAX_POSITIONS_PER_PORTFOLIO) {
    const allowed = MAX_POSITIONS_PER_PORTFOLIO;
    return refusal('too_many_positions', { given: portfolio.series.size, allowed });
  }
  return undefined;
}

/** The position that all open orders of the side could lead to, and the sums of its margin. */
function sizeRefusal({ holding, expiry }: OrderPlace, action: PlaceOrder): Refusal | undefined {
  const { position, bidLots, askLots, risk } = holding;
  const { side, size, price } = action;
  const reach: number = size + (side === SIDE.buy ? position + bidLots : askLots - position);
  if (reach > MAX_ORDER_LOTS) {
    return refusal('position_limit', { given: reach, allowed: MAX_ORDER_LOTS });
  }
  const premium = size * price * risk.tickValue;
  const magnitude = magnitudeWith(expiry, { risk, lots: size, premium });
  // An index that doubles between two marks must not take the sums beyond what is exact; closing
  // is allowed up to that.
  const closes = reach <= 0;
  const allowed = closes ? EXACT_LIMIT : EXACT_LIMIT / 2;
  if (!expiry.isExact || magnitude >= allowed) {
    return refusal('position_limit', { given: Math.floor(magnitude), allowed });
  }
  return undefined;
}

/**
 * Checks an order against the instrument, its fields, the mark and the account's limits; the place
 * has sums at the marks in force. Errors in the order of the module's head.
 */
export function checkOrder(
  state: State,
  context: BlockContext,
  portfolioId: PortfolioId,
  action: PlaceOrder,
): Result<OrderPlace, Refusal> {
  const instrument = state.instruments.get(action.instrument);
  if (instrument === undefined) {
    return err(refusal('unknown_instrument', { given: action.instrument }));
  }
  if (instrument.state !== INSTRUMENT_STATE.open || instrument.expiry <= context.timestamp) {
    return err(refusal('instrument_not_open', { given: instrument.state }));
  }
  const badField = fieldRefusal(action);
  if (badField !== undefined) return err(badField);

  const band = priceBand(state, context, instrument.id);
  if (band === undefined) return err(refusal('no_mark'));
  const { price } = action;
  if (price < band.low || price > band.high) {
    const allowed = price < band.low ? band.low : band.high;
    return err(refusal('price_band', { given: price, allowed }));
  }

  const portfolio = state.derived.portfolios.byPortfolio.get(portfolioId);
  const known = portfolio?.series.get(instrument.id);
  const tooMany = countRefusal(portfolio, known, action);
  if (tooMany !== undefined) return err(tooMany);

  const key = expiryOf(state, instrument.id);
  const expiry = portfolio?.expiries.get(key) ?? emptyExpiryHolding(key);
  refreshExpiry(state, expiry);
  const holding = known ?? emptySeriesHolding(instrument.id, seriesRisk(state, instrument.id));
  const place = { instrument, holding, expiry };
  const tooLarge = sizeRefusal(place, action);
  return tooLarge === undefined ? ok(place) : err(tooLarge);
}

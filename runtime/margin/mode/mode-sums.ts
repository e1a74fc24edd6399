/**
 * Kept sums of a portfolio in portfolio mode: one part per expiry and measure, made when first asked
 * for after a mark, changed by addition since.
 *
 * Source: design/exchange.md §3, "Speed" and "Exactness"; docs/spec/portfolio-margin.md. Every change
 * of a position or an order that the portfolio index notes is noted here, for portfolios that have
 * such sums. A part whose arrays are no longer those in force is dropped at the next change or look.
 *
 * Invariant: a part equals the one made afresh from the same holding and arrays, bit for bit.
 */

import { SIDE, type Side } from '../../actions/order-terms.ts';
import type { OrderId, PriceTicks } from '../../core/units.ts';
import type { State } from '../../state/state.ts';
import { type ExpiryHolding, isCurrent, refreshMarks } from '../expiry-holding.ts';
import { type OrderTerm, orderCash } from '../portfolio/account.ts';
import {
  type AccountSums,
  addOrder,
  changePosition,
  type NumberedTerm,
  orderAt,
  removeOrder,
  sumsOf,
} from '../portfolio/account-sums.ts';
import { EXACT_UNITS, type RiskArrays } from '../portfolio/risk-arrays.ts';
import type { Measure } from '../portfolio/risk-layout.ts';
import type { Place, Portfolio } from '../portfolio-index.ts';
import type { SeriesHolding } from '../series-holding.ts';
import type { SeriesRisk } from '../series-risk.ts';
import { divideUp } from '../standard-margin.ts';
import { type FilledExpiry, MICRO_USD_PER_UNIT } from './fill-expiry.ts';
import { type ExpiryRisk, riskOf, rowOf } from './risk-index.ts';

/** Sums of one expiry, each made when first asked for. */
type Part = {
  readonly arrays: RiskArrays;
  initial: AccountSums | undefined;
  maintenance: AccountSums | undefined;
};

const FULL_BPS = 10_000;

/** Of a portfolio in portfolio mode; keys are `expiryKey`s. */
export type ModeSums = { readonly parts: Map<number, Part> };

export function modeSums(): ModeSums {
  return { parts: new Map() };
}

/** An order's lots as the kernels take them. */
export type Terms = { readonly side: Side; readonly price: PriceTicks; readonly lots: number };

/**
 * The term of an order in a series: its lots with their sign, and what a filled lot is counted to
 * change equity by. The fee is that of a lot, rounded up as it is reserved.
 */
export function orderTerm(
  arrays: RiskArrays,
  row: number,
  risk: SeriesRisk,
  { side, price, lots }: Terms,
): OrderTerm {
  const { values, layout } = arrays;
  const premium = price * risk.tickValue;
  const fee = Math.min(risk.feeOfNotional, divideUp(premium * risk.feeCapBps, FULL_BPS));
  const isBid = side === SIDE.buy;
  // The row of a future has no mark: its price is what it is marked at.
  const isLinear = arrays.isLinear[row] === 1;
  const mark = isLinear
    ? risk.markValue / MICRO_USD_PER_UNIT
    : (values[row * layout.columns + layout.mark] ?? 0);
  const cash = orderCash({
    side: isBid ? 'bid' : 'ask',
    mark,
    price: premium / MICRO_USD_PER_UNIT,
    fee: fee / MICRO_USD_PER_UNIT,
  });
  return { row, lots: isBid ? lots : -lots, cash };
}

/** Number of an order's term in the sums: a combo's may have two at one strike, call and put. */
export function termNumber(order: OrderId, row: number): number {
  return 2 * order + (row % 2);
}

/**
 * A bound above every sum over an expiry's lots on these arrays, `more` included: what `isExact` of
 * `account.ts` asks, with the orders' cash bounded by premium, mark and fee. Infinite where the
 * holding's own sums are not exact. O(1).
 */
export function magnitudeOn(
  { largestValue, largestTerm }: RiskArrays,
  expiry: ExpiryHolding,
  more: { readonly lots: number; readonly premium: number } = { lots: 0, premium: 0 },
): number {
  if (!expiry.isExact) return Number.POSITIVE_INFINITY;
  // `lotBound` holds the fee of a lot; the value bounds the mark.
  const perLot = largestValue + largestTerm + expiry.lotBound / MICRO_USD_PER_UNIT;
  const premium = (expiry.premium + more.premium) / MICRO_USD_PER_UNIT;
  return (expiry.lots + more.lots) * perLot + premium;
}

function* termsOf(risk: FilledExpiry, holding: SeriesHolding): Generator<NumberedTerm> {
  const row = rowOf(risk, holding.instrument);
  for (const { id, side, price, remaining: lots } of holding.orders) {
    const order = orderTerm(risk.arrays, row, holding.risk, { side, price, lots });
    yield { id: termNumber(id, row), order };
  }
}

function* allTerms(risk: FilledExpiry, { series }: ExpiryHolding): Generator<NumberedTerm> {
  for (const holding of series.values()) yield* termsOf(risk, holding);
}

function* allPositions(
  risk: FilledExpiry,
  { series }: ExpiryHolding,
): Generator<readonly [number, number]> {
  for (const { instrument, position } of series.values()) {
    if (position !== 0) yield [rowOf(risk, instrument), position];
  }
}

/** Sums of an expiry made afresh from what is held. O((positions + orders) × slots). */
export function freshSums(
  risk: FilledExpiry,
  expiry: ExpiryHolding,
  measure: Measure,
): AccountSums {
  const positions = allPositions(risk, expiry);
  return sumsOf(risk.arrays, measure, { positions, orders: allTerms(risk, expiry) });
}

/**
 * Sums of an expiry of the portfolio in force, or `undefined` where they would not be exact. Kept
 * where the portfolio keeps such. O(1), after a mark `freshSums`.
 */
export function sumsIn(
  state: State,
  portfolio: Pick<Portfolio, 'sums'>,
  expiry: ExpiryHolding,
  measure: Measure,
): AccountSums | undefined {
  refreshMarks(state, expiry);
  const risk = riskOf(state, expiry.key);
  const { arrays } = risk;
  if (magnitudeOn(arrays, expiry) >= EXACT_UNITS) return undefined;
  const { sums } = portfolio;
  if (sums === undefined) return freshSums(risk, expiry, measure);
  let part = sums.parts.get(expiry.key);
  if (part?.arrays !== arrays) {
    part = { arrays, initial: undefined, maintenance: undefined };
    sums.parts.set(expiry.key, part);
  }
  part[measure] ??= freshSums(risk, expiry, measure);
  return part[measure];
}

/** The part of a place that a change can be noted in; drops one that cannot be changed any more. */
function livePart(
  state: State,
  { portfolio, expiry }: Place,
): { readonly part: Part; readonly risk: ExpiryRisk } | undefined {
  const parts = portfolio.sums?.parts;
  const part = parts?.get(expiry.key);
  if (parts === undefined || part === undefined) return undefined;
  const risk = state.derived.risk.expiries.get(expiry.key);
  const isLive = risk?.arrays === part.arrays && isCurrent(state, expiry);
  if (isLive && magnitudeOn(part.arrays, expiry) < EXACT_UNITS) return { part, risk };
  parts.delete(expiry.key);
  return undefined;
}

/** Notes that a position changed by signed lots; call when the holding has changed. */
export function noteModePosition(state: State, place: Place, lots: number): void {
  const live = livePart(state, place);
  if (live === undefined) return;
  const row = live.risk.rows.get(place.holding.instrument);
  if (row === undefined) {
    place.portfolio.sums?.parts.delete(place.expiry.key);
    return;
  }
  const { initial, maintenance } = live.part;
  if (initial !== undefined) changePosition(initial, row, lots);
  if (maintenance !== undefined) changePosition(maintenance, row, lots);
}

function replaceTerm(sums: AccountSums, id: number, row: number, term: OrderTerm): void {
  const old = orderAt(sums, row, id);
  if (old !== undefined) removeOrder(sums, id, old);
  if (term.lots !== 0) addOrder(sums, id, term);
}

/**
 * Notes that an order of the place now has `terms.lots` open lots, 0 when it is gone; call when the
 * holding's sums have changed.
 */
export function noteModeOrder(state: State, place: Place, id: OrderId, terms: Terms): void {
  const live = livePart(state, place);
  if (live === undefined) return;
  const { holding } = place;
  const row = live.risk.rows.get(holding.instrument);
  if (row === undefined) {
    place.portfolio.sums?.parts.delete(place.expiry.key);
    return;
  }
  const { arrays, initial, maintenance } = live.part;
  const term = orderTerm(arrays, row, holding.risk, terms);
  const number = termNumber(id, row);
  if (initial !== undefined) replaceTerm(initial, number, row, term);
  if (maintenance !== undefined) replaceTerm(maintenance, number, row, term);
}

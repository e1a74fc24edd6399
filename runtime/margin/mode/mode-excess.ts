/**
 * What a portfolio in portfolio mode has beyond its requirements.
 *
 * Source: design/exchange.md §3; Derive PM2. Per underlying the mark of the options, and the worst
 * measure with the worst fill of the open orders, less contingencies; underlyings are added, as no
 * scenario moves one with another. Beside it stand cash and the variation of futures and perpetuals,
 * whose rows in the arrays have no mark.
 *
 * Where sums would not be exact, a bound below every margin stands in for them: gross lots × the most
 * that a lot can be worth and lose, in bigint. Units: micro-USD; a sum of whole risk units is exact.
 */
import { DENOMINATION } from '../../actions/transfer.ts';
import type { PortfolioId } from '../../core/units.ts';
import { underlyingId } from '../../core/units.ts';
import { balanceOf } from '../../ledger/ledger.ts';
import { linearPositionsOf } from '../../linear/positions-of.ts';
import { expiryKey, type State } from '../../state/state.ts';
import { type ExpiryHolding, refreshMarks } from '../expiry-holding.ts';
import { type AccountSums, marginOfParts, withoutOrders } from '../portfolio/account-sums.ts';
import { freeConcentration } from '../portfolio/concentration.ts';
import type { PortfolioMargin } from '../portfolio/margin-result.ts';
import { EXACT_UNITS } from '../portfolio/risk-arrays.ts';
import { type Measure, riskLayout } from '../portfolio/risk-layout.ts';
import type { Portfolio } from '../portfolio-index.ts';
import { payoff } from '../series-risk.ts';
import { divideUp } from '../standard-margin.ts';
import { MICRO_USD_PER_UNIT } from './fill-expiry.ts';
import { magnitudeOn, sumsIn } from './mode-sums.ts';
import { type ExpiryRisk, modelOf, noteOpenInterest, riskOf } from './risk-index.ts';

/** A portfolio as this module reads it: indexed, or made for a question. */
export type ModePortfolio = Pick<Portfolio, 'sums'> & {
  readonly expiries: ReadonlyMap<number, ExpiryHolding>;
};

/** Micro-USD beside cash: value at mark, and margin by one measure. */
export type ModeMargin = {
  /** Options at mark. */
  readonly mark: bigint;
  /** Mark, worst scenario and charges: the excess is cash and this. */
  readonly excess: bigint;
};

/** Expiries by underlying. */
function byUnderlying(expiries: Iterable<ExpiryHolding>): Map<number, ExpiryHolding[]> {
  const groups = new Map<number, ExpiryHolding[]>();
  for (const expiry of expiries) {
    const underlying = expiryKey.high(expiry.key);
    const group = groups.get(underlying);
    if (group === undefined) groups.set(underlying, [expiry]);
    else group.push(expiry);
  }
  return groups;
}

const FULL_BPS = 10_000;

/** The greatest fees of an expiry that is to be paid: its values are payoffs without them. O(series). */
export function settlementFees(expiry: ExpiryHolding): number {
  let fees = 0;
  for (const { risk, position } of expiry.series.values()) {
    if (risk.delivery === undefined) return 0;
    const paid = position * payoff(risk, risk.delivery);
    if (paid > 0) fees += divideUp(paid, FULL_BPS) * risk.settlementFeeCapBps;
  }
  return fees;
}

/** Micro-USD that an expiry cannot be short of by more, where its sums are not exact. O(orders). */
function coarseLoss({ arrays }: ExpiryRisk, expiry: ExpiryHolding): bigint {
  let lots = 0n;
  let premium = 0n;
  for (const { risk, position, orders } of expiry.series.values()) {
    lots += BigInt(Math.abs(position));
    for (const { remaining, price } of orders) {
      lots += BigInt(remaining);
      premium += BigInt(remaining) * BigInt(price) * BigInt(risk.tickValue);
    }
  }
  // The mark of a lot, its terms in the worst scenario, the mark that an ask is counted by, and a fee.
  const units = Math.floor(2 * arrays.largestValue + arrays.largestTerm) + 1;
  return lots * (inMicroUsd(units) + BigInt(expiry.lotBound)) + premium;
}

function inMicroUsd(units: number): bigint {
  return BigInt(units) * BigInt(MICRO_USD_PER_UNIT);
}

/** Sees to it that shares of open interest are those of now, where they can matter. O(series). */
function noteShares(state: State, group: readonly ExpiryHolding[], gross: number): void {
  for (const { key, series } of group) {
    const risk = riskOf(state, key);
    if (gross <= freeConcentration(risk.arrays)) return;
    for (const instrument of series.keys()) noteOpenInterest(state, risk, instrument);
  }
}

/** Margin of the expiries of one underlying from their sums. */
export function marginOfGroup(
  state: State,
  group: readonly ExpiryHolding[],
  parts: readonly AccountSums[],
): PortfolioMargin {
  const [first] = group;
  const model = modelOf(state, underlyingId(expiryKey.high(first?.key ?? 0)));
  noteShares(
    state,
    group,
    parts.reduce((sum, { grossDelta }) => sum + grossDelta, 0),
  );
  return marginOfParts(parts[0]?.arrays.layout ?? riskLayout(model), parts);
}

/** The bound on the sums of several expiries, added. O(expiries). */
export function magnitudeOf(state: State, group: Iterable<ExpiryHolding>): number {
  let magnitude = 0;
  for (const expiry of group) magnitude += magnitudeOn(riskOf(state, expiry.key).arrays, expiry);
  return magnitude;
}

/** Sums of one underlying's expiries; `undefined` where they are not exact. */
export function partsOf(
  state: State,
  portfolio: ModePortfolio,
  group: readonly ExpiryHolding[],
  measure: Measure,
): AccountSums[] | undefined {
  for (const expiry of group) refreshMarks(state, expiry);
  if (magnitudeOf(state, group) >= EXACT_UNITS) return undefined;
  const parts: AccountSums[] = [];
  for (const expiry of group) {
    const sums = sumsIn(state, portfolio, expiry, measure);
    if (sums === undefined) return undefined;
    parts.push(sums);
  }
  return parts;
}

/** What of a portfolio's orders is looked at. */
export type OrdersSeen = 'with orders' | 'positions alone';

/**
 * Margin of a portfolio by one measure, without its cash. Cost: its sums after a mark, then
 * O(cells × expiries); for positions alone beside orders O(positions × slots).
 */
export function modeMargin(
  state: State,
  portfolio: ModePortfolio,
  measure: Measure,
  seen: OrdersSeen = 'with orders',
): ModeMargin {
  let mark = 0n;
  let excess = 0n;
  for (const group of byUnderlying(portfolio.expiries.values()).values()) {
    const parts = partsOf(state, portfolio, group, measure);
    if (parts === undefined) {
      for (const expiry of group) excess -= coarseLoss(riskOf(state, expiry.key), expiry);
    } else {
      const used = seen === 'with orders' ? parts : parts.map(withoutOrders);
      const margin = marginOfGroup(state, group, used);
      mark += inMicroUsd(margin.mark);
      excess += inMicroUsd(margin.excess);
    }
    for (const expiry of group) excess -= BigInt(settlementFees(expiry));
  }
  return { mark, excess };
}

/** Micro-USD that futures and perpetuals have gained at mark and not realised. O(series of them held). */
export function variationOf(state: State, id: PortfolioId): bigint {
  let variation = 0n;
  if (state.derived.portfolios.byPortfolio.get(id)?.linear === undefined) return variation;
  for (const held of linearPositionsOf(state, id)) variation += held.variation;
  return variation;
}

/** Cash and unrealised variation: what stands beside the margin of the sums. */
export function wealthOf(state: State, id: PortfolioId): bigint {
  return balanceOf(state, id, DENOMINATION.usd) + variationOf(state, id);
}

/** Nothing held. */
const NO_PORTFOLIO: ModePortfolio = { sums: undefined, expiries: new Map() };

/** The portfolio as it is indexed. */
export function modePortfolio(state: State, id: PortfolioId): ModePortfolio {
  return state.derived.portfolios.byPortfolio.get(id) ?? NO_PORTFOLIO;
}

/** Micro-USD of long options at mark, rounded up: what withdrawals may not rely on. O(series). */
export function longValue(state: State, { expiries }: ModePortfolio): bigint {
  let value = 0n;
  for (const expiry of expiries.values()) {
    const { arrays, rows } = riskOf(state, expiry.key);
    const { columns, mark } = arrays.layout;
    for (const { instrument, position } of expiry.series.values()) {
      const row = rows.get(instrument);
      if (position <= 0 || row === undefined) continue;
      value += BigInt(position) * inMicroUsd(arrays.values[row * columns + mark] ?? 0);
    }
  }
  return value;
}

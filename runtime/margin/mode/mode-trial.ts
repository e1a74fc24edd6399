/**
 * The margin of a portfolio in portfolio mode as it would be after planned changes: its kept sums are
 * changed, read, and changed back. All sums are integers, so what comes back is what was.
 *
 * An order that gives up lots is found among the portfolio's own by side and price; where several could
 * be meant the margin may be one risk unit off for each.
 */
import { assert } from '../../core/result.ts';
import type { InstrumentId } from '../../core/units.ts';
import type { State } from '../../state/state.ts';
import { type ExpiryHolding, emptyExpiryHolding } from '../expiry-holding.ts';
import {
  type AccountSums,
  addOrder,
  changePosition,
  orderAt,
  removeOrder,
} from '../portfolio/account-sums.ts';
import { EXACT_UNITS } from '../portfolio/risk-arrays.ts';
import type { Measure } from '../portfolio/risk-layout.ts';
import { expiryOf } from '../portfolio-index.ts';
import type { OrderTerm as OrderLots } from '../series-holding.ts';
import { emptySeriesHolding, type SeriesHolding } from '../series-holding.ts';
import { seriesRisk } from '../series-risk.ts';
import { type ModePortfolio, modeMargin, partsOf } from './mode-excess.ts';
import { magnitudeOn, modeSums, orderTerm, termNumber } from './mode-sums.ts';
import { riskOf, rowOf } from './risk-index.ts';

/** What changes in one series, as `accept-changes.ts` plans it. */
export type TrialChange = {
  readonly instrument: InstrumentId;
  readonly position: number;
  readonly orders: readonly OrderLots[];
};

/** The changes of one expiry: beside what is held of it, or of an empty holding. */
export type TrialExpiry = {
  readonly expiry: ExpiryHolding;
  readonly changes: readonly TrialChange[];
};

/** Changes by expiry. */
export function trialExpiries(
  state: State,
  portfolio: ModePortfolio,
  changes: readonly TrialChange[],
): TrialExpiry[] {
  const byKey = new Map<number, TrialChange[]>();
  for (const change of changes) {
    const key = expiryOf(state, change.instrument);
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [change]);
    else others.push(change);
  }
  return [...byKey].map(([key, those]) => ({
    expiry: portfolio.expiries.get(key) ?? emptyExpiryHolding(key),
    changes: those,
  }));
}

/** What a portfolio holds of a series; an empty holding, not indexed, where nothing is. */
export function holdingIn(
  state: State,
  expiry: ExpiryHolding,
  instrument: InstrumentId,
): SeriesHolding {
  const held = expiry.series.get(instrument);
  return held ?? emptySeriesHolding(instrument, seriesRisk(state, instrument));
}

/** Whether the sums stay exact with the changes. */
export function isTrialExact(
  state: State,
  portfolio: ModePortfolio,
  trial: readonly TrialExpiry[],
): boolean {
  let magnitude = 0;
  const changed = new Map(trial.map(({ expiry, changes }) => [expiry.key, changes]));
  const all = new Set<ExpiryHolding>(portfolio.expiries.values());
  for (const { expiry } of trial) all.add(expiry);
  for (const expiry of all) {
    const more = { lots: 0, premium: 0 };
    for (const { instrument, position, orders } of changed.get(expiry.key) ?? []) {
      const { tickValue } = seriesRisk(state, instrument);
      more.lots += Math.abs(position);
      for (const { lots, price } of orders) {
        if (lots <= 0) continue;
        more.lots += lots;
        more.premium += lots * price * tickValue;
      }
    }
    magnitude += magnitudeOn(riskOf(state, expiry.key).arrays, expiry, more);
  }
  return magnitude < EXACT_UNITS;
}

/** A change made on sums, and how it is unmade. */
type Undo = () => void;

/** Takes lots from one of the holding's own orders. */
function releaseLots(
  sums: AccountSums,
  holding: SeriesHolding,
  row: number,
  { side, price, lots }: OrderLots,
): Undo[] {
  const undo: Undo[] = [];
  let left = -lots;
  const own = holding.orders.filter((order) => order.side === side && order.price === price);
  // The order that goes whole, if there is one; else the largest gives up a part.
  const isWhole = ({ remaining }: { readonly remaining: number }) => Number(remaining === -lots);
  own.sort((a, b) => isWhole(b) - isWhole(a) || b.remaining - a.remaining || a.id - b.id);
  for (const order of own) {
    if (left === 0) break;
    const number = termNumber(order.id, row);
    const term = orderAt(sums, row, number);
    if (term === undefined) continue;
    const taken = Math.min(left, Math.abs(term.lots));
    left -= taken;
    removeOrder(sums, number, term);
    undo.push(() => {
      addOrder(sums, number, term);
    });
    const kept = Math.abs(term.lots) - taken;
    if (kept === 0) continue;
    const rest = { ...term, lots: Math.sign(term.lots) * kept };
    addOrder(sums, number, rest);
    undo.push(() => {
      removeOrder(sums, number, rest);
    });
  }
  return undo;
}

/** Makes the changes of one expiry on its sums. */
function applyTrial(state: State, sums: AccountSums, { expiry, changes }: TrialExpiry): Undo[] {
  const risk = riskOf(state, expiry.key);
  const undo: Undo[] = [];
  for (const { instrument, position, orders } of changes) {
    const row = rowOf(risk, instrument);
    const holding = holdingIn(state, expiry, instrument);
    if (position !== 0) {
      changePosition(sums, row, position);
      undo.push(() => {
        changePosition(sums, row, -position);
      });
    }
    for (const [index, order] of orders.entries()) {
      if (order.lots < 0) undo.push(...releaseLots(sums, holding, row, order));
      if (order.lots <= 0) continue;
      const term = orderTerm(risk.arrays, row, holding.risk, order);
      // No order of the chain has a number below 0.
      const number = -1 - 2 * index - (row % 2);
      addOrder(sums, number, term);
      undo.push(() => {
        removeOrder(sums, number, term);
      });
    }
  }
  return undo;
}

/**
 * Margin of a portfolio by one measure after changes, in micro-USD beside the cash after them; the
 * sums stay as they were. `isTrialExact` must hold. Cost: O(slots) for each order and position that
 * changes, twice, and what `modeMargin` costs.
 */
export function modeMarginAfter(
  state: State,
  portfolio: ModePortfolio,
  trial: readonly TrialExpiry[],
  measure: Measure,
): bigint {
  const expiries = new Map(portfolio.expiries);
  for (const { expiry } of trial) expiries.set(expiry.key, expiry);
  const changed: ModePortfolio = { sums: portfolio.sums ?? modeSums(), expiries };
  const undo: Undo[] = [];
  for (const one of trial) {
    const [sums] = partsOf(state, changed, [one.expiry], measure) ?? [];
    assert(sums !== undefined, 'sums that stay exact with a change are exact before it');
    undo.push(...applyTrial(state, sums, one));
  }
  const { excess } = modeMargin(state, changed, measure);
  for (const step of undo.reverse()) step();
  return excess;
}

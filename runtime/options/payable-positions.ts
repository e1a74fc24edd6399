/**
 * The positions that an expiry still has to pay: found once at delivery, since nothing trades after.
 *
 * Derived: paid rows are gone from the table, so a node that loads the state halfway finds the same
 * rest in the same order.
 */
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { expiryKey, type State } from '../state/state.ts';
import type { ExpiryPlace } from './due-expiries.ts';

export type PayablePosition = {
  readonly instrument: InstrumentId;
  readonly portfolio: PortfolioId;
};

export type PayablePositions = {
  /** By (instrument, portfolio). */
  readonly positions: readonly PayablePosition[];
  /** How many of them are paid. */
  next: number;
};

/**
 * Unpaid positions of a delivered expiry, in order of payment.
 * Cost: the first call after delivery or start O(n log n) in them, later O(1).
 */
export function payablePositions(state: State, place: ExpiryPlace): PayablePositions {
  const { payable } = state.derived.series;
  const key = expiryKey.pack(place.underlying, place.expiry);
  const known = payable.get(key);
  if (known !== undefined) return known;
  const { byExpiry, byPortfolio } = state.derived.portfolios;
  const positions: PayablePosition[] = [];
  for (const portfolio of byExpiry.get(key) ?? []) {
    const series = byPortfolio.get(portfolio)?.expiries.get(key)?.series.values() ?? [];
    for (const { instrument, position } of series) {
      if (position !== 0) positions.push({ instrument, portfolio });
    }
  }
  positions.sort((a, b) => a.instrument - b.instrument || a.portfolio - b.portfolio);
  const found: PayablePositions = { positions, next: 0 };
  payable.set(key, found);
  return found;
}

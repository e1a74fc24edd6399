/**
 * The positions that an expiry still has to pay: found once at delivery, since nothing trades after.
 *
 * Derived: paid rows are gone from the table, so a node that loads the state halfway finds the same
 * rest in the same order.
 */
import type { InstrumentId } from '../core/units.ts';
import type { Position } from '../margin/position.ts';
import { expiryKey, type State } from '../state/state.ts';
import type { ExpiryPlace } from './due-expiries.ts';
import { seriesOf } from './series-index.ts';

export type PayablePositions = {
  /** By (instrument, portfolio). */
  readonly positions: readonly Position[];
  /** How many of them are paid. */
  next: number;
};

/**
 * Unpaid positions of a delivered expiry, in order of payment.
 * Cost: the first call after delivery or start O(all positions), later O(1).
 */
export function payablePositions(state: State, place: ExpiryPlace): PayablePositions {
  const { payable } = state.derived.series;
  const key = expiryKey.pack(place.underlying, place.expiry);
  const known = payable.get(key);
  if (known !== undefined) return known;
  const series: ReadonlySet<InstrumentId> = new Set(
    seriesOf(state, place.underlying, place.expiry),
  );
  const positions: Position[] = [];
  for (const [, position] of state.positions.unorderedEntries()) {
    if (series.has(position.instrument)) positions.push(position);
  }
  positions.sort((a, b) => a.instrument - b.instrument || a.portfolio - b.portfolio);
  const found: PayablePositions = { positions, next: 0 };
  payable.set(key, found);
  return found;
}

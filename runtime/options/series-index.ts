/**
 * Series by underlying and expiry: an index over the `instruments` table, of those not yet settled.
 *
 * Invariants: lists ascend; `indexSeries` and `unindexExpiry` keep it equal to what
 * `rebuildSeriesIndex` makes of the table.
 */
import type { InstrumentId, TimestampMs, UnderlyingId } from '../core/units.ts';
import { expiryKey, type State } from '../state/state.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE, type Instrument } from './instrument.ts';
import type { PayablePositions } from './payable-positions.ts';
import type { StrikeInputs } from './strike-rule.ts';

export type SeriesIndex = {
  /** Unsettled instruments of an (underlying, expiry), ascending; keys are `expiryKey`s. */
  readonly byExpiry: Map<number, InstrumentId[]>;
  /** Strikes listed of an (underlying, expiry): each stands for a call and a put. */
  readonly strikes: Map<number, Set<number>>;
  /** `expiryKey`s that have an unsettled future. */
  readonly futures: Set<number>;
  /** Expiries of an underlying with unsettled series, ascending; a perpetual has none. */
  readonly expiries: Map<UnderlyingId, TimestampMs[]>;
  /** Inputs of strikes whose series are all listed, by (underlying, expiry): see `listSeries`. */
  readonly listedFor: Map<number, StrikeInputs>;
  /** Positions left to pay of an (underlying, expiry) at delivery, found when first asked for. */
  readonly payable: Map<number, PayablePositions>;
};

const NO_EXPIRIES: readonly TimestampMs[] = [];
const NO_SERIES: readonly InstrumentId[] = [];

export function seriesIndex(): SeriesIndex {
  return {
    byExpiry: new Map(),
    strikes: new Map(),
    futures: new Set(),
    expiries: new Map(),
    listedFor: new Map(),
    payable: new Map(),
  };
}

/** Expiries of an underlying with unsettled series, ascending. Not a copy. */
export function liveExpiries(state: State, underlying: UnderlyingId): readonly TimestampMs[] {
  return state.derived.series.expiries.get(underlying) ?? NO_EXPIRIES;
}

/** Unsettled instruments of an (underlying, expiry), ascending. Not a copy. */
export function seriesOf(
  state: State,
  underlying: UnderlyingId,
  expiry: TimestampMs,
): readonly InstrumentId[] {
  return state.derived.series.byExpiry.get(expiryKey.pack(underlying, expiry)) ?? NO_SERIES;
}

/** Adds an instrument whose number is above all those in the index. O(expiries). */
export function indexSeries(state: State, instrument: Instrument): void {
  const { byExpiry, strikes, expiries, futures } = state.derived.series;
  const { id, underlying, expiry, kind, strike } = instrument;
  const key = expiryKey.pack(underlying, expiry);
  const series = byExpiry.get(key);
  if (kind === INSTRUMENT_KIND.perpetual) byExpiry.set(key, [id]);
  else if (series === undefined) {
    byExpiry.set(key, [id]);
    strikes.set(key, new Set());
    const dates = expiries.get(underlying) ?? [];
    dates.push(expiry);
    dates.sort((a, b) => a - b);
    expiries.set(underlying, dates);
  } else series.push(id);
  if (kind === INSTRUMENT_KIND.future) futures.add(key);
  if (kind === INSTRUMENT_KIND.call || kind === INSTRUMENT_KIND.put) strikes.get(key)?.add(strike);
}

/** Removes an expiry whose series are all settled. */
export function unindexExpiry(state: State, underlying: UnderlyingId, expiry: TimestampMs): void {
  const { byExpiry, strikes, futures, expiries, listedFor, payable } = state.derived.series;
  const key = expiryKey.pack(underlying, expiry);
  byExpiry.delete(key);
  strikes.delete(key);
  futures.delete(key);
  payable.delete(key);
  listedFor.delete(key);
  const left = liveExpiries(state, underlying).filter((other) => other !== expiry);
  if (left.length === 0) expiries.delete(underlying);
  else expiries.set(underlying, left);
}

/** Fills the index from the table. O(n log n) in instruments. */
export function rebuildSeriesIndex(state: State): void {
  const { byExpiry, strikes, futures, expiries, listedFor, payable } = state.derived.series;
  byExpiry.clear();
  strikes.clear();
  futures.clear();
  expiries.clear();
  payable.clear();
  listedFor.clear();
  for (const id of state.instruments.sortedKeys()) {
    const instrument = state.instruments.must(id);
    // A combo has no positions to expire: it is in an index of its own.
    if (instrument.kind === INSTRUMENT_KIND.combo) continue;
    // An expiry leaves the index as a whole, when the last of its series is paid.
    const window = state.settlements.get(expiryKey.pack(instrument.underlying, instrument.expiry));
    const paid = window?.settled === true && instrument.state === INSTRUMENT_STATE.settled;
    if (!paid) indexSeries(state, instrument);
  }
}

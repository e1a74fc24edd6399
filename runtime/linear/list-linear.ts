/**
 * Lists perpetuals and dated futures.
 *
 * Source: design/exchange.md §1. An underlying with lots of futures gets its one perpetual at its first
 * fresh index, and futures on the nearest of its option expiries: with a calendar on its Fridays
 * (weekly, monthly and quarterly), with an interval on all. A future is listed, like a series, before
 * the settlement window of its expiry opens.
 */
import type { BlockContext } from '../block-context.ts';
import { type TimestampMs, timestampMs } from '../core/units.ts';
import { DAY_MS, WEEKDAY, weekdayOf } from '../options/calendar.ts';
import { scheduledExpiries } from '../options/expiry-schedule.ts';
import { INSTRUMENT_KIND, PERPETUAL_EXPIRY } from '../options/instrument.ts';
import { listInstrument } from '../options/list-series.ts';
import type { Underlying } from '../options/underlying.ts';
import { freshIndex } from '../oracle/freshness.ts';
import { expiryKey, type State } from '../state/state.ts';

/** Expiries later than `after` that have a future, ascending. O(expiries). */
export function futureExpiries(underlying: Underlying, after: TimestampMs): TimestampMs[] {
  const isWeekly = (expiry: TimestampMs): boolean =>
    underlying.expiryIntervalMs > 0 || weekdayOf(Math.floor(expiry / DAY_MS)) === WEEKDAY.friday;
  return scheduledExpiries(underlying, after).filter(isWeekly).slice(0, underlying.futuresListed);
}

function listPerpetual(state: State, context: BlockContext, { id: underlying }: Underlying): void {
  const expiry = PERPETUAL_EXPIRY;
  const { perpetual: kind } = INSTRUMENT_KIND;
  const instrument = listInstrument(state, context, { underlying, kind, expiry, strike: 0 });
  if (instrument === undefined) return;
  state.perpetuals.set(underlying, {
    underlying,
    instrument,
    markedAt: context.timestamp,
    premium: 0,
    rate: 0,
    cumulative: 0,
    remainder: 0n,
    average: 0,
    hour: 0,
    hourly: [],
  });
}

/** Lists what is missing. Cost: O(expiries). */
export function listLinear(state: State, context: BlockContext): void {
  const after = timestampMs(context.timestamp + context.parameters.settlementWindowMs);
  const { futures } = state.derived.series;
  for (const id of state.underlyings.sortedKeys()) {
    const underlying = state.underlyings.must(id);
    if (underlying.futureLotsPerCoin === 0) continue;
    if (freshIndex(state, context, id) === undefined) continue;
    if (!state.perpetuals.has(id)) listPerpetual(state, context, underlying);
    const { future: kind } = INSTRUMENT_KIND;
    for (const expiry of futureExpiries(underlying, after)) {
      if (futures.has(expiryKey.pack(id, expiry))) continue;
      listInstrument(state, context, { underlying: id, kind, expiry, strike: 0 });
    }
  }
}

/**
 * Marks in force: a pure function of `markInputs` and the instruments, kept so that it is computed
 * once per mark.
 *
 * Source: design/exchange.md §4–5. An instrument has a mark when its expiry has a row of inputs and
 * it is not settled. From delivery its mark is its payoff. The mark of a future is its expiry's forward,
 * that of a perpetual the forward of the row at expiry 0, on the grid of whole micro-USD a lot.
 */
import type { InstrumentId, PriceTicks, TimestampMs } from '../core/units.ts';
import { lotGrid } from '../linear/mark.ts';
import type { SeriesRisk } from '../margin/series-risk.ts';
import {
  INSTRUMENT_STATE,
  type Instrument,
  optionKind,
  PERPETUAL_EXPIRY,
} from '../options/instrument.ts';
import { seriesOf } from '../options/series-index.ts';
import { type ExpiryPricing, expiryPricing, priceSeries } from '../pricing/price-series.ts';
import type { TickTable } from '../rules/tick-table.ts';
import { expiryKey, type State } from '../state/state.ts';
import type { MarkInputs } from './price.ts';

export type Mark = {
  readonly instrument: InstrumentId;
  readonly markedAt: TimestampMs;
  /** Micro-USD per coin, not negative. */
  readonly price: number;
  /** Annualised volatility in 10⁻⁶ (500,000 = 50 %). */
  readonly volatility: number;
  /** 10⁻⁶ coins of underlying per coin of option: −10⁶ to 10⁶. */
  readonly delta: number;
  /** Micro-USD per coin of option and point of volatility (0.01), not negative. */
  readonly vega: number;
  /** Index in micro-USD per coin at the mark. */
  readonly index: number;
  /** Forward of the expiry in micro-USD per coin at the mark. */
  readonly forward: number;
  /** Computed from the mark when first asked for: caches that go with it. */
  band: CachedBand | undefined;
  risk: SeriesRisk | undefined;
};

/** The range in which an instrument may trade, and what it was computed from. */
export type CachedBand = {
  readonly spotBps: number;
  readonly volBps: number;
  /** The market's grid; both ends lie on it. */
  readonly ticks: TickTable;
  readonly low: PriceTicks;
  readonly high: PriceTicks;
};

export type Marks = {
  readonly byInstrument: Map<InstrumentId, Mark>;
  /** Another number after every change of a mark: what was current at this number still is. */
  version: number;
};

export function marks(): Marks {
  return { byInstrument: new Map(), version: 0 };
}

/** Scale of deltas. */
const FULL_DELTA = 1_000_000;

/** `delta`: of the forward that the mark is, less what a settlement window has fixed. */
function markLinear(state: State, inputs: MarkInputs, instrument: Instrument, delta: number): void {
  const { markedAt, index, forward } = inputs;
  const { futureLotsPerCoin } = state.underlyings.must(instrument.underlying);
  state.derived.marks.version += 1;
  state.derived.marks.byInstrument.set(instrument.id, {
    instrument: instrument.id,
    markedAt,
    price: lotGrid(forward, futureLotsPerCoin),
    volatility: 0,
    delta,
    vega: 0,
    index,
    forward,
    band: undefined,
    risk: undefined,
  });
}

function markSeries(
  state: State,
  inputs: MarkInputs,
  pricing: ExpiryPricing,
  id: InstrumentId,
): void {
  const instrument = state.instruments.must(id);
  const kind = optionKind(instrument);
  if (instrument.state === INSTRUMENT_STATE.settled) return;
  if (kind === undefined) {
    markLinear(state, inputs, instrument, Math.floor(pricing.openShare * FULL_DELTA));
    return;
  }
  const { price, volatility, delta, vega } = priceSeries(pricing, kind, instrument.strike);
  const { markedAt, index, forward } = inputs;
  state.derived.marks.version += 1;
  state.derived.marks.byInstrument.set(id, {
    instrument: id,
    markedAt,
    price,
    volatility,
    delta,
    vega,
    index,
    forward,
    band: undefined,
    risk: undefined,
  });
}

/** Recomputes the marks of an expiry from its row. ~300 ns per series. */
export function markExpiry(state: State, inputs: MarkInputs): void {
  if (inputs.expiry === PERPETUAL_EXPIRY) {
    for (const id of seriesOf(state, inputs.underlying, inputs.expiry)) {
      markLinear(state, inputs, state.instruments.must(id), FULL_DELTA);
    }
    return;
  }
  const pricing = expiryPricing(inputs);
  for (const id of seriesOf(state, inputs.underlying, inputs.expiry)) {
    markSeries(state, inputs, pricing, id);
  }
}

/** Marks a series just listed, when its expiry has marks in force. */
export function markNewSeries(state: State, instrument: Instrument): void {
  const inputs = state.markInputs.get(expiryKey.pack(instrument.underlying, instrument.expiry));
  if (inputs !== undefined) markSeries(state, inputs, expiryPricing(inputs), instrument.id);
}

/** Removes the mark of a settled series. */
export function dropMark(state: State, instrument: InstrumentId): void {
  state.derived.marks.version += 1;
  state.derived.marks.byInstrument.delete(instrument);
}

/** Recomputes every mark from the tables; needs the series index. */
export function rebuildMarks(state: State): void {
  state.derived.marks.version += 1;
  state.derived.marks.byInstrument.clear();
  for (const key of state.markInputs.sortedKeys()) markExpiry(state, state.markInputs.must(key));
}

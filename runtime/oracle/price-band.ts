/**
 * The prices at which an option may trade: its mark repriced at spot × (1 ± s) and volatility ×
 * (1 ± v), rounded outwards to the market's tick grid (`rules/tick-table.ts`). Of a future or a
 * perpetual: its mark × (1 ± s).
 *
 * Source: design/exchange.md §2 ("reject outside, clip market orders"). s and v are the parameters
 * `bandSpotBps` and `bandVolBps`.
 */
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, priceTicks } from '../core/units.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import { INSTRUMENT_KIND, type Instrument, optionKind } from '../options/instrument.ts';
import { expiryPricing, priceRange } from '../pricing/price-series.ts';
import {
  highestPrice,
  lowestPrice,
  nextTickUp,
  roundToTickDown,
  roundToTickUp,
} from '../rules/tick-table.ts';
import { expiryKey, type State } from '../state/state.ts';
import { freshMark } from './freshness.ts';
import type { CachedBand, Mark } from './marks.ts';

const BPS_PER_ONE = 10_000;

/** Both ends are allowed prices. */
export type PriceBand = Pick<CachedBand, 'low' | 'high' | 'ticks'>;

/** Lowest and highest price in micro-USD per coin, before rounding to ticks. */
function rangeOf(
  state: State,
  instrument: Instrument,
  mark: Mark,
  bounds: { readonly spotBps: number; readonly volBps: number },
): { readonly low: number; readonly high: number } {
  const kind = optionKind(instrument);
  if (kind === undefined) {
    const away = Math.floor((mark.price / BPS_PER_ONE) * bounds.spotBps);
    return { low: mark.price - away, high: mark.price + away };
  }
  const inputs = state.markInputs.must(expiryKey.pack(instrument.underlying, instrument.expiry));
  return priceRange(expiryPricing(inputs), kind, instrument.strike, bounds);
}

function computeBand(state: State, context: BlockContext, mark: Mark): CachedBand | undefined {
  const instrument = state.instruments.must(mark.instrument);
  if (instrument.kind === INSTRUMENT_KIND.combo) return undefined;
  const underlying = state.underlyings.must(instrument.underlying);
  const terms = contractTerms(underlying, instrument.kind);
  const { optionTickMicroUsd: tick, optionTicks } = terms;
  const { bandSpotBps: spotBps, bandVolBps: volBps } = context.parameters;
  const range = rangeOf(state, instrument, mark, { spotBps, volBps });
  const marked = Math.floor(mark.price / tick);
  const low = Math.max(1, Math.min(Math.floor(range.low / tick), marked - 1));
  const high = Math.max(-Math.floor(-range.high / tick), marked + 2, low + 1);
  // Both ends outwards to the tick grid, so that they are prices of orders.
  const lowest = lowestPrice(optionTicks);
  const highest = highestPrice(optionTicks);
  const least = nextTickUp(optionTicks, lowest);
  const rounded = roundToTickDown(optionTicks, low);
  return {
    spotBps,
    volBps,
    ticks: optionTicks,
    low: priceTicks(Math.max(lowest, Math.min(rounded, highest))),
    high: priceTicks(Math.min(Math.max(roundToTickUp(optionTicks, high), least), highest)),
  };
}

/**
 * The band of an instrument, both ends included, or `undefined` (`no_mark`) without a fresh mark.
 *
 * `low` is at least 1 tick; the band reaches at least one whole tick beyond the mark on both sides
 * (as far as the price of 1 tick allows), so a worthless option can still be bought back at 1 tick.
 * Cost: ~50 ns; ~400 ns for the first call after a mark.
 */
export function priceBand(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
): PriceBand | undefined {
  const mark = freshMark(state, context, instrument);
  if (mark === undefined) return undefined;
  const { bandSpotBps, bandVolBps } = context.parameters;
  const { band } = mark;
  // The cache must not outlive anything it was computed from: a reloaded node starts without it.
  if (band === undefined || band.spotBps !== bandSpotBps || band.volBps !== bandVolBps) {
    mark.band = computeBand(state, context, mark);
  }
  return mark.band;
}

/**
 * The prices at which an option may trade: its mark repriced at spot × (1 ± s) and volatility ×
 * (1 ± v), rounded outwards to ticks.
 *
 * Source: design/exchange.md §2 ("reject outside, clip market orders"). s and v are the parameters
 * `bandSpotBps` and `bandVolBps`.
 */
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, type PriceTicks, priceTicks } from '../core/units.ts';
import { MAX_PRICE_TICKS } from '../limits.ts';
import { optionKind } from '../options/instrument.ts';
import { expiryPricing, priceRange } from '../pricing/price-series.ts';
import { expiryKey, type State } from '../state/state.ts';
import { freshMark } from './freshness.ts';
import type { CachedBand, Mark } from './marks.ts';

export type PriceBand = { readonly low: PriceTicks; readonly high: PriceTicks };

function computeBand(state: State, context: BlockContext, mark: Mark): CachedBand | undefined {
  const instrument = state.instruments.must(mark.instrument);
  const kind = optionKind(instrument);
  if (kind === undefined) return undefined;
  const inputs = state.markInputs.must(expiryKey.pack(instrument.underlying, instrument.expiry));
  const tick = state.underlyings.must(instrument.underlying).optionTickMicroUsd;
  const { bandSpotBps: spotBps, bandVolBps: volBps } = context.parameters;
  const range = priceRange(expiryPricing(inputs), kind, instrument.strike, { spotBps, volBps });
  const marked = Math.floor(mark.price / tick);
  const low = Math.max(1, Math.min(Math.floor(range.low / tick), marked - 1));
  const high = Math.max(-Math.floor(-range.high / tick), marked + 2, low + 1);
  return {
    mark,
    spotBps,
    volBps,
    low: Math.min(low, MAX_PRICE_TICKS),
    high: Math.min(high, MAX_PRICE_TICKS),
  };
}

/**
 * The band of an instrument, both ends included, or `undefined` (`no_mark`) without a fresh mark.
 *
 * `low` is at least 1 tick; the band reaches at least one whole tick beyond the mark on both sides
 * (as far as the price of 1 tick allows), so a worthless option can still be bought back at 1 tick.
 * Cost: ~100 ns; ~400 ns for the first call after a mark.
 */
export function priceBand(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
): PriceBand | undefined {
  const mark = freshMark(state, context, instrument);
  if (mark === undefined) return undefined;
  const { bands } = state.derived.marks;
  const { bandSpotBps, bandVolBps } = context.parameters;
  let band = bands.get(instrument);
  // The cache must not outlive anything it was computed from: a reloaded node starts without it.
  if (band?.mark !== mark || band.spotBps !== bandSpotBps || band.volBps !== bandVolBps) {
    band = computeBand(state, context, mark);
    if (band === undefined) return undefined;
    bands.set(instrument, band);
  }
  return { low: priceTicks(band.low), high: priceTicks(band.high) };
}

/**
 * Prices a series from the integers that the chain holds, to the integers that it keeps: the only
 * way from oracle values to marks and bands, so nothing outside `runtime/pricing` sees a float.
 *
 * Source: design/exchange.md §4–5. θ is the total variance of the underlying to expiry; the chain
 * takes out what averaging removes (`settlement-variance.ts`).
 */
import { callDelta, callPrice, putPrice } from './black76.ts';
import { ln } from './elementary.ts';
import { type EssviSlice, essviSlice, totalVariance } from './essvi.ts';
import { effectiveVarianceMs, openShare, YEAR_MS } from './settlement-variance.ts';
import { deviationVega } from './vega.ts';

/** What one expiry is priced from: a row of `markInputs`, in its units. */
export type ExpiryInputs = {
  readonly expiry: number;
  readonly markedAt: number;
  /** Micro-USD per coin, with the settled part of the mean inside the window. */
  readonly forward: number;
  readonly theta: number;
  readonly u: number;
  readonly l: number;
  /** Length of the settlement window. */
  readonly windowMs: number;
};

/** An expiry prepared for pricing its series. */
export type ExpiryPricing = {
  readonly forward: number;
  readonly slice: EssviSlice;
  /** Variance of the mean per variance of the underlying. */
  readonly varianceRatio: number;
  /** Annual variance per total variance; 0 at expiry. */
  readonly annualRatio: number;
  /** Deviation of the mean per annual volatility of the underlying; 0 at expiry. */
  readonly deviationRatio: number;
  readonly openShare: number;
};

/**
 * Price in micro-USD per coin; volatility and delta in 10⁻⁶; vega in micro-USD per coin and point of
 * volatility (0.01).
 */
export type SeriesValue = {
  readonly price: number;
  readonly volatility: number;
  readonly delta: number;
  readonly vega: number;
};

/** Scale of volatilities and deltas. */
const MILLION = 1_000_000;
/** Points of volatility in a volatility of 1. */
const POINTS = 100;

/** Half up. */
function nearest(value: number): number {
  return Math.floor(value + 0.5);
}

/** Prepares an expiry. ~50 ns. */
export function expiryPricing(inputs: ExpiryInputs): ExpiryPricing {
  const timeToExpiryMs = inputs.expiry - inputs.markedAt;
  const open = timeToExpiryMs > 0;
  return {
    forward: inputs.forward,
    slice: essviSlice(inputs),
    varianceRatio: open ? effectiveVarianceMs(timeToExpiryMs, inputs.windowMs) / timeToExpiryMs : 0,
    annualRatio: open ? YEAR_MS / timeToExpiryMs : 0,
    deviationRatio: open
      ? Math.sqrt(effectiveVarianceMs(timeToExpiryMs, inputs.windowMs) / YEAR_MS)
      : 0,
    openShare: openShare(timeToExpiryMs, inputs.windowMs),
  };
}

/** Value of one call or put, rounded half up to whole units. `strike` above 0. ~300 ns. */
export function priceSeries(
  pricing: ExpiryPricing,
  kind: 'call' | 'put',
  strike: number,
): SeriesValue {
  const { forward } = pricing;
  const variance = totalVariance(pricing.slice, ln(strike / forward));
  const deviation = Math.sqrt(variance * pricing.varianceRatio);
  const price =
    kind === 'call' ? callPrice(forward, strike, deviation) : putPrice(forward, strike, deviation);
  const toForward = callDelta(forward, strike, deviation) - (kind === 'call' ? 0 : 1);
  return {
    price: nearest(price),
    volatility: nearest(Math.sqrt(variance * pricing.annualRatio) * MILLION),
    delta: nearest(toForward * pricing.openShare * MILLION),
    vega: nearest((deviationVega(forward, strike, deviation) * pricing.deviationRatio) / POINTS),
  };
}

/** Shocks of a price band, in basis points. */
export type BandShocks = { readonly spotBps: number; readonly volBps: number };

/**
 * Lowest and highest value of a series at spot × (1 ± s) and volatility × (1 ± v), in micro-USD per
 * coin, rounded outwards. Values rise with volatility and go one way with spot, so two prices do.
 * Inside the settlement window only the open part of the mean is shocked. ~300 ns.
 */
export function priceRange(
  pricing: ExpiryPricing,
  kind: 'call' | 'put',
  strike: number,
  shocks: BandShocks,
): { readonly low: number; readonly high: number } {
  const { forward } = pricing;
  const variance = totalVariance(pricing.slice, ln(strike / forward));
  const deviation = Math.sqrt(variance * pricing.varianceRatio);
  const spot = (shocks.spotBps / 10_000) * pricing.openShare;
  const volatility = shocks.volBps / 10_000;
  const quiet = deviation * (1 - volatility);
  const wild = deviation * (1 + volatility);
  const down = forward * (1 - spot);
  const up = forward * (1 + spot);
  const low = kind === 'call' ? callPrice(down, strike, quiet) : putPrice(up, strike, quiet);
  const high = kind === 'call' ? callPrice(up, strike, wild) : putPrice(down, strike, wild);
  return { low: Math.floor(low), high: -Math.floor(-high) };
}

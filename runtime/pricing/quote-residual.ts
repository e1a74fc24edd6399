/**
 * How far a surface's volatility lies outside of a quote's: the distance of a series' volatility from
 * [bid, ask], both as implied volatilities.
 *
 * Source: design/exchange.md §4 ("Book pull"). Before the settlement window only: inside it a price says
 * less and less about volatility.
 */
import { callPrice, putPrice } from './black76.ts';
import { ln } from './elementary.ts';
import { totalVariance } from './essvi.ts';
import { impliedDeviation } from './implied-volatility.ts';
import type { ExpiryPricing } from './price-series.ts';
import { deviationVega } from './vega.ts';

export type SeriesQuote = {
  readonly kind: 'call' | 'put';
  /** Micro-USD per coin, as bid and ask are; 0 < bid < ask. */
  readonly strike: number;
  readonly bid: number;
  readonly ask: number;
};

/** Volatilities in 10⁻⁶; `vega` in micro-USD per coin and point (0.01). */
export type QuoteResidual = {
  /** Above 0: the surface lies below the bid; below 0: above the ask. */
  readonly residual: number;
  readonly vega: number;
};

const VOLATILITY_SCALE = 1e6;
const POINTS = 100;

const nearest = (value: number): number => Math.floor(value + 0.5);

/**
 * The residual of a quote at most `maxWidth` (10⁻⁶ of volatility) wide, or `undefined` for one that is
 * wider, beyond the bounds of no arbitrage on the side that the surface is out of, or of a series without
 * vega. The width is that of the prices over the vega: one inversion at most, and none where the surface
 * lies inside the quote. ~0.4 µs, ~1 µs outside.
 */
export function quoteResidual(
  pricing: ExpiryPricing,
  quote: SeriesQuote,
  maxWidth: number,
): QuoteResidual | undefined {
  const { forward, deviationRatio } = pricing;
  const { kind, strike, bid, ask } = quote;
  if (deviationRatio === 0) return undefined;
  const variance = totalVariance(pricing.slice, ln(strike / forward));
  const deviation = Math.sqrt(variance * pricing.varianceRatio);
  const vega = nearest((deviationVega(forward, strike, deviation) * deviationRatio) / POINTS);
  if (vega === 0 || (ask - bid) * (VOLATILITY_SCALE / POINTS) > maxWidth * vega) return undefined;
  const value = (kind === 'call' ? callPrice : putPrice)(forward, strike, deviation);
  if (value >= bid && value <= ask) return { residual: 0, vega };
  const price = value < bid ? bid : ask;
  const quoted = impliedDeviation({ kind, forward, strike, price });
  if (!quoted.ok) return undefined;
  return {
    residual: nearest(((quoted.value - deviation) * VOLATILITY_SCALE) / deviationRatio),
    vega,
  };
}

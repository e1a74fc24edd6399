/**
 * How far a surface's volatility lies outside of a quote's: the distance of a series' volatility from
 * [bid, ask], both as implied volatilities.
 *
 * Source: design/exchange.md §4 ("Book pull"). Before the settlement window only: inside it a price says
 * less and less about volatility.
 */
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
 * wider, outside the bounds of no arbitrage, or of a series without vega. ~1 µs.
 */
export function quoteResidual(
  pricing: ExpiryPricing,
  quote: SeriesQuote,
  maxWidth: number,
): QuoteResidual | undefined {
  const { forward, deviationRatio } = pricing;
  const { kind, strike } = quote;
  if (deviationRatio === 0) return undefined;
  const variance = totalVariance(pricing.slice, ln(strike / forward));
  const deviation = Math.sqrt(variance * pricing.varianceRatio);
  const vega = nearest((deviationVega(forward, strike, deviation) * deviationRatio) / POINTS);
  if (vega === 0) return undefined;
  const bid = impliedDeviation({ kind, forward, strike, price: quote.bid });
  const ask = impliedDeviation({ kind, forward, strike, price: quote.ask });
  if (!bid.ok || !ask.ok) return undefined;
  const scale = VOLATILITY_SCALE / deviationRatio;
  const [low, high, marked] = [bid.value * scale, ask.value * scale, deviation * scale];
  if (high - low > maxWidth) return undefined;
  return { residual: nearest(Math.max(0, low - marked) - Math.max(0, marked - high)), vega };
}

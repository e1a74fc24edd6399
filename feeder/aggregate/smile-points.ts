/**
 * The points of a smile that one source's quotes of one expiry give: out-of-the-money options with
 * both sides, the middle of their volatilities, and how far apart these are.
 */

import { impliedVolatility } from '../../runtime/pricing/implied-volatility.ts';
import { deviationVega } from '../../runtime/pricing/vega.ts';
import type { OptionQuote } from '../sources/price-source.ts';

export type SmilePoint = {
  /** ln(strike ÷ forward). */
  readonly k: number;
  /** Annualised. */
  readonly volatility: number;
  /** How much it counts: vega relative to the money, less for a wide quote. Above 0. */
  readonly weight: number;
};

/** A spread this wide, in volatility, halves the weight of a quote. */
const WIDE = 0.04;
/** Beyond this the middle says nothing. */
const WIDEST = 0.5;
/** Vega, relative to that at the money, below which prices are a tick or two. */
const LEAST_VEGA = 0.05;
const MAX_VOLATILITY = 10;

/** Annualised volatilities. */
export type QuotedSides = { readonly bid: number; readonly ask: number };

/**
 * Volatilities of both sides: of the prices, else as the venue gives them. Undefined when a side is
 * missing or outside the bounds without arbitrage, or when they are too far apart to say anything.
 */
export function quotedVolatilities(
  quote: OptionQuote,
  { forward, years }: { readonly forward: number; readonly years: number },
): QuotedSides | undefined {
  const { right: kind, strike, unit } = quote;
  const solve = (price: number | undefined): number | undefined => {
    if (price === undefined) return undefined;
    const usd = unit === 'coin' ? price * forward : price;
    const found = impliedVolatility({ kind, forward, strike, price: usd }, years);
    return found.ok ? found.value : undefined;
  };
  const bid = solve(quote.bid) ?? quote.bidVolatility;
  const ask = solve(quote.ask) ?? quote.askVolatility;
  if (bid === undefined || ask === undefined || bid > ask || bid <= 0) return undefined;
  return ask < MAX_VOLATILITY && ask - bid <= WIDEST ? { bid, ask } : undefined;
}

/** Points of `quotes`, which are of one expiry, against `forward`. ~1 µs a quote. */
export function smilePoints(
  quotes: readonly OptionQuote[],
  { forward, years }: { readonly forward: number; readonly years: number },
): SmilePoint[] {
  const root = Math.sqrt(years);
  return quotes.flatMap((quote) => {
    const k = Math.log(quote.strike / forward);
    if (quote.right === 'call' ? k < 0 : k >= 0) return [];
    const sides = quotedVolatilities(quote, { forward, years });
    if (!sides) return [];
    const volatility = (sides.bid + sides.ask) / 2;
    const deviation = volatility * root;
    const vega =
      deviationVega(forward, quote.strike, deviation) / deviationVega(forward, forward, deviation);
    if (vega < LEAST_VEGA) return [];
    const width = (sides.ask - sides.bid) / WIDE;
    return [{ k, volatility, weight: vega / (1 + width * width) }];
  });
}

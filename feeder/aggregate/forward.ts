/**
 * The forward of an expiry as one source shows it: put–call parity at its tightest strikes, else the
 * venue's own.
 *
 * Parity, r = 0: C − P = F − K in dollars. Where prices are in coins of the underlying, C − P =
 * 1 − K/F, so F = K / (1 − (C − P)).
 */
import type { OptionQuote } from '../sources/price-source.ts';
import { median } from './median.ts';

/** Strikes that parity is taken at: the tightest. */
const STRIKES = 3;
/** A parity forward counts when what its spreads leave open is at most this share of it. */
const MAX_UNCERTAINTY = 0.005;

type Parity = { readonly forward: number; readonly uncertainty: number };

function parityAt(call: OptionQuote, put: OptionQuote): Parity | undefined {
  const { strike, unit } = call;
  if (call.bid === undefined || call.ask === undefined) return undefined;
  if (put.bid === undefined || put.ask === undefined || put.unit !== unit) return undefined;
  const difference = (call.bid + call.ask - put.bid - put.ask) / 2;
  const spread = (call.ask - call.bid + put.ask - put.bid) / 2;
  const forward = unit === 'usd' ? strike + difference : strike / (1 - difference);
  if (!(forward > 0 && forward < Infinity)) return undefined;
  return { forward, uncertainty: unit === 'usd' ? spread / forward : spread };
}

/** The forward by parity alone: the median over the tightest strikes; undefined without a pair. */
export function parityForward(quotes: readonly OptionQuote[]): number | undefined {
  const puts = new Map(
    quotes.filter(({ right }) => right === 'put').map((quote) => [quote.strike, quote]),
  );
  const parities = quotes
    .filter(({ right }) => right === 'call')
    .flatMap((call) => {
      const put = puts.get(call.strike);
      const parity = put && parityAt(call, put);
      return parity && parity.uncertainty <= MAX_UNCERTAINTY ? [parity] : [];
    })
    .sort((a, b) => a.uncertainty - b.uncertainty)
    .slice(0, STRIKES);
  return median(parities.map(({ forward }) => forward));
}

/** The forward of one expiry by one source; undefined when its quotes show none. */
export function forwardOf(quotes: readonly OptionQuote[]): number | undefined {
  const own = quotes.flatMap(({ forward }) => (forward === undefined ? [] : [forward]));
  return parityForward(quotes) ?? median(own);
}

/**
 * A two-sided quote of an option from one's own view of the surface: value and Greeks at the fitted
 * volatility, bid and ask at a half-spread in volatility around it, shifted by inventory, on the
 * market's grid. For bots and traders; nothing here is sent.
 *
 * Source: Stoikov and Sağlam 2009 for the shift of quotes by the book's vega; Black-76 of
 * `runtime/pricing`.
 */
import { type Greeks, greeks } from '../../runtime/pricing/greeks.ts';

export type LocalQuoteInput = {
  readonly kind: 'call' | 'put';
  /** USD per coin, above 0. */
  readonly forward: number;
  readonly strike: number;
  readonly years: number;
  /** Annualised, as a fraction. */
  readonly volatility: number;
  /** Half of the spread, as a fraction of 1 (0.01 is a point). */
  readonly halfSpread: number;
  /** Vega held, in USD per point; long vega lowers both quotes. */
  readonly vegaHeld: number;
  /** Points of volatility (as a fraction) per USD of vega held. */
  readonly shiftPerVega: number;
  /** USD. */
  readonly tick: number;
};

export type LocalQuote = {
  readonly greeks: Greeks;
  /** USD, whole ticks; undefined when nothing above 0 can be bid. */
  readonly bid: number | undefined;
  readonly ask: number;
};

/** Bid rounded down, ask up, at least a tick apart. */
export function localQuote(input: LocalQuoteInput): LocalQuote {
  const { volatility, halfSpread, vegaHeld, shiftPerVega, tick } = input;
  const middle = Math.max(0, volatility - vegaHeld * shiftPerVega);
  const valueAt = (sigma: number): number =>
    greeks({ ...input, volatility: Math.max(0, sigma) }).price;
  const bidTicks = Math.floor(valueAt(middle - halfSpread) / tick);
  const askTicks = Math.max(Math.ceil(valueAt(middle + halfSpread) / tick), bidTicks + 1);
  return {
    greeks: greeks(input),
    bid: bidTicks > 0 ? bidTicks * tick : undefined,
    ask: askTicks * tick,
  };
}

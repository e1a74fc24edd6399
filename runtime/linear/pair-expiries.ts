/**
 * How futures and the perpetual of one underlying offset each other, with the worst fill of orders.
 *
 * Source: design/exchange.md §3, "opposite expiries 2 % of the paired notional". Instrument i ends
 * with x_i lots between low_i (all its asks filled) and high_i (all its bids). With L and S the lots
 * held long and short, min(L, S) are paired and |L − S| = |Σ x_i| are not, so the requirement
 *
 *   g(|Σ x_i|) + c·min(L, S) = g(|Σ x_i|) − ½c·|Σ x_i| + ½c·Σ |x_i|
 *
 * where g, the charge of unpaired lots, grows by at least 5 % a lot and c is 2 %. Both g(n) − ½c·n and
 * |x| grow with their arguments, so the greatest |Σ x_i| and the greatest |x_i| of each instrument,
 * taken apart, bound every fill from above; with one instrument, or orders on one side, they are
 * reached together and the bound is exact. A fill narrows the ranges and never raises it.
 */

/** What one instrument of a group holds and orders, in lots. */
export type LinearRange = {
  readonly position: number;
  readonly bidLots: number;
  readonly askLots: number;
};

/** Lots at their worst: `net` unpaired at most, `gross` Σ of each instrument's most. */
export type PairedLots = { readonly net: number; readonly gross: number };

/** Both bounds of a group. O(instruments). */
export function worstLots(ranges: Iterable<LinearRange>): PairedLots {
  let high = 0;
  let low = 0;
  let gross = 0;
  for (const { position, bidLots, askLots } of ranges) {
    high += position + bidLots;
    low += position - askLots;
    gross += Math.max(Math.abs(position + bidLots), Math.abs(position - askLots));
  }
  return { net: Math.max(Math.abs(high), Math.abs(low)), gross };
}

/**
 * The surface that marks are taken from: voted slices, pulled by the books, repaired from short to long.
 *
 * Source: design/exchange.md §4. The repair is made again after the pull: an offset raises or lowers θ
 * past what its neighbours allow.
 */
import type { BlockContext } from '../block-context.ts';
import type { TimestampMs, UnderlyingId } from '../core/units.ts';
import { liveExpiries } from '../options/series-index.ts';
import { repairSlice, type SliceParameters } from '../pricing/essvi.ts';
import { shiftSlice } from '../pricing/shift-slice.ts';
import { expiryKey, type State } from '../state/state.ts';
import { pullOffset } from './book-pull.ts';
import { isFresh } from './freshness.ts';

/** A slice free of arbitrage against those before it, with its voted forward. */
export type MarkedSlice = SliceParameters & { readonly forward: number };

/**
 * The slices of the expiries ahead whose votes are fresh, by expiry. Cost: ~100 ns an expiry, and once a
 * second that of `pullOffset`.
 */
export function markedSurface(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
): ReadonlyMap<TimestampMs, MarkedSlice> {
  const surface = new Map<TimestampMs, MarkedSlice>();
  let shorter: SliceParameters | undefined;
  for (const expiry of liveExpiries(state, underlying)) {
    if (expiry <= context.timestamp) continue;
    const slice = state.surfaceSlices.get(expiryKey.pack(underlying, expiry));
    if (slice === undefined || !isFresh(context, slice.updatedAt)) continue;
    const offset = pullOffset(state, context, slice);
    // θ is the variance from the vote's time on.
    const pulled = shiftSlice(slice, expiry - slice.updatedAt, offset);
    shorter = repairSlice(pulled, shorter);
    surface.set(expiry, { ...shorter, forward: slice.forward });
  }
  return surface;
}

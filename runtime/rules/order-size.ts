/**
 * An order's size lies between the market's bounds.
 *
 * The least size does not hold for an order that closes a whole position of fewer lots: what is left
 * after partial fills must not be locked in.
 */
import { type Refusal, refusal } from '../error.ts';

/** The bounds, in lots, both allowed. */
export type SizeBounds = { readonly minOrderLots: number; readonly maxOrderLots: number };

/**
 * Errors in order: below_min_size, above_max_size. `closableLots`: lots of the position that the
 * order's side would close, 0 if it would open one.
 */
export function sizeBoundsRefusal(
  { minOrderLots, maxOrderLots }: SizeBounds,
  size: number,
  closableLots: number,
): Refusal | undefined {
  if (size < minOrderLots && size !== closableLots) {
    return refusal('below_min_size', { given: size, allowed: minOrderLots });
  }
  if (size > maxOrderLots) {
    return refusal('above_max_size', { given: size, allowed: maxOrderLots });
  }
  return undefined;
}

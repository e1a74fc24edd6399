/**
 * The price that a side of a book stands behind: at which a wanted number of lots would trade, counting
 * only orders that have rested.
 *
 * Source: design/exchange.md §4 ("quotes of at least N USD, resting ≥ 5 s"). An order that was amended or
 * refreshed since it entered has another priority than its number: it does not count, since nothing says
 * since when it stands there. Hidden lots do not count.
 */
import type { PriceTicks, TimestampMs } from '../core/units.ts';
import { bestLevel, type PriceLevels, worseLevel } from '../matching/price-levels.ts';

/** Orders of a side that are looked at: more than that in front of the wanted lots is no quote. */
const MAX_ORDERS_SEEN = 16;

/**
 * The worst price among the best orders that entered at or before `restedSince` and together show
 * `lots`, or `undefined` when the first 16 orders do not. O(16).
 */
export function quotedPrice(
  side: PriceLevels,
  lots: number,
  restedSince: TimestampMs,
): PriceTicks | undefined {
  let missing = lots;
  let seen = 0;
  for (let level = bestLevel(side); level !== undefined; level = worseLevel(level)) {
    for (let order = level.head; order !== undefined; order = order.next) {
      if (seen === MAX_ORDERS_SEEN) return undefined;
      seen += 1;
      if (order.priority !== order.id || order.placedAt > restedSince) continue;
      missing -= order.shown;
      if (missing <= 0) return level.price;
    }
  }
  return undefined;
}

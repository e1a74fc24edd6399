/**
 * What a post-only order must not meet in a batch-mode market: the orders that rested before the
 * block.
 *
 * Source: design/exchange.md §2, "post-only never takes from a resting order". Two orders of one block
 * have no earlier and no later between them, so a post-only order may trade with another of its
 * block; which of a block's transactions the proposer puts first then decides nothing.
 */
import type { Side } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import type { OrderId, PriceTicks } from '../core/units.ts';
import { type Book, oppositeSide } from '../matching/book.ts';
import { levelsFromBest } from '../matching/price-levels.ts';

/**
 * The best price opposite to `side` of an order that has its priority from an earlier block; `gone`
 * is not counted. O(levels with orders of this block only).
 */
export function bestRestingBefore(
  context: BlockContext,
  book: Book,
  side: Side,
  gone: OrderId,
): PriceTicks | undefined {
  for (const level of levelsFromBest(oppositeSide(book, side))) {
    // Priorities ascend along the queue, so what is earlier stands in front.
    for (let order = level.head; order !== undefined; order = order.next) {
      if (order.placedAt >= context.timestamp) break;
      if (order.id !== gone) return level.price;
    }
  }
  return undefined;
}

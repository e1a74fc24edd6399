/**
 * What a post-only order must not meet in a batch-mode market: the orders that rested before the
 * block.
 *
 * Source: design/exchange.md §2, "post-only never takes from a resting order". Two orders of one block
 * have no earlier and no later between them, so a post-only order may trade with another of its
 * block; which of a block's transactions the proposer puts first then decides nothing.
 *
 * In a block no order that rested before it enters a book: what was once found to have come in the
 * block alone stays so, and is not searched again.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, OrderId, PriceTicks } from '../core/units.ts';
import { oppositeSide } from '../matching/book.ts';
import { bookOf } from '../matching/books.ts';
import {
  bestLevel,
  levelNotBetter,
  type PriceLevel,
  worseLevel,
} from '../matching/price-levels.ts';
import type { State } from '../state/state.ts';

/** Whether an order of a level, `gone` not counted, has its priority from an earlier block. O(1). */
function hasEarlier({ head }: PriceLevel, context: BlockContext, gone: OrderId): boolean {
  // Priorities ascend along the queue, so what is earlier stands in front.
  const first = head?.id === gone ? head.next : head;
  return first !== undefined && first.placedAt < context.timestamp;
}

/**
 * The best price opposite to `side` of an order that has its priority from an earlier block; `gone`
 * is not counted. O(log levels), and in all calls of a block each level is passed once, and once for
 * each order that gives way to one of the other side.
 */
export function bestRestingBefore(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  side: Side,
  gone: OrderId,
): PriceTicks | undefined {
  const levels = oppositeSide(bookOf(state, instrument), side);
  const { searched } = state.derived.auctions;
  const isOpposite = gone !== 0 && state.orders.get(gone)?.side !== side;
  // Of a side, or of a side without one order: numbers of orders are above 0.
  const key = isOpposite ? -gone : instrument * 2 + (side === SIDE.buy ? 1 : 0);
  const known = searched.get(key);
  let level =
    known?.at === context.timestamp ? levelNotBetter(levels, known.price) : bestLevel(levels);
  while (level !== undefined && !hasEarlier(level, context, gone)) {
    searched.set(key, { at: context.timestamp, price: level.price });
    level = worseLevel(level);
  }
  return level?.price;
}

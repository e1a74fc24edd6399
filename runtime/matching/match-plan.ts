/**
 * Who trades with whom: the match of an incoming order, planned before anything is written.
 *
 * Source: design/exchange.md §2. Price–time priority; each fill at the resting order's price. A
 * portfolio never trades with itself: its own resting orders in the way are cancelled (the default
 * until the matching issue brings the other modes).
 */

import type { Side } from '../actions/order-terms.ts';
import type { PortfolioId, PriceTicks } from '../core/units.ts';
import { MAX_FILLS_PER_ORDER } from '../limits.ts';
import { type Book, crosses, oppositeSide } from './book.ts';
import type { RestingOrder } from './order.ts';
import { bestLevel, worseLevel } from './price-levels.ts';

/** The incoming order as the match sees it. */
export type Taker = {
  readonly portfolio: PortfolioId;
  readonly side: Side;
  readonly price: PriceTicks;
  readonly size: number;
};

export type PlannedFill = { readonly maker: RestingOrder; readonly lots: number };

export type MatchPlan = {
  /** In the order in which they trade. */
  readonly fills: readonly PlannedFill[];
  /** The taker's own resting orders in the way, in the order in which they are met. */
  readonly selfCrossed: readonly RestingOrder[];
  readonly filledLots: number;
  /** Lots not filled. */
  readonly openLots: number;
  /** True when the next order in the book would trade too, but the bound was met. */
  readonly truncated: boolean;
};

const NONE: readonly never[] = [];

/** Plans the match; changes nothing. Cost: O(orders met), at most `MAX_FILLS_PER_ORDER`. */
export function planMatch(book: Book, taker: Taker): MatchPlan {
  const { portfolio, side, price, size } = taker;
  const opposite = oppositeSide(book, side);
  let level = bestLevel(opposite);
  if (level === undefined || !crosses(side, price, level.price)) {
    return { fills: NONE, selfCrossed: NONE, filledLots: 0, openLots: size, truncated: false };
  }
  const fills: PlannedFill[] = [];
  const selfCrossed: RestingOrder[] = [];
  let openLots = size;
  let met = 0;
  while (openLots > 0 && level !== undefined && crosses(side, price, level.price)) {
    for (let order = level.head; order !== undefined && openLots > 0; order = order.next) {
      if (met === MAX_FILLS_PER_ORDER) {
        return { fills, selfCrossed, filledLots: size - openLots, openLots, truncated: true };
      }
      met += 1;
      if (order.portfolio === portfolio) {
        selfCrossed.push(order);
        continue;
      }
      const lots = Math.min(openLots, order.remaining);
      fills.push({ maker: order, lots });
      openLots -= lots;
    }
    if (openLots > 0) level = worseLevel(opposite, level);
  }
  return { fills, selfCrossed, filledLots: size - openLots, openLots, truncated: false };
}

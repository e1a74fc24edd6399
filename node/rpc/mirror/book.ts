/**
 * One mirrored book: shown lots by price with the prices sorted, its orders, and the changes of the
 * block under way.
 *
 * Invariants: a price stands in `prices` exactly when it has lots; lots are those shown, never those
 * hidden behind an iceberg.
 */
import { SIDE, type Side } from '../../../runtime/actions/order-terms.ts';
import type { OrderId } from '../../../runtime/core/units.ts';

export type Level = { readonly ticks: number; readonly lots: number };

/** One side. `sign` −1 for bids: the best price is the lowest of `sign × price`. */
export type BookSide = {
  readonly sign: 1 | -1;
  readonly lots: Map<number, number>;
  /** Best first. */
  readonly prices: number[];
};

export type MirrorBook = {
  readonly bids: BookSide;
  readonly asks: BookSide;
  readonly orders: Set<OrderId>;
  /** Height of the block that last changed it; the snapshot's before. */
  changedAt: number;
};

/** Lots before and after, by price: what a block did to one side. */
export type SideChanges = Map<number, { before: number; after: number }>;
/** `new` stands at the end of its price's queue; `change` keeps its place; lots are those shown. */
export type OrderChange = {
  readonly action: 'new' | 'change' | 'delete';
  readonly id: OrderId;
  readonly side: Side;
  readonly ticks: number;
  readonly lots: number;
};
/** What a block did to a book: to its levels, and order by order in the order of events. */
export type BookChanges = {
  readonly bids: SideChanges;
  readonly asks: SideChanges;
  readonly orders: OrderChange[];
};

export function mirrorBook(changedAt: number): MirrorBook {
  return {
    bids: { sign: -1, lots: new Map(), prices: [] },
    asks: { sign: 1, lots: new Map(), prices: [] },
    orders: new Set(),
    changedAt,
  };
}

export function bookChanges(): BookChanges {
  return { bids: new Map(), asks: new Map(), orders: [] };
}

/** Position of a price, or where it belongs. O(log prices). */
function positionOf({ prices, sign }: BookSide, ticks: number): number {
  let low = 0;
  let high = prices.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sign * (prices[middle] ?? 0) < sign * ticks) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds `lots` (negative: takes away) at a price, and notes the change if `changes` is given. */
export function addLots(
  book: MirrorBook,
  { side, ticks, lots }: { side: Side; ticks: number; lots: number },
  changes?: BookChanges,
): void {
  const isBid = side === SIDE.buy;
  const levels = isBid ? book.bids : book.asks;
  const before = levels.lots.get(ticks) ?? 0;
  const after = before + lots;
  if (after > 0) {
    if (before === 0) levels.prices.splice(positionOf(levels, ticks), 0, ticks);
    levels.lots.set(ticks, after);
  } else if (levels.lots.delete(ticks)) {
    levels.prices.splice(positionOf(levels, ticks), 1);
  }
  if (changes === undefined) return;
  const noted = isBid ? changes.bids : changes.asks;
  const earlier = noted.get(ticks);
  if (earlier === undefined) noted.set(ticks, { before, after });
  else earlier.after = after;
}

/** Levels of one side, best first, at most `depth`. O(depth). */
export function bestLevels(book: MirrorBook, side: 'bids' | 'asks', depth: number): Level[] {
  const { prices, lots } = book[side];
  return prices.slice(0, depth).map((ticks) => ({ ticks, lots: lots.get(ticks) ?? 0 }));
}

/** Best level of one side. O(1). */
export function bestLevel(book: MirrorBook, side: 'bids' | 'asks'): Level | undefined {
  const { prices, lots } = book[side];
  const [best] = prices;
  return best === undefined ? undefined : { ticks: best, lots: lots.get(best) ?? 0 };
}

/** Merges the changes of a later block into `into`. */
export function mergeBookChanges(into: BookChanges, later: BookChanges): void {
  for (const side of ['bids', 'asks'] as const) {
    for (const [ticks, { before, after }] of later[side]) {
      const earlier = into[side].get(ticks);
      if (earlier === undefined) into[side].set(ticks, { before, after });
      else earlier.after = after;
    }
  }
  into.orders.push(...later.orders);
}

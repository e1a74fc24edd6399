/** One mirrored book: lots per price, and the changes of the block under way. */
import { SIDE, type Side } from '../../../runtime/actions/order-terms.ts';

export type Level = { readonly ticks: number; readonly lots: number };

export type MirrorBook = {
  /** Price → open lots, never 0. */
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
  /** Height of the block that last changed it; the snapshot's before. */
  changedAt: number;
};

/** Lots before and after, by price: what a block did to one side. */
export type SideChanges = Map<number, { before: number; after: number }>;
export type BookChanges = { readonly bids: SideChanges; readonly asks: SideChanges };

export function mirrorBook(changedAt: number): MirrorBook {
  return { bids: new Map(), asks: new Map(), changedAt };
}

export function bookChanges(): BookChanges {
  return { bids: new Map(), asks: new Map() };
}

/** Adds `lots` (negative: takes away) at a price, and notes the change if `changes` is given. */
export function addLots(
  book: MirrorBook,
  { side, ticks, lots }: { side: Side; ticks: number; lots: number },
  changes?: BookChanges,
): void {
  const isBid = side === SIDE.buy;
  const levels = isBid ? book.bids : book.asks;
  const before = levels.get(ticks) ?? 0;
  const after = before + lots;
  if (after > 0) levels.set(ticks, after);
  else levels.delete(ticks);
  if (changes === undefined) return;
  const noted = isBid ? changes.bids : changes.asks;
  const earlier = noted.get(ticks);
  if (earlier === undefined) noted.set(ticks, { before, after });
  else earlier.after = after;
}

/** Levels of one side, best first, at most `depth`. O(levels · log). */
export function bestLevels(book: MirrorBook, side: 'bids' | 'asks', depth: number): Level[] {
  const ascending = side === 'asks';
  return [...book[side]]
    .map(([ticks, lots]) => ({ ticks, lots }))
    .sort((a, b) => (ascending ? a.ticks - b.ticks : b.ticks - a.ticks))
    .slice(0, depth);
}

/** Best level of one side. O(levels). */
export function bestLevel(book: MirrorBook, side: 'bids' | 'asks'): Level | undefined {
  let best: number | undefined;
  for (const ticks of book[side].keys()) {
    if (best === undefined || (side === 'bids' ? ticks > best : ticks < best)) best = ticks;
  }
  return best === undefined ? undefined : { ticks: best, lots: book[side].get(best) ?? 0 };
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
}

/**
 * A client's copy of a book, from the notifications of `book.…` (levels) or `level3.…` (orders): a
 * snapshot, then changes. Pure: no connection, no clock. Browser-safe.
 *
 * Each notification says which one it follows (`prev_change_id`) and what the book's checksum then is;
 * `apply…` refuses one that does not follow, and one after which the book is not the node's. The copy
 * is then useless: subscribe anew (`follow-book.ts` does).
 */
import {
  CHECKSUM_DEPTH,
  levelsChecksumText,
  ordersChecksumText,
} from '../../node/rpc/schemas/book-checksum.ts';
import type { BookData, Level3Data } from '../../node/rpc/schemas/subscription.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { crc32 } from './crc32.ts';

/** A price with its shown lots; `price` in USD per coin and `amount` in coins are for people. */
export type ClientLevel = {
  readonly ticks: number;
  readonly lots: number;
  readonly price: number;
  readonly amount: number;
};
/** A single order: its shown lots. */
export type ClientOrder = ClientLevel & { readonly id: number };

/** Levels by ticks. `changeId` is undefined before the first snapshot. */
export type LevelBook = {
  readonly bids: Map<number, ClientLevel>;
  readonly asks: Map<number, ClientLevel>;
  changeId: number | undefined;
};
/** Orders by number, within one price in time order. */
export type OrderBookCopy = {
  readonly bids: Map<number, ClientOrder>;
  readonly asks: Map<number, ClientOrder>;
  changeId: number | undefined;
};

/** `gap`: a notification was missed. `checksum`: the book differs from the node's. */
export type BookProblem = {
  readonly code: 'gap' | 'checksum';
  readonly given: number | null;
  readonly allowed: number | undefined;
};

export function levelBook(): LevelBook {
  return { bids: new Map(), asks: new Map(), changeId: undefined };
}

export function orderBook(): OrderBookCopy {
  return { bids: new Map(), asks: new Map(), changeId: undefined };
}

type Copy = LevelBook | OrderBookCopy;

/** Whether the notification follows; a snapshot always does, and empties the copy. */
function follows(book: Copy, data: BookData | Level3Data): Result<void, BookProblem> {
  if (data.type === 'snapshot') {
    book.bids.clear();
    book.asks.clear();
  } else if (book.changeId === undefined || data.prev_change_id !== book.changeId) {
    return err({ code: 'gap', given: data.prev_change_id, allowed: book.changeId });
  }
  book.changeId = data.change_id;
  return ok(undefined);
}

function verified(given: number | null, text: () => string): Result<void, BookProblem> {
  if (given === null) return ok(undefined);
  const own = crc32(text());
  return own === given ? ok(undefined) : err({ code: 'checksum', given, allowed: own });
}

/** Levels of one side, best first. O(levels · log). */
export function sortedLevels(book: LevelBook, side: 'bids' | 'asks'): ClientLevel[] {
  const sign = side === 'bids' ? -1 : 1;
  return [...book[side].values()].sort((a, b) => sign * (a.ticks - b.ticks));
}

/** Orders of one side by price and time. O(orders · log); the sort is stable. */
export function sortedOrders(book: OrderBookCopy, side: 'bids' | 'asks'): ClientOrder[] {
  const sign = side === 'bids' ? -1 : 1;
  return [...book[side].values()].sort((a, b) => sign * (a.ticks - b.ticks));
}

/** Applies a notification of `book.…`. Errors: gap (nothing changed), checksum. */
export function applyBookData(book: LevelBook, data: BookData): Result<void, BookProblem> {
  const follow = follows(book, data);
  if (!follow.ok) return follow;
  for (const side of ['bids', 'asks'] as const) {
    for (const [action, price, amount, ticks, lots] of data[side]) {
      if (action === 'delete') book[side].delete(ticks);
      else book[side].set(ticks, { ticks, lots, price, amount });
    }
  }
  const best = (side: 'bids' | 'asks') => sortedLevels(book, side).slice(0, CHECKSUM_DEPTH);
  return verified(data.checksum, () => levelsChecksumText(best('bids'), best('asks')));
}

/** Applies a notification of `level3.…`. Errors: gap (nothing changed), checksum. */
export function applyLevel3Data(book: OrderBookCopy, data: Level3Data): Result<void, BookProblem> {
  const follow = follows(book, data);
  if (!follow.ok) return follow;
  for (const [action, id, direction, price, amount, ticks, lots] of data.orders) {
    const side = direction === 'buy' ? book.bids : book.asks;
    // A map keeps the place of a key that is set again: only `new` goes to the end.
    if (action !== 'change') side.delete(id);
    if (action !== 'delete') side.set(id, { id, ticks, lots, price, amount });
  }
  const best = (side: 'bids' | 'asks') => sortedOrders(book, side).slice(0, CHECKSUM_DEPTH);
  return verified(data.checksum, () => ordersChecksumText(best('bids'), best('asks')));
}

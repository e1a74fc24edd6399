/**
 * One order book: price–time priority over resting orders.
 *
 * Source: design/exchange.md §2. The book is an index: it links the rows of the `orders` table into
 * queues, and holds nothing that the rows do not say. An order is found by its number in the table
 * alone. `bench/matching.ts` measures the book by itself.
 *
 * Invariants: bids are below asks; within a price the lower `priority` goes first; a level's lots and
 * count are those of its queue.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { assert } from '../core/result.ts';
import { type PriceTicks, sizeLots } from '../core/units.ts';
import { forgetPlace, type RestingOrder } from './order.ts';
import {
  bestLevel,
  dropLevel,
  levelAt,
  levelsFromBest,
  type PriceLevels,
  priceLevels,
} from './price-levels.ts';

export type Book = {
  readonly bids: PriceLevels;
  readonly asks: PriceLevels;
};

export function emptyBook(): Book {
  return { bids: priceLevels(), asks: priceLevels() };
}

/** Whether no order rests in the book. O(1). */
export function isEmptyBook({ bids, asks }: Book): boolean {
  return bids.best === undefined && asks.best === undefined;
}

/** The side where orders of `side` rest. */
export function restingSide(book: Book, side: Side): PriceLevels {
  return side === SIDE.buy ? book.bids : book.asks;
}

/** The side that orders of `side` take from. */
export function oppositeSide(book: Book, side: Side): PriceLevels {
  return side === SIDE.buy ? book.asks : book.bids;
}

/** Whether an order of `side` limited at `limit` trades with one resting at `price`. */
export function crosses(side: Side, limit: PriceTicks, price: PriceTicks): boolean {
  return side === SIDE.buy ? limit >= price : limit <= price;
}

/**
 * Puts an order at the end of its price's queue; its priority is above those in the queue. O(1) at
 * the best prices, O(log levels) elsewhere. Throws `InvariantViolation` when it is in a book.
 */
export function addToBook(book: Book, order: RestingOrder): void {
  assert(order.level === undefined, 'an order enters the book once');
  const { side, price } = order;
  const level = levelAt(restingSide(book, side), price, side === SIDE.buy ? price : -price);
  const { tail } = level;
  order.level = level;
  order.previous = tail;
  if (tail === undefined) level.head = order;
  else {
    assert(tail.priority < order.priority, 'an order enters behind those before it');
    tail.next = order;
  }
  level.tail = order;
  level.lots += order.remaining;
  level.orders += 1;
}

/** Takes an order out of the book. Throws `InvariantViolation` when it is not in it. O(1). */
export function removeFromBook(order: RestingOrder): void {
  const { level, previous, next } = order;
  assert(level !== undefined, 'an order leaves the book that it is in');
  if (previous === undefined) level.head = next;
  else previous.next = next;
  if (next === undefined) level.tail = previous;
  else next.previous = previous;
  forgetPlace(order);
  level.lots -= order.remaining;
  level.orders -= 1;
  if (level.head === undefined) dropLevel(level);
}

/**
 * Lowers an order's open and shown lots by a fill of less than all of them; it keeps its place. O(1).
 */
export function reduceInBook(order: RestingOrder, lots: number): void {
  const { level, remaining } = order;
  assert(level !== undefined, 'an order is filled in the book that it is in');
  assert(lots > 0 && lots < remaining, 'a fill takes some of the lots');
  order.remaining = sizeLots(remaining - lots);
  order.shown = sizeLots(Math.max(0, order.shown - lots));
  level.lots -= lots;
}

/**
 * Sends an order to the end of its price's queue; its new priority is above those in the queue.
 * O(1).
 */
export function requeueInBook(order: RestingOrder): void {
  const { level, previous, next } = order;
  assert(level !== undefined, 'an order is sent back in the book that it is in');
  const { tail } = level;
  if (next === undefined || tail === undefined) return;
  assert(tail.priority < order.priority, 'an order enters behind those before it');
  next.previous = previous;
  if (previous === undefined) level.head = next;
  else previous.next = next;
  tail.next = order;
  order.previous = tail;
  order.next = undefined;
  level.tail = order;
}

/** Best price of a side, or `undefined` when it is empty. O(1). */
export function bestPrice(levels: PriceLevels): PriceTicks | undefined {
  return bestLevel(levels)?.price;
}

/** The orders of a side in the order in which they trade. O(orders): snapshots and tests. */
export function* ordersFromBest(levels: PriceLevels): IterableIterator<RestingOrder> {
  for (const level of levelsFromBest(levels)) {
    for (let order = level.head; order !== undefined; order = order.next) yield order;
  }
}

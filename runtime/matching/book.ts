/**
 * One order book: price–time priority over resting orders.
 *
 * Source: design/exchange.md §2. The book is an index: it holds the rows of the `orders` table,
 * linked, and nothing that the rows do not say. `bench/matching.ts` measures it alone.
 *
 * Invariants: bids are below asks; within a price the lower order number goes first; a level's
 * lots and count are those of its queue.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { assert } from '../core/result.ts';
import { type OrderId, type PriceTicks, sizeLots } from '../core/units.ts';
import type { Order } from './order.ts';
import {
  bestLevel,
  dropLevel,
  levelAt,
  levelsFromBest,
  type OrderNode,
  type PriceLevel,
  type PriceLevels,
  priceLevels,
} from './price-levels.ts';

export type Book = {
  readonly bids: PriceLevels;
  readonly asks: PriceLevels;
  readonly nodes: Map<OrderId, OrderNode>;
};

export function emptyBook(): Book {
  return { bids: priceLevels(), asks: priceLevels(), nodes: new Map() };
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
 * Puts an order at the end of its price's queue; its number is above those in the queue. O(1) at
 * the best prices, O(log levels) elsewhere.
 */
export function addToBook(book: Book, order: Order): void {
  const { side, price } = order;
  const level = levelAt(restingSide(book, side), price, side === SIDE.buy ? price : -price);
  const { tail } = level;
  const node: OrderNode = { order, level, previous: tail, next: undefined };
  if (tail === undefined) level.head = node;
  else {
    assert(tail.order.id < order.id, `order ${order.id} enters behind the later ${tail.order.id}`);
    tail.next = node;
  }
  level.tail = node;
  level.lots += order.remaining;
  level.orders += 1;
  book.nodes.set(order.id, node);
}

/** Takes an order out of the book. Throws `InvariantViolation` when it is not in it. O(1). */
export function removeFromBook(book: Book, id: OrderId): Order {
  const node = book.nodes.get(id);
  assert(node !== undefined, `order ${id} is not in the book`);
  book.nodes.delete(id);
  const { level, previous, next, order } = node;
  if (previous === undefined) level.head = next;
  else previous.next = next;
  if (next === undefined) level.tail = previous;
  else next.previous = previous;
  level.lots -= order.remaining;
  level.orders -= 1;
  if (level.head === undefined) dropLevel(restingSide(book, order.side), level);
  return order;
}

/** Lowers an order's open lots by a fill of less than all of them; it keeps its place. O(1). */
export function reduceInBook(level: PriceLevel, order: Order, lots: number): void {
  assert(lots > 0 && lots < order.remaining, `a fill of ${lots} of ${order.remaining} lots`);
  order.remaining = sizeLots(order.remaining - lots);
  level.lots -= lots;
}

/** Best price of a side, or `undefined` when it is empty. O(1). */
export function bestPrice(levels: PriceLevels): PriceTicks | undefined {
  return bestLevel(levels)?.price;
}

/** The orders of a side in the order in which they trade. O(orders): snapshots and tests. */
export function* ordersFromBest(levels: PriceLevels): IterableIterator<Order> {
  for (const level of levelsFromBest(levels)) {
    for (let node = level.head; node !== undefined; node = node.next) yield node.order;
  }
}

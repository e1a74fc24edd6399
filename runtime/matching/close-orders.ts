/**
 * Closes the orders and triggers of an instrument that trades no more: at expiry.
 *
 * A bounded number at a time: the caller gives what is left of its block's budget. The cursor is the
 * book itself: what is closed is gone from the tables, and the instrument takes no more.
 */
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import type { CloseReason } from '../event.ts';
import type { State } from '../state/state.ts';
import { isEmptyBook, ordersFromBest } from './book.ts';
import { closeOrder } from './close-order.ts';
import { closeTriggersOfInstrument } from './close-trigger.ts';
import type { RestingOrder } from './order.ts';

/** Whether an instrument has open orders or waiting triggers. O(1). */
export function hasOrders(state: State, instrument: InstrumentId): boolean {
  const book = state.derived.books.byInstrument.get(instrument);
  if (book !== undefined && !isEmptyBook(book)) return true;
  return state.derived.triggers.byInstrument.has(instrument);
}

/** At most `most` orders of a book, bids before asks, best first. */
function firstOrders(state: State, instrument: InstrumentId, most: number): RestingOrder[] {
  const orders: RestingOrder[] = [];
  const book = state.derived.books.byInstrument.get(instrument);
  if (book === undefined) return orders;
  for (const side of [book.bids, book.asks]) {
    for (const order of ordersFromBest(side)) {
      if (orders.length === most) return orders;
      orders.push(order);
    }
  }
  return orders;
}

/**
 * Closes at most `most` of them, orders first, those of one call by ascending number; the number
 * closed. A book that is empty is forgotten. O(n log n) of those closed.
 */
export function closeOrdersOfInstrument(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  reason: CloseReason,
  most: number,
): number {
  const orders = firstOrders(state, instrument, most);
  for (const order of orders.sort((a, b) => a.id - b.id)) {
    closeOrder(state, context, order, reason);
  }
  const { byInstrument } = state.derived.books;
  const book = byInstrument.get(instrument);
  if (book !== undefined && isEmptyBook(book)) byInstrument.delete(instrument);
  const left = most - orders.length;
  return orders.length + closeTriggersOfInstrument(state, context, instrument, left);
}

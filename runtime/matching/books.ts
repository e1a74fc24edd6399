/** Order books by instrument: an index over the `orders` table. */
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { addToBook, type Book, emptyBook } from './book.ts';
import { forgetPlace, type RestingOrder } from './order.ts';

export type { Book } from './book.ts';

/** Instruments that ever had an order since the start; a book without orders says nothing. */
export type Books = { readonly byInstrument: Map<InstrumentId, Book> };

export function books(): Books {
  return { byInstrument: new Map() };
}

/** The book of an instrument, made when it has none. */
export function bookOf(state: State, instrument: InstrumentId): Book {
  const { byInstrument } = state.derived.books;
  const existing = byInstrument.get(instrument);
  if (existing !== undefined) return existing;
  const book = emptyBook();
  byInstrument.set(instrument, book);
  return book;
}

/** Fills the books from the table: by priority, so that every queue is in order. O(n log n). */
export function rebuildBooks(state: State): void {
  state.derived.books.byInstrument.clear();
  const orders: RestingOrder[] = [];
  for (const [, order] of state.orders.unorderedEntries()) orders.push(order);
  orders.sort((a, b) => a.priority - b.priority);
  for (const order of orders) {
    forgetPlace(order);
    addToBook(bookOf(state, order.instrument), order);
  }
}

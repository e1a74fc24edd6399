/** Order books by instrument: an index over the `orders` table. */
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { addToBook, type Book, emptyBook } from './book.ts';

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

/** Fills the books from the table: by number, so that every queue is in time order. O(n log n). */
export function rebuildBooks(state: State): void {
  state.derived.books.byInstrument.clear();
  for (const id of state.orders.sortedKeys()) {
    const order = state.orders.must(id);
    addToBook(bookOf(state, order.instrument), order);
  }
}

/** Order books: an index over the `orders` table. */
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import type { Order } from './order.ts';

export type Book = { readonly bids: Order[]; readonly asks: Order[] };
export type Books = { readonly byInstrument: Map<InstrumentId, Book> };

export function books(): Books {
  return { byInstrument: new Map() };
}

/** Fills the books from the table. */
export function rebuildBooks(state: State): void {
  state.derived.books.byInstrument.clear();
}

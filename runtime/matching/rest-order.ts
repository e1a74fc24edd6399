/** Puts an order into the book, and takes one out without a word: the two ends of its rest. */
import { noteBookChange, unindexLeaving } from '../auction/auction-index.ts';
import type { BlockContext } from '../block-context.ts';
import { EVENT } from '../event.ts';
import { indexOrder, unindexOrder } from '../margin/portfolio-index.ts';
import { noteComboOrder } from '../multileg/combo-index.ts';
import { indexQuote, unindexQuote } from '../quoting/quote-index.ts';
import type { State } from '../state/state.ts';
import { addToBook, type Book, removeFromBook } from './book.ts';
import { bookOf } from './books.ts';
import { type Order, type RestingOrder, restingOrder } from './order.ts';
import { countOpenOrder, indexOrderTerms, unindexOrderTerms } from './order-index.ts';

/** Writes the row, and enters it into book, portfolio and index of terms. O(1). */
export function enterBook(
  state: State,
  terms: Order,
  book: Book = bookOf(state, terms.instrument),
): void {
  const order = restingOrder(terms);
  state.orders.set(order.id, order);
  addToBook(book, order);
  indexOrder(state, order);
  countOpenOrder(state, order.portfolio, 1);
  if (order.expiresAt !== 0 || order.reduceOnly) indexOrderTerms(state, order);
  if (order.isQuote) indexQuote(state, order);
  if (state.combos.size > 0) noteComboOrder(state, order, 1);
  noteBookChange(state, order.instrument);
}

/** Lets an order rest, and says so. `terms` is kept by the event: not to be changed. O(1). */
export function restOrder(
  state: State,
  context: BlockContext,
  terms: Order,
  book: Book = bookOf(state, terms.instrument),
): void {
  enterBook(state, terms, book);
  context.events.push({ selector: EVENT.orderOpened, value: terms });
}

/** Takes an order out of book, portfolio, index of terms and table; the caller says why. O(1). */
export function leaveBook(state: State, order: RestingOrder): void {
  removeFromBook(order);
  unindexOrder(state, order);
  countOpenOrder(state, order.portfolio, -1);
  if (order.expiresAt !== 0 || order.reduceOnly) unindexOrderTerms(state, order);
  if (order.isQuote) unindexQuote(state, order);
  if (order.auctionOnly) unindexLeaving(state, order);
  if (state.combos.size > 0) noteComboOrder(state, order, -1);
  noteBookChange(state, order.instrument);
  state.orders.delete(order.id);
}

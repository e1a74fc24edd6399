/**
 * What an order event does to the mirror: the order, its book's levels and queue, and the changes
 * that subscribers are told.
 *
 * Invariant: a book's lots are the sum of the shown lots of its orders; an order is in `orders` of its
 * book exactly while it is open.
 */
import type { InstrumentId, OrderId } from '../../../runtime/core/units.ts';
import { sizeLots } from '../../../runtime/core/units.ts';
import type { CloseReason } from '../../../runtime/event.ts';
import type { Order } from '../../../runtime/matching/order.ts';
import {
  addLots,
  type BookChanges,
  bookChanges,
  type MirrorBook,
  mirrorBook,
  type OrderChange,
} from './book.ts';
import { closedState, type MarketMirror, type MirrorOrder } from './market.ts';

/** The book of an instrument, made when it has none. */
export function bookOf(mirror: MarketMirror, instrument: InstrumentId): MirrorBook {
  const known = mirror.books.get(instrument);
  if (known !== undefined) return known;
  const book = mirrorBook(mirror.height);
  mirror.books.set(instrument, book);
  return book;
}

/** What a block does to orders, as it goes on. */
export type OrderChanges = {
  readonly height: number;
  readonly books: Map<InstrumentId, BookChanges>;
  readonly orders: Map<OrderId, MirrorOrder>;
  readonly tickers: Set<InstrumentId>;
};

function noteBook(changes: OrderChanges, book: MirrorBook, instrument: InstrumentId): BookChanges {
  const known = changes.books.get(instrument);
  if (known !== undefined) return known;
  const fresh = bookChanges();
  changes.books.set(instrument, fresh);
  changes.tickers.add(instrument);
  book.changedAt = changes.height;
  return fresh;
}

/** Adds shown lots at the order's price and says what became of the order. */
function changeBook(
  mirror: MarketMirror,
  changes: OrderChanges | undefined,
  order: Order,
  change: { readonly action: OrderChange['action']; readonly lots: number },
): void {
  const { instrument, side, price: ticks, id } = order;
  const book = bookOf(mirror, instrument);
  const noted = changes && noteBook(changes, book, instrument);
  if (change.action === 'delete') book.orders.delete(id);
  else book.orders.add(id);
  if (change.lots !== 0) addLots(book, { side, ticks, lots: change.lots }, noted);
  const lots = change.action === 'delete' ? 0 : order.shown;
  noted?.orders.push({ action: change.action, id, side, ticks, lots });
}

/** Says to the owner's channels how the order now is. */
function noteOrder(changes: OrderChanges, entry: MirrorOrder): void {
  entry.height = changes.height;
  changes.orders.set(entry.order.id, { ...entry, order: { ...entry.order } });
}

/** Adds an open order, as a snapshot (without `changes`) or an event gives it. */
export function openOrder(
  mirror: MarketMirror,
  order: Order,
  height: number,
  changes?: OrderChanges,
): void {
  const entry: MirrorOrder = { order: { ...order }, state: 'open', reason: undefined, height };
  mirror.orders.set(order.id, entry);
  changeBook(mirror, changes, entry.order, { action: 'new', lots: order.shown });
  if (changes !== undefined) noteOrder(changes, entry);
}

/** A fill: fewer shown and open lots, the place in the queue kept. */
export function reduceOrder(
  mirror: MarketMirror,
  entry: MirrorOrder,
  lots: number,
  changes: OrderChanges,
): void {
  const { order } = entry;
  const shown = sizeLots(Math.max(0, order.shown - lots));
  const fewer = shown - order.shown;
  order.remaining = sizeLots(order.remaining - lots);
  order.shown = shown;
  changeBook(mirror, changes, order, { action: 'change', lots: fewer });
  noteOrder(changes, entry);
}

/** What an amendment or the refresh of an iceberg leaves. */
export type OrderTerms = Pick<Order, 'price' | 'size' | 'remaining' | 'shown' | 'priority'>;

/** Gives an open order other terms; with another priority it goes to the end of its queue. */
export function changeOrder(
  mirror: MarketMirror,
  entry: MirrorOrder,
  terms: OrderTerms,
  changes: OrderChanges,
): void {
  const { order } = entry;
  if (terms.priority === order.priority && terms.price === order.price) {
    const more = terms.shown - order.shown;
    Object.assign(order, terms);
    changeBook(mirror, changes, order, { action: 'change', lots: more });
  } else {
    changeBook(mirror, changes, order, { action: 'delete', lots: -order.shown });
    Object.assign(order, terms);
    changeBook(mirror, changes, order, { action: 'new', lots: order.shown });
  }
  noteOrder(changes, entry);
}

/** Takes an order out of its book; it is remembered among the last `most` closed ones. */
export function closeOrder(
  mirror: MarketMirror,
  entry: MirrorOrder,
  reason: CloseReason,
  changes: OrderChanges,
  most: number,
): void {
  const { order } = entry;
  changeBook(mirror, changes, order, { action: 'delete', lots: -order.shown });
  mirror.orders.delete(order.id);
  entry.state = closedState(reason);
  entry.reason = reason;
  noteOrder(changes, entry);
  mirror.closedOrders.set(order.id, entry);
  if (mirror.closedOrders.size <= most) return;
  const oldest = mirror.closedOrders.keys().next().value;
  if (oldest !== undefined) mirror.closedOrders.delete(oldest);
}

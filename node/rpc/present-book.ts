/**
 * Books as the interface shows them: levels (L2), single orders (L3), changes and checksums.
 *
 * Only shown lots leave this file: what an iceberg hides, and whose an order is, stay private to what
 * the chain makes public elsewhere (`private/get_open_orders`).
 */
import { crc32 } from 'node:zlib';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import type { InstrumentId } from '../../runtime/core/units.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { type BookChanges, bestLevels, type SideChanges } from './mirror/book.ts';
import type { MarketMirror, MirrorInstrument } from './mirror/market.ts';
import { amountOf, EMPTY_BOOK, priceOf, sideName } from './present.ts';
import { CHECKSUM_DEPTH, levelsChecksumText, ordersChecksumText } from './schemas/book-checksum.ts';
import type { BookLevel, BookOrder } from './schemas/market.ts';
import type { BookChange, BookData, Level3Change, Level3Data } from './schemas/subscription.ts';

/** Book data without its place, which differs between subscribers. */
type WithoutPlace<D extends BookData | Level3Data> = Omit<D, 'change_id' | 'prev_change_id'>;

/** CRC-32 of the best levels of a book. */
export function levelsChecksum(mirror: MarketMirror, id: InstrumentId): number {
  const book = mirror.books.get(id) ?? EMPTY_BOOK;
  const side = (which: 'bids' | 'asks') => bestLevels(book, which, CHECKSUM_DEPTH);
  return crc32(levelsChecksumText(side('bids'), side('asks')));
}

/** Open orders of one side by price and time. O(orders of the book · log). */
function ordersOf(mirror: MarketMirror, id: InstrumentId, side: Side): Order[] {
  const found: Order[] = [];
  for (const orderId of (mirror.books.get(id) ?? EMPTY_BOOK).orders) {
    const order = mirror.orders.get(orderId)?.order;
    if (order?.side === side) found.push(order);
  }
  const sign = side === SIDE.buy ? -1 : 1;
  return found.sort((a, b) => sign * (a.price - b.price) || a.priority - b.priority);
}

/** CRC-32 of the first orders of a book. */
function ordersChecksum(bids: readonly Order[], asks: readonly Order[]): number {
  const of = (orders: readonly Order[]) =>
    orders
      .slice(0, CHECKSUM_DEPTH)
      .map(({ id, price, shown }) => ({ id, ticks: price, lots: shown }));
  return crc32(ordersChecksumText(of(bids), of(asks)));
}

/** Levels of one side, best first. */
export function bookLevels(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
  side: 'bids' | 'asks',
  depth: number,
): BookLevel[] {
  const { row, underlying } = instrument;
  const book = mirror.books.get(row.id) ?? EMPTY_BOOK;
  return bestLevels(book, side, depth).map(({ ticks, lots }) => [
    priceOf(ticks, instrument),
    amountOf(lots, underlying),
    ticks,
    lots,
  ]);
}

/** Single orders, bids then asks, each by price–time priority, at most `most` a side. */
export function bookOrders(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
  most: number,
): BookOrder[] {
  const { row, underlying } = instrument;
  return [SIDE.buy, SIDE.sell].flatMap((side) =>
    ordersOf(mirror, row.id, side)
      .slice(0, most)
      .map(({ id, price, shown }) => ({
        order_id: id,
        direction: sideName(side),
        price: priceOf(price, instrument),
        amount: amountOf(shown, underlying),
        price_ticks: price,
        amount_lots: shown,
      })),
  );
}

function sideChanges(changes: SideChanges, instrument: MirrorInstrument): BookChange[] {
  const { underlying } = instrument;
  const found: BookChange[] = [];
  for (const [ticks, { before, after }] of changes) {
    if (before === after) continue;
    const action = after === 0 ? 'delete' : before === 0 ? 'new' : 'change';
    found.push([action, priceOf(ticks, instrument), amountOf(after, underlying), ticks, after]);
  }
  return found;
}

/** Changes of a book's levels; `undefined` when they cancel out. */
export function bookData(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
  changes: BookChanges,
  timestamp: number,
): WithoutPlace<BookData> | undefined {
  const bids = sideChanges(changes.bids, instrument);
  const asks = sideChanges(changes.asks, instrument);
  if (bids.length === 0 && asks.length === 0) return undefined;
  const { name, row } = instrument;
  const checksum = levelsChecksum(mirror, row.id);
  return { type: 'change', instrument_name: name, timestamp, checksum, bids, asks };
}

/** The whole book as `new` levels, best first. */
export function bookSnapshot(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
): WithoutPlace<BookData> {
  const side = (which: 'bids' | 'asks'): BookChange[] =>
    bookLevels(mirror, instrument, which, Number.POSITIVE_INFINITY).map((level) => [
      'new',
      ...level,
    ]);
  return {
    type: 'snapshot',
    instrument_name: instrument.name,
    timestamp: mirror.timestamp,
    checksum: levelsChecksum(mirror, instrument.row.id),
    bids: side('bids'),
    asks: side('asks'),
  };
}

/** Changes of a book order by order; `undefined` when there are none. */
export function level3Data(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
  changes: BookChanges,
  timestamp: number,
): WithoutPlace<Level3Data> | undefined {
  const { row, name, underlying } = instrument;
  if (changes.orders.length === 0) return undefined;
  const bids = ordersOf(mirror, row.id, SIDE.buy);
  const asks = ordersOf(mirror, row.id, SIDE.sell);
  return {
    type: 'change',
    instrument_name: name,
    timestamp,
    checksum: ordersChecksum(bids, asks),
    orders: changes.orders.map(({ action, id, side, ticks, lots }) => [
      action,
      id,
      sideName(side),
      priceOf(ticks, instrument),
      amountOf(lots, underlying),
      ticks,
      lots,
    ]),
  };
}

/** Every order of a book as `new`: bids, then asks, each by price and time. */
export function level3Snapshot(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
): WithoutPlace<Level3Data> {
  const { row, name, underlying } = instrument;
  const bids = ordersOf(mirror, row.id, SIDE.buy);
  const asks = ordersOf(mirror, row.id, SIDE.sell);
  return {
    type: 'snapshot',
    instrument_name: name,
    timestamp: mirror.timestamp,
    checksum: ordersChecksum(bids, asks),
    orders: [...bids, ...asks].map(
      ({ id, side, price, shown }): Level3Change => [
        'new',
        id,
        sideName(side),
        priceOf(price, instrument),
        amountOf(shown, underlying),
        price,
        shown,
      ],
    ),
  };
}

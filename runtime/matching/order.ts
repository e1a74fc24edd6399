/**
 * Resting orders. A book is an index over these rows and is rebuilt from them.
 *
 * Within a price the order of lower `priority` goes first. It is the order's number when it is
 * placed, and a later one from the same counter when an amendment or a refresh of the shown lots
 * sends it to the end of its queue.
 */
import type { Side } from '../actions/order-terms.ts';
import {
  readBool,
  readU8,
  readU32,
  readU64,
  writeBool,
  writeU8,
  writeU32,
  writeU64,
} from '../core/byte-cursor.ts';
import { bool, type Codec, container, decodedAs, u8, u32, u64 } from '../core/ssz.ts';
import {
  type InstrumentId,
  type OrderId,
  orderId,
  type PortfolioId,
  type PriceTicks,
  type SizeLots,
  sizeLots,
  type TimestampMs,
  timestampMs,
} from '../core/units.ts';
import type { Place } from '../margin/portfolio-index.ts';
import type { PriceLevel } from './price-levels.ts';

export type Order = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly side: Side;
  price: PriceTicks;
  /** Lots still open, shown and hidden. */
  remaining: SizeLots;
  /** Lots at entry, or as last amended. */
  size: SizeLots;
  /** Lots shown at a time; 0: all. */
  readonly displaySize: SizeLots;
  /** Lots shown now, at most `remaining`; those hidden follow when they are gone. */
  shown: SizeLots;
  priority: OrderId;
  postOnly: boolean;
  readonly reduceOnly: boolean;
  /** One side of a market maker's quote: replaced by its next, counted by its protection. */
  readonly isQuote: boolean;
  /** Takes part in the next auction only. */
  readonly auctionOnly: boolean;
  /** Trades in continuous trading only: leaves when an auction starts. */
  readonly continuousOnly: boolean;
  /** When it leaves the book; 0: never. */
  readonly expiresAt: TimestampMs;
  /** The order cancelled when this one trades, open or waiting for its trigger; 0: none. */
  cancelsOther: OrderId;
  /** 0: none. */
  readonly clientOrderId: number;
  /** 0: none. */
  readonly label: number;
  readonly placedAt: TimestampMs;
};

/**
 * An order as the `orders` table holds it: the row, and its place in its level's queue, which is not
 * part of any format. Invariant: `level` is `undefined` exactly while the order is in no book.
 */
export type RestingOrder = Order & {
  level: PriceLevel | undefined;
  previous: RestingOrder | undefined;
  next: RestingOrder | undefined;
  /** Where the portfolio index keeps it, and its position in the holding's `orders`. */
  place: Place | undefined;
  slot: number;
};

/**
 * A row of these terms, in no book yet. Every row is made here, so that all have one shape in memory
 * and code that walks a queue is compiled for that one. A copy: an event may keep `terms`.
 */
export function restingOrder(terms: Order): RestingOrder {
  return {
    id: terms.id,
    portfolio: terms.portfolio,
    instrument: terms.instrument,
    side: terms.side,
    price: terms.price,
    remaining: terms.remaining,
    size: terms.size,
    displaySize: terms.displaySize,
    shown: terms.shown,
    priority: terms.priority,
    postOnly: terms.postOnly,
    reduceOnly: terms.reduceOnly,
    isQuote: terms.isQuote,
    auctionOnly: terms.auctionOnly,
    continuousOnly: terms.continuousOnly,
    expiresAt: terms.expiresAt,
    cancelsOther: terms.cancelsOther,
    clientOrderId: terms.clientOrderId,
    label: terms.label,
    placedAt: terms.placedAt,
    level: undefined,
    previous: undefined,
    next: undefined,
    place: undefined,
    slot: -1,
  };
}

/** Makes a row one of no book, where the book that held it is forgotten whole. */
export function forgetPlace(order: RestingOrder): void {
  order.level = undefined;
  order.previous = undefined;
  order.next = undefined;
}

/** The terms of a row as they are now, without its place: for events and images. */
export function orderTermsOf(row: Order): Order {
  return {
    id: row.id,
    portfolio: row.portfolio,
    instrument: row.instrument,
    side: row.side,
    price: row.price,
    remaining: row.remaining,
    size: row.size,
    displaySize: row.displaySize,
    shown: row.shown,
    priority: row.priority,
    postOnly: row.postOnly,
    reduceOnly: row.reduceOnly,
    isQuote: row.isQuote,
    auctionOnly: row.auctionOnly,
    continuousOnly: row.continuousOnly,
    expiresAt: row.expiresAt,
    cancelsOther: row.cancelsOther,
    clientOrderId: row.clientOrderId,
    label: row.label,
    placedAt: row.placedAt,
  };
}

/** What of a row is the same for a plain order: shown whole, without a date, without a name. */
export const PLAIN_ORDER: Pick<
  Order,
  | 'displaySize'
  | 'postOnly'
  | 'reduceOnly'
  | 'isQuote'
  | 'auctionOnly'
  | 'continuousOnly'
  | 'expiresAt'
  | 'cancelsOther'
  | 'clientOrderId'
  | 'label'
> = {
  displaySize: sizeLots(0),
  postOnly: false,
  reduceOnly: false,
  isQuote: false,
  auctionOnly: false,
  continuousOnly: false,
  expiresAt: timestampMs(0),
  cancelsOther: orderId(0),
  clientOrderId: 0,
  label: 0,
};

export const OrderCodec: Codec<Order> = container<Order>(
  'Order',
  {
    id: u64<OrderId>(),
    portfolio: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    side: u8<Side>(),
    price: u32<PriceTicks>(),
    remaining: u32<SizeLots>(),
    size: u32<SizeLots>(),
    displaySize: u32<SizeLots>(),
    shown: u32<SizeLots>(),
    priority: u64<OrderId>(),
    postOnly: bool(),
    reduceOnly: bool(),
    isQuote: bool(),
    auctionOnly: bool(),
    continuousOnly: bool(),
    expiresAt: u64<TimestampMs>(),
    cancelsOther: u64<OrderId>(),
    clientOrderId: u64(),
    label: u64(),
    placedAt: u64<TimestampMs>(),
  },
  {
    read: (from) => ({
      id: readU64(from),
      portfolio: readU64(from),
      instrument: readU32(from),
      side: readU8(from),
      price: readU32(from),
      remaining: readU32(from),
      size: readU32(from),
      displaySize: readU32(from),
      shown: readU32(from),
      priority: readU64(from),
      postOnly: readBool(from),
      reduceOnly: readBool(from),
      isQuote: readBool(from),
      auctionOnly: readBool(from),
      continuousOnly: readBool(from),
      expiresAt: readU64(from),
      cancelsOther: readU64(from),
      clientOrderId: readU64(from),
      label: readU64(from),
      placedAt: readU64(from),
    }),
    write(to, value) {
      writeU64(to, value.id);
      writeU64(to, value.portfolio);
      writeU32(to, value.instrument);
      writeU8(to, value.side);
      writeU32(to, value.price);
      writeU32(to, value.remaining);
      writeU32(to, value.size);
      writeU32(to, value.displaySize);
      writeU32(to, value.shown);
      writeU64(to, value.priority);
      writeBool(to, value.postOnly);
      writeBool(to, value.reduceOnly);
      writeBool(to, value.isQuote);
      writeBool(to, value.auctionOnly);
      writeBool(to, value.continuousOnly);
      writeU64(to, value.expiresAt);
      writeU64(to, value.cancelsOther);
      writeU64(to, value.clientOrderId);
      writeU64(to, value.label);
      writeU64(to, value.placedAt);
    },
  },
);

/** The rows of the `orders` table: the same bytes, decoded into rows that a book can take. */
export const RestingOrderCodec: Codec<RestingOrder> = decodedAs(OrderCodec, restingOrder);

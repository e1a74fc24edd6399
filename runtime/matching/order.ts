/**
 * Resting orders. A book is an index over these rows and is rebuilt from them.
 *
 * Within a price the order of lower `priority` goes first. It is the order's number when it is
 * placed, and a later one from the same counter when an amendment or a refresh of the shown lots
 * sends it to the end of its queue.
 */
import type { Side } from '../actions/order-terms.ts';
import { bool, type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
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
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  /** One side of a market maker's quote: replaced by its next, counted by its protection. */
  readonly isQuote: boolean;
  /** Takes part in the next auction only. */
  readonly auctionOnly: boolean;
  /** When it leaves the book; 0: never. */
  readonly expiresAt: TimestampMs;
  /** The order cancelled when this one trades, open or waiting for its trigger; 0: none. */
  readonly cancelsOther: OrderId;
  /** 0: none. */
  readonly clientOrderId: number;
  /** 0: none. */
  readonly label: number;
  readonly placedAt: TimestampMs;
};

/** What of a row is the same for a plain order: shown whole, without a date, without a name. */
export const PLAIN_ORDER: Pick<
  Order,
  | 'displaySize'
  | 'postOnly'
  | 'reduceOnly'
  | 'isQuote'
  | 'auctionOnly'
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
  expiresAt: timestampMs(0),
  cancelsOther: orderId(0),
  clientOrderId: 0,
  label: 0,
};

export const OrderCodec: Codec<Order> = container<Order>('Order', {
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
  expiresAt: u64<TimestampMs>(),
  cancelsOther: u64<OrderId>(),
  clientOrderId: u64(),
  label: u64(),
  placedAt: u64<TimestampMs>(),
});

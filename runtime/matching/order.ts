/**
 * Resting orders. A book is an index over these rows and is rebuilt from them.
 *
 * Order numbers ascend in time priority: within a price the lower number goes first.
 */
import { type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import type {
  InstrumentId,
  OrderId,
  PortfolioId,
  PriceTicks,
  SizeLots,
  TimestampMs,
} from '../core/units.ts';
import type { Side } from '../transaction.ts';

export type Order = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly price: PriceTicks;
  /** Lots still open. */
  remaining: SizeLots;
  /** Lots at entry. */
  readonly size: SizeLots;
  /** 0: none. */
  readonly clientOrderId: number;
  readonly placedAt: TimestampMs;
};

export const OrderCodec: Codec<Order> = container<Order>('Order', {
  id: u64<OrderId>(),
  portfolio: u64<PortfolioId>(),
  instrument: u32<InstrumentId>(),
  side: u8<Side>(),
  price: u32<PriceTicks>(),
  remaining: u32<SizeLots>(),
  size: u32<SizeLots>(),
  clientOrderId: u64(),
  placedAt: u64<TimestampMs>(),
});

/**
 * Triggers: orders that wait for a price. Stop and take-profit orders are triggers with a condition
 * on the losing and on the winning side of the price.
 *
 * Numbers come from the counter of orders: a trigger's order has the trigger's number when it
 * fires. Prices are micro-USD per coin, so that mark, index and last trade compare alike.
 */
import type { TriggerCondition, TriggerSource } from '../actions/order-terms.ts';
import { type PlaceOrder, PlaceOrderCodec } from '../actions/orders.ts';
import { type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import type {
  Height,
  InstrumentId,
  OrderId,
  PortfolioId,
  PriceTicks,
  TimestampMs,
} from '../core/units.ts';

export type Trigger = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  /** What is placed when it fires. */
  readonly order: PlaceOrder;
  readonly source: TriggerSource;
  readonly condition: TriggerCondition;
  /** Micro-USD per coin. */
  readonly triggerPrice: number;
  /** The order or trigger cancelled when this one fires; 0: none. */
  cancelsOther: OrderId;
  readonly placedAt: TimestampMs;
  /** Height of the block in which the condition first held; 0: it waits. */
  triggeredAt: Height;
};

export const TriggerCodec: Codec<Trigger> = container<Trigger>('Trigger', {
  id: u64<OrderId>(),
  portfolio: u64<PortfolioId>(),
  order: PlaceOrderCodec,
  source: u8<TriggerSource>(),
  condition: u8<TriggerCondition>(),
  triggerPrice: u64(),
  cancelsOther: u64<OrderId>(),
  placedAt: u64<TimestampMs>(),
  triggeredAt: u64<Height>(),
});

/** The last trade of a series, and the one before its block: what triggers of that block go by. */
export type LastTrade = {
  readonly instrument: InstrumentId;
  price: PriceTicks;
  /** Height of the block of that trade. */
  height: Height;
  /** Price of the last trade of an earlier block; 0: none. */
  previous: PriceTicks;
};

export const LastTradeCodec: Codec<LastTrade> = container<LastTrade>('LastTrade', {
  instrument: u32<InstrumentId>(),
  price: u32<PriceTicks>(),
  height: u64<Height>(),
  previous: u32<PriceTicks>(),
});

/**
 * Events: what a block did, for market data, wallets and indexers. Derived, not committed: every
 * node that executes the block emits the same list in the same order.
 *
 * Order events are enough to rebuild every book: `opened` adds, `reduced` lowers the open lots by a
 * fill, `closed` removes.
 */

import type { Side } from './actions/order-terms.ts';
import type { Denomination } from './actions/transfer.ts';
import {
  readI128,
  readU8,
  readU32,
  readU64,
  writeI128,
  writeU8,
  writeU32,
  writeU64,
} from './core/byte-cursor.ts';
import {
  bytes,
  type Codec,
  container,
  i128,
  list,
  u8,
  u32,
  u64,
  union,
  type Variant,
} from './core/ssz.ts';
import type {
  AccountId,
  Epoch,
  InstrumentId,
  OrderId,
  PortfolioId,
  PriceTicks,
  SizeLots,
  TimestampMs,
  UnderlyingId,
} from './core/units.ts';
import { type Order, OrderCodec } from './matching/order.ts';
import { type Instrument, InstrumentCodec } from './options/instrument.ts';
import { type MarkInputs, MarkInputsCodec } from './oracle/price.ts';

/** Why an order left the book; numbers are wire format. */
export const CLOSE_REASON = { filled: 0, cancelled: 1, margin: 2, expired: 3 } as const;
export type CloseReason = (typeof CLOSE_REASON)[keyof typeof CLOSE_REASON];

export type TradeEvent = {
  readonly instrument: InstrumentId;
  readonly price: PriceTicks;
  readonly lots: SizeLots;
  /** Side of the taker. */
  readonly side: Side;
  readonly makerOrder: OrderId;
  readonly takerOrder: OrderId;
  readonly maker: PortfolioId;
  readonly taker: PortfolioId;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
};
export type OrderReducedEvent = { readonly orderId: OrderId; readonly lots: SizeLots };
export type OrderClosedEvent = { readonly orderId: OrderId; readonly reason: CloseReason };
export type TransferEvent = {
  readonly from: PortfolioId;
  readonly to: PortfolioId;
  readonly denomination: Denomination;
  readonly amount: bigint;
};
export type AccountCreatedEvent = { readonly account: AccountId; readonly address: Uint8Array };
export type IndexEvent = { readonly underlying: UnderlyingId; readonly index: number };
export type DeliveryEvent = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  readonly deliveryPrice: number;
};
/** Payment of one position at delivery; `cash` negative: paid by the holder. */
export type SettledEvent = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly cash: bigint;
  readonly fee: bigint;
};
export type InstrumentClosedEvent = { readonly instrument: InstrumentId };
export type EpochEvent = { readonly epoch: Epoch };

/** Selectors of events; append-only wire format. */
export const EVENT = {
  trade: 0,
  orderOpened: 1,
  orderReduced: 2,
  orderClosed: 3,
  transfer: 4,
  accountCreated: 5,
  index: 6,
  marks: 7,
  instrumentListed: 8,
  delivery: 9,
  settled: 10,
  instrumentSettled: 11,
  epochStarted: 12,
} as const;

export type Event =
  | Variant<typeof EVENT.trade, TradeEvent>
  | Variant<typeof EVENT.orderOpened, Order>
  | Variant<typeof EVENT.orderReduced, OrderReducedEvent>
  | Variant<typeof EVENT.orderClosed, OrderClosedEvent>
  | Variant<typeof EVENT.transfer, TransferEvent>
  | Variant<typeof EVENT.accountCreated, AccountCreatedEvent>
  | Variant<typeof EVENT.index, IndexEvent>
  | Variant<typeof EVENT.marks, MarkInputs>
  | Variant<typeof EVENT.instrumentListed, Instrument>
  | Variant<typeof EVENT.delivery, DeliveryEvent>
  | Variant<typeof EVENT.settled, SettledEvent>
  | Variant<typeof EVENT.instrumentSettled, InstrumentClosedEvent>
  | Variant<typeof EVENT.epochStarted, EpochEvent>;

export const EventCodec: Codec<Event> = union<Event>('Event', {
  [EVENT.trade]: container<TradeEvent>(
    'TradeEvent',
    {
      instrument: u32<InstrumentId>(),
      price: u32<PriceTicks>(),
      lots: u32<SizeLots>(),
      side: u8<Side>(),
      makerOrder: u64<OrderId>(),
      takerOrder: u64<OrderId>(),
      maker: u64<PortfolioId>(),
      taker: u64<PortfolioId>(),
      makerFee: i128(),
      takerFee: i128(),
    },
    {
      read: (from) => ({
        instrument: readU32(from),
        price: readU32(from),
        lots: readU32(from),
        side: readU8(from),
        makerOrder: readU64(from),
        takerOrder: readU64(from),
        maker: readU64(from),
        taker: readU64(from),
        makerFee: readI128(from),
        takerFee: readI128(from),
      }),
      write(to, value) {
        writeU32(to, value.instrument);
        writeU32(to, value.price);
        writeU32(to, value.lots);
        writeU8(to, value.side);
        writeU64(to, value.makerOrder);
        writeU64(to, value.takerOrder);
        writeU64(to, value.maker);
        writeU64(to, value.taker);
        writeI128(to, value.makerFee);
        writeI128(to, value.takerFee);
      },
    },
  ),
  [EVENT.orderOpened]: OrderCodec,
  [EVENT.orderReduced]: container<OrderReducedEvent>(
    'OrderReducedEvent',
    {
      orderId: u64<OrderId>(),
      lots: u32<SizeLots>(),
    },
    {
      read: (from) => ({
        orderId: readU64(from),
        lots: readU32(from),
      }),
      write(to, value) {
        writeU64(to, value.orderId);
        writeU32(to, value.lots);
      },
    },
  ),
  [EVENT.orderClosed]: container<OrderClosedEvent>(
    'OrderClosedEvent',
    {
      orderId: u64<OrderId>(),
      reason: u8<CloseReason>(),
    },
    {
      read: (from) => ({
        orderId: readU64(from),
        reason: readU8(from),
      }),
      write(to, value) {
        writeU64(to, value.orderId);
        writeU8(to, value.reason);
      },
    },
  ),
  [EVENT.transfer]: container<TransferEvent>('TransferEvent', {
    from: u64<PortfolioId>(),
    to: u64<PortfolioId>(),
    denomination: u8<Denomination>(),
    amount: i128(),
  }),
  [EVENT.accountCreated]: container<AccountCreatedEvent>('AccountCreatedEvent', {
    account: u64<AccountId>(),
    address: bytes(20),
  }),
  [EVENT.index]: container<IndexEvent>('IndexEvent', {
    underlying: u8<UnderlyingId>(),
    index: u64(),
  }),
  [EVENT.marks]: MarkInputsCodec,
  [EVENT.instrumentListed]: InstrumentCodec,
  [EVENT.delivery]: container<DeliveryEvent>('DeliveryEvent', {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
    deliveryPrice: u64(),
  }),
  [EVENT.settled]: container<SettledEvent>('SettledEvent', {
    portfolio: u64<PortfolioId>(),
    instrument: u32<InstrumentId>(),
    cash: i128(),
    fee: i128(),
  }),
  [EVENT.instrumentSettled]: container<InstrumentClosedEvent>('InstrumentClosedEvent', {
    instrument: u32<InstrumentId>(),
  }),
  [EVENT.epochStarted]: container<EpochEvent>('EpochEvent', { epoch: u64<Epoch>() }),
});

/** Most events of one block: fills and order events of a full block, several times over. */
export const MAX_BLOCK_EVENTS: number = 4 * 1024 * 1024;
export const EventsCodec: Codec<Event[]> = list(EventCodec, MAX_BLOCK_EVENTS);

/** The actions on single orders: formats. */
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
import { bool, type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import {
  type InstrumentId,
  instrumentId,
  type OrderId,
  type PriceTicks,
  type SizeLots,
  type SubAccount,
  sizeLots,
  type TimestampMs,
  timestampMs,
  type UnderlyingId,
  underlyingId,
} from '../core/units.ts';
import {
  ORDER_TYPE,
  type OrderType,
  POST_ONLY,
  type PostOnly,
  SELF_TRADE_PREVENTION,
  type SelfTradePrevention,
  type Side,
  TIME_IN_FORCE,
  type TimeInForce,
  type TriggerCondition,
  type TriggerSource,
} from './order-terms.ts';

/**
 * An order. `clientOrderId` 0 is none; else unique among the sub-account's open orders and waiting
 * triggers.
 */
export type PlaceOrder = {
  readonly subAccount: SubAccount;
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: PostOnly;
  /** Only what closes an existing position trades or rests. */
  readonly reduceOnly: boolean;
  readonly selfTradePrevention: SelfTradePrevention;
  /** The limit; of a market order its bound, 0: the price band's edge. */
  readonly price: PriceTicks;
  readonly size: SizeLots;
  /** Lots shown at a time; 0: all of them. */
  readonly displaySize: SizeLots;
  /** When a `gtt` order leaves the book; 0 for every other. */
  readonly expiresAt: TimestampMs;
  readonly clientOrderId: number;
  /** The account's own mark on a group of orders; 0 is none. */
  readonly label: number;
};

/** What an order leaves unsaid: a limit order, good till cancelled, shown whole. */
export const PLAIN_TERMS: Omit<
  PlaceOrder,
  'subAccount' | 'instrument' | 'side' | 'price' | 'size'
> = {
  type: ORDER_TYPE.limit,
  timeInForce: TIME_IN_FORCE.gtc,
  postOnly: POST_ONLY.none,
  reduceOnly: false,
  selfTradePrevention: SELF_TRADE_PREVENTION.cancelMaker,
  displaySize: sizeLots(0),
  expiresAt: timestampMs(0),
  clientOrderId: 0,
  label: 0,
};

/** Cancels an open order or a waiting trigger, of any sub-account. */
export type CancelOrder = { readonly orderId: OrderId };
export type CancelByClientId = { readonly subAccount: SubAccount; readonly clientOrderId: number };

/** The filter that names no underlying: 0 is the number of one. */
export const ANY_UNDERLYING: UnderlyingId = underlyingId(255);

/** Cancels the open orders and waiting triggers to which every filter applies. */
export type CancelOrders = {
  readonly subAccount: SubAccount;
  /** Of every sub-account; `subAccount` is then not looked at. */
  readonly allSubAccounts: boolean;
  /** `ANY_UNDERLYING`: any. */
  readonly underlying: UnderlyingId;
  /** 0: any. */
  readonly instrument: InstrumentId;
  /** 0: any. */
  readonly label: number;
};

/** Cancels every order and trigger of a sub-account. */
export function cancelAllOf(subAccount: SubAccount): CancelOrders {
  return {
    subAccount,
    allSubAccounts: false,
    underlying: ANY_UNDERLYING,
    instrument: instrumentId(0),
    label: 0,
  };
}

/** An open order or a waiting trigger of the sub-account. */
export type OrderReference = {
  readonly subAccount: SubAccount;
  /** 0: by `clientOrderId`. */
  readonly orderId: OrderId;
  readonly clientOrderId: number;
};

/**
 * Gives an open order another price or size. It keeps its number; it keeps its place in the queue
 * where only the size falls, else it is judged and may trade like a new order.
 */
export type AmendOrder = {
  readonly order: OrderReference;
  readonly price: PriceTicks;
  /** Lots in all, those already filled included. */
  readonly size: SizeLots;
  /** What happens where the new price would take; an order placed post-only never takes. */
  readonly postOnly: PostOnly;
};

/** Lowers the size of an open order, which keeps its place: in the class of cancels. */
export type ReduceOrder = {
  readonly order: OrderReference;
  /** Lots in all, those already filled included. */
  readonly size: SizeLots;
};

/** Cancels an open order and places another, or neither. */
export type ReplaceOrder = { readonly replaced: OrderReference; readonly order: PlaceOrder };

/** Places `order` when a price first is at or beyond `triggerPrice`. */
export type PlaceTrigger = {
  readonly order: PlaceOrder;
  readonly source: TriggerSource;
  readonly condition: TriggerCondition;
  /** Micro-USD per coin, whatever the source. */
  readonly triggerPrice: number;
};

/** Links two open orders or triggers: when one trades or fires the other is cancelled. */
export type LinkOrders = { readonly first: OrderReference; readonly second: OrderReference };

export const PlaceOrderCodec: Codec<PlaceOrder> = container<PlaceOrder>(
  'PlaceOrder',
  {
    subAccount: u8<SubAccount>(),
    instrument: u32<InstrumentId>(),
    side: u8<Side>(),
    type: u8<OrderType>(),
    timeInForce: u8<TimeInForce>(),
    postOnly: u8<PostOnly>(),
    reduceOnly: bool(),
    selfTradePrevention: u8<SelfTradePrevention>(),
    price: u32<PriceTicks>(),
    size: u32<SizeLots>(),
    displaySize: u32<SizeLots>(),
    expiresAt: u64<TimestampMs>(),
    clientOrderId: u64(),
    label: u64(),
  },
  {
    read: (from) => ({
      subAccount: readU8(from),
      instrument: readU32(from),
      side: readU8(from),
      type: readU8(from),
      timeInForce: readU8(from),
      postOnly: readU8(from),
      reduceOnly: readBool(from),
      selfTradePrevention: readU8(from),
      price: readU32(from),
      size: readU32(from),
      displaySize: readU32(from),
      expiresAt: readU64(from),
      clientOrderId: readU64(from),
      label: readU64(from),
    }),
    write(to, value) {
      writeU8(to, value.subAccount);
      writeU32(to, value.instrument);
      writeU8(to, value.side);
      writeU8(to, value.type);
      writeU8(to, value.timeInForce);
      writeU8(to, value.postOnly);
      writeBool(to, value.reduceOnly);
      writeU8(to, value.selfTradePrevention);
      writeU32(to, value.price);
      writeU32(to, value.size);
      writeU32(to, value.displaySize);
      writeU64(to, value.expiresAt);
      writeU64(to, value.clientOrderId);
      writeU64(to, value.label);
    },
  },
);
export const CancelOrderCodec: Codec<CancelOrder> = container<CancelOrder>(
  'CancelOrder',
  {
    orderId: u64<OrderId>(),
  },
  {
    read: (from) => ({
      orderId: readU64(from),
    }),
    write(to, value) {
      writeU64(to, value.orderId);
    },
  },
);
export const CancelByClientIdCodec: Codec<CancelByClientId> = container<CancelByClientId>(
  'CancelByClientId',
  { subAccount: u8<SubAccount>(), clientOrderId: u64() },
  {
    read: (from) => ({
      subAccount: readU8(from),
      clientOrderId: readU64(from),
    }),
    write(to, value) {
      writeU8(to, value.subAccount);
      writeU64(to, value.clientOrderId);
    },
  },
);
export const CancelOrdersCodec: Codec<CancelOrders> = container<CancelOrders>('CancelOrders', {
  subAccount: u8<SubAccount>(),
  allSubAccounts: bool(),
  underlying: u8<UnderlyingId>(),
  instrument: u32<InstrumentId>(),
  label: u64(),
});

const OrderReferenceCodec: Codec<OrderReference> = container<OrderReference>('OrderReference', {
  subAccount: u8<SubAccount>(),
  orderId: u64<OrderId>(),
  clientOrderId: u64(),
});
export const AmendOrderCodec: Codec<AmendOrder> = container<AmendOrder>('AmendOrder', {
  order: OrderReferenceCodec,
  price: u32<PriceTicks>(),
  size: u32<SizeLots>(),
  postOnly: u8<PostOnly>(),
});
export const ReduceOrderCodec: Codec<ReduceOrder> = container<ReduceOrder>('ReduceOrder', {
  order: OrderReferenceCodec,
  size: u32<SizeLots>(),
});
export const ReplaceOrderCodec: Codec<ReplaceOrder> = container<ReplaceOrder>('ReplaceOrder', {
  replaced: OrderReferenceCodec,
  order: PlaceOrderCodec,
});
export const PlaceTriggerCodec: Codec<PlaceTrigger> = container<PlaceTrigger>('PlaceTrigger', {
  order: PlaceOrderCodec,
  source: u8<TriggerSource>(),
  condition: u8<TriggerCondition>(),
  triggerPrice: u64(),
});
export const LinkOrdersCodec: Codec<LinkOrders> = container<LinkOrders>('LinkOrders', {
  first: OrderReferenceCodec,
  second: OrderReferenceCodec,
});

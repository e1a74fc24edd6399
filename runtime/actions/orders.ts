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
  type OrderId,
  type PriceTicks,
  type SizeLots,
  type SubAccount,
  sizeLots,
  type TimestampMs,
  timestampMs,
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
} from './order-terms.ts';

/** An order. `clientOrderId` 0 is none; else unique among the sub-account's open orders. */
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

export type CancelOrder = { readonly orderId: OrderId };
export type CancelByClientId = { readonly subAccount: SubAccount; readonly clientOrderId: number };
/** Cancels every open order of the sub-account. */
export type CancelAll = { readonly subAccount: SubAccount };

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
export const CancelAllCodec: Codec<CancelAll> = container<CancelAll>('CancelAll', {
  subAccount: u8<SubAccount>(),
});

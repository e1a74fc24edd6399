/**
 * Subscriptions: channel names and what each notification carries. Browser-safe.
 *
 * A notification is one JSON-RPC message `{ method: "subscription", params: Notification }`, at most
 * one per channel and block. `sequence` is the height of the newest block it covers and
 * `prev_sequence` that of the notification before it on this subscription, so a missed one shows. To
 * resume, subscribe with `from_height` = the last `sequence` seen: where the node still remembers,
 * it sends what followed; else the channel starts afresh (books with a snapshot).
 */
import * as z from 'zod';
import { type OrderInfo, OrderInfoSchema, type TriggerInfo, TriggerInfoSchema } from './account.ts';
import { type BlockData, BlockDataSchema } from './chain.ts';
import {
  AccountText,
  Count,
  CurrencyName,
  HeightSchema,
  Hex32,
  InstrumentName,
  Millis,
  Money,
  SideName,
} from './common.ts';
import {
  type AuctionInfo,
  AuctionInfoSchema,
  type IndexPriceInfo,
  IndexPriceInfoSchema,
  type Ticker,
  TickerSchema,
  type TradeInfo,
  TradeInfoSchema,
  type UserTradeInfo,
  UserTradeInfoSchema,
} from './market.ts';
import {
  type InstrumentStateChange,
  InstrumentStateChangeSchema,
  type RfqChange,
  RfqChangeSchema,
  type UserNotice,
  UserNoticeSchema,
} from './trading.ts';
import { type TransactionInfo, TransactionInfoSchema } from './transaction.ts';

/** Most channels of one subscribe call. */
export const MAX_CHANNELS_PER_CALL = 100;

/** `raw`: once per block with a change; the others: at most once per interval. */
export const INTERVALS = { raw: 0, '100ms': 100, '1000ms': 1_000 } as const;
export type IntervalName = keyof typeof INTERVALS;

/** A parsed channel name. */
export type Channel =
  | { kind: 'book'; instrument: string; interval: IntervalName }
  | { kind: 'level3'; instrument: string }
  | { kind: 'ticker'; instrument: string; interval: IntervalName }
  /** `scope`: an instrument, an underlying, or `all`. */
  | { kind: 'trades'; scope: string }
  | { kind: 'price_index'; currency: string }
  | { kind: 'auction'; instrument: string }
  /** `scope`: an underlying, or `all`. */
  | { kind: 'instrument.state' | 'rfq'; scope: string }
  | { kind: 'user.orders' | 'user.triggers' | 'user.trades' | 'user.changes'; account: string }
  | { kind: 'blocks' }
  | { kind: 'transaction'; transactionId: string };

/** Forms that `parseChannel` takes, for help and errors. */
export const CHANNEL_FORMS: string =
  'book.{instrument}.{raw|100ms|1000ms}, level3.{instrument}, ticker.{instrument}.{raw|100ms|1000ms}, ' +
  'trades.{instrument|underlying|all}, price_index.{underlying}, auction.{instrument}, ' +
  'instrument.state.{underlying|all}, rfq.{underlying|all}, user.orders.{account}, ' +
  'user.triggers.{account}, user.trades.{account}, user.changes.{account}, blocks, ' +
  'transaction.{id}';

const matches = (schema: z.ZodType, value: string | undefined): value is string =>
  value !== undefined && schema.safeParse(value).success;

const isInterval = (value: string | undefined): value is IntervalName =>
  value !== undefined && Object.hasOwn(INTERVALS, value);

/** Parses a channel name; `undefined` when it has none of `CHANNEL_FORMS`. */
export function parseChannel(name: string): Channel | undefined {
  const parts = name.split('.');
  const [kind, second, third] = parts;
  if (kind === 'blocks') return parts.length === 1 ? { kind } : undefined;
  if (kind === 'book' || kind === 'ticker') {
    return parts.length === 3 && matches(InstrumentName, second) && isInterval(third)
      ? { kind, instrument: second, interval: third }
      : undefined;
  }
  if (kind === 'user') {
    if (parts.length !== 3 || !matches(AccountText, third)) return undefined;
    switch (second) {
      case 'orders':
      case 'triggers':
      case 'trades':
      case 'changes':
        return { kind: `user.${second}`, account: third };
      default:
        return undefined;
    }
  }
  if (kind === 'instrument') {
    const isScope = third === 'all' || matches(CurrencyName, third);
    return parts.length === 3 && second === 'state' && isScope
      ? { kind: 'instrument.state', scope: third }
      : undefined;
  }
  if (parts.length !== 2) return undefined;
  switch (kind) {
    case 'level3':
    case 'auction':
      return matches(InstrumentName, second) ? { kind, instrument: second } : undefined;
    case 'trades':
      return second === 'all' || matches(InstrumentName, second) || matches(CurrencyName, second)
        ? { kind, scope: second }
        : undefined;
    case 'rfq':
      return second === 'all' || matches(CurrencyName, second)
        ? { kind, scope: second }
        : undefined;
    case 'price_index':
      return matches(CurrencyName, second) ? { kind, currency: second } : undefined;
    case 'transaction':
      return matches(Hex32, second) ? { kind, transactionId: second } : undefined;
    default:
      return undefined;
  }
}

export type SubscribeParams = { channels: string[]; from_height?: number | undefined };
export const SubscribeParamsSchema: z.ZodType<SubscribeParams> = z.strictObject({
  channels: z.array(z.string().min(1).max(160)).min(1).max(MAX_CHANNELS_PER_CALL),
  from_height: HeightSchema.optional(),
});
export type UnsubscribeParams = { channels: string[] };
export const UnsubscribeParamsSchema: z.ZodType<UnsubscribeParams> = z.strictObject({
  channels: z.array(z.string().min(1).max(160)).min(1).max(MAX_CHANNELS_PER_CALL),
});
/** The channels now subscribed, or no longer. */
export const ChannelsSchema: z.ZodType<string[]> = z.array(z.string());

/** `delete`: amount and lots are 0. */
export type BookChange = [
  action: 'new' | 'change' | 'delete',
  price: number,
  amount: number,
  ticks: number,
  lots: number,
];
/**
 * `change_id` is the height of the block. `checksum`: CRC-32 of the book after it, by
 * `book-checksum.ts`; null in blocks sent again after a resume, but for the last.
 */
type BookPlace = {
  type: 'snapshot' | 'change';
  instrument_name: string;
  timestamp: number;
  change_id: number;
  prev_change_id: number | null;
  checksum: number | null;
};
export type BookData = BookPlace & { bids: BookChange[]; asks: BookChange[] };

/**
 * One order of a book: its shown lots, no owner. `new` enters at the end of its price's queue, `change`
 * keeps its place, `delete` leaves (amount and lots are 0). Applied in order.
 */
export type Level3Change = [
  action: 'new' | 'change' | 'delete',
  order_id: number,
  direction: 'buy' | 'sell',
  price: number,
  amount: number,
  ticks: number,
  lots: number,
];
/** A snapshot has its orders by price and time, best first, bids before asks. */
export type Level3Data = BookPlace & { orders: Level3Change[] };
/**
 * Money that reached or left the account: transfers, settlements, shares of fees of the referred; of
 * futures and perpetuals what was realised (`variation`) and funding.
 */
export type UserChange = {
  type: 'liquidation' | 'transfer' | 'settlement' | 'referral' | 'variation' | 'funding';
  sub_account: number;
  instrument_name: string | null;
  currency: 'USD' | 'MIL';
  amount: string;
  fee: string;
};
export type UserChanges = {
  orders: OrderInfo[];
  triggers: TriggerInfo[];
  trades: UserTradeInfo[];
  cash: UserChange[];
  notices: UserNotice[];
};
/** Data of a notification by the kind of its channel. */
export type ChannelData = {
  book: BookData;
  level3: Level3Data;
  ticker: Ticker;
  trades: TradeInfo[];
  price_index: IndexPriceInfo;
  auction: AuctionInfo;
  'instrument.state': InstrumentStateChange[];
  rfq: RfqChange[];
  'user.orders': OrderInfo[];
  'user.triggers': TriggerInfo[];
  'user.trades': UserTradeInfo[];
  'user.changes': UserChanges;
  blocks: BlockData;
  transaction: TransactionInfo;
};
export type ChannelKind = keyof ChannelData;

export type Notification<D = unknown> = {
  channel: string;
  height: number;
  sequence: number;
  prev_sequence: number | null;
  data: D;
};

const changes = z.array(
  z.tuple([
    z.enum(['new', 'change', 'delete']),
    z.number(),
    z.number(),
    z.int().min(0),
    z.int().min(0),
  ]),
);

const bookPlace = {
  type: z.enum(['snapshot', 'change']),
  instrument_name: InstrumentName,
  timestamp: Millis,
  change_id: HeightSchema,
  prev_change_id: HeightSchema.nullable(),
  checksum: z.int().min(0).nullable(),
};

/** Schemas of `ChannelData`: what OpenRPC documents and tests check. */
export const CHANNEL_DATA: { readonly [K in ChannelKind]: z.ZodType<ChannelData[K]> } = {
  book: z.strictObject({ ...bookPlace, bids: changes, asks: changes }),
  level3: z.strictObject({
    ...bookPlace,
    orders: z.array(
      z.tuple([
        z.enum(['new', 'change', 'delete']),
        Count,
        SideName,
        z.number(),
        z.number(),
        Count,
        Count,
      ]),
    ),
  }),
  ticker: TickerSchema,
  trades: z.array(TradeInfoSchema),
  price_index: IndexPriceInfoSchema,
  auction: AuctionInfoSchema,
  'instrument.state': z.array(InstrumentStateChangeSchema),
  rfq: z.array(RfqChangeSchema),
  'user.orders': z.array(OrderInfoSchema),
  'user.triggers': z.array(TriggerInfoSchema),
  'user.trades': z.array(UserTradeInfoSchema),
  'user.changes': z.strictObject({
    orders: z.array(OrderInfoSchema),
    triggers: z.array(TriggerInfoSchema),
    trades: z.array(UserTradeInfoSchema),
    cash: z.array(
      z.strictObject({
        type: z.enum(['liquidation', 'transfer', 'settlement', 'referral', 'variation', 'funding']),
        sub_account: z.int(),
        instrument_name: z.string().nullable(),
        currency: z.enum(['USD', 'MIL']),
        amount: Money,
        fee: Money,
      }),
    ),
    notices: z.array(UserNoticeSchema),
  }),
  blocks: BlockDataSchema,
  transaction: TransactionInfoSchema,
};

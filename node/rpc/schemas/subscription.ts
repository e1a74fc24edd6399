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
import { type OrderInfo, OrderInfoSchema } from './account.ts';
import { type BlockData, BlockDataSchema } from './chain.ts';
import {
  AccountText,
  CurrencyName,
  HeightSchema,
  Hex32,
  InstrumentName,
  Millis,
  Money,
} from './common.ts';
import {
  type IndexPriceInfo,
  IndexPriceInfoSchema,
  type Ticker,
  TickerSchema,
  type TradeInfo,
  TradeInfoSchema,
  type UserTradeInfo,
  UserTradeInfoSchema,
} from './market.ts';
import { type TransactionInfo, TransactionInfoSchema } from './transaction.ts';

/** Most channels of one subscribe call. */
export const MAX_CHANNELS_PER_CALL = 100;

/** `raw`: once per block with a change; the others: at most once per interval. */
export const INTERVALS = { raw: 0, '100ms': 100, '1000ms': 1_000 } as const;
export type IntervalName = keyof typeof INTERVALS;

/** A parsed channel name. */
export type Channel =
  | { kind: 'book'; instrument: string; interval: IntervalName }
  | { kind: 'ticker'; instrument: string; interval: IntervalName }
  /** `scope`: an instrument, an underlying, or `all`. */
  | { kind: 'trades'; scope: string }
  | { kind: 'price_index'; currency: string }
  | { kind: 'user.orders' | 'user.trades' | 'user.changes'; account: string }
  | { kind: 'blocks' }
  | { kind: 'transaction'; transactionId: string };

/** Forms that `parseChannel` takes, for help and errors. */
export const CHANNEL_FORMS: string =
  'book.{instrument}.{raw|100ms|1000ms}, ticker.{instrument}.{raw|100ms|1000ms}, ' +
  'trades.{instrument|underlying|all}, price_index.{underlying}, user.orders.{account}, ' +
  'user.trades.{account}, user.changes.{account}, blocks, transaction.{id}';

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
      case 'trades':
      case 'changes':
        return { kind: `user.${second}`, account: third };
      default:
        return undefined;
    }
  }
  if (parts.length !== 2) return undefined;
  switch (kind) {
    case 'trades':
      return second === 'all' || matches(InstrumentName, second) || matches(CurrencyName, second)
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
export type BookData = {
  type: 'snapshot' | 'change';
  instrument_name: string;
  timestamp: number;
  change_id: number;
  prev_change_id: number | null;
  bids: BookChange[];
  asks: BookChange[];
};
/** Money that reached or left the account: transfers and settlements. */
export type UserChange = {
  type: 'transfer' | 'settlement';
  sub_account: number;
  instrument_name: string | null;
  currency: 'USD' | 'MIL';
  amount: string;
  fee: string;
};
export type UserChanges = { orders: OrderInfo[]; trades: UserTradeInfo[]; cash: UserChange[] };
/** Data of a notification by the kind of its channel. */
export type ChannelData = {
  book: BookData;
  ticker: Ticker;
  trades: TradeInfo[];
  price_index: IndexPriceInfo;
  'user.orders': OrderInfo[];
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

/** Schemas of `ChannelData`: what OpenRPC documents and tests check. */
export const CHANNEL_DATA: { readonly [K in ChannelKind]: z.ZodType<ChannelData[K]> } = {
  book: z.strictObject({
    type: z.enum(['snapshot', 'change']),
    instrument_name: InstrumentName,
    timestamp: Millis,
    change_id: HeightSchema,
    prev_change_id: HeightSchema.nullable(),
    bids: changes,
    asks: changes,
  }),
  ticker: TickerSchema,
  trades: z.array(TradeInfoSchema),
  price_index: IndexPriceInfoSchema,
  'user.orders': z.array(OrderInfoSchema),
  'user.trades': z.array(UserTradeInfoSchema),
  'user.changes': z.strictObject({
    orders: z.array(OrderInfoSchema),
    trades: z.array(UserTradeInfoSchema),
    cash: z.array(
      z.strictObject({
        type: z.enum(['transfer', 'settlement']),
        sub_account: z.int(),
        instrument_name: z.string().nullable(),
        currency: z.enum(['USD', 'MIL']),
        amount: Money,
        fee: Money,
      }),
    ),
  }),
  blocks: BlockDataSchema,
  transaction: TransactionInfoSchema,
};

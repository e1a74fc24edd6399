/** Market data: instruments, books, tickers, trades, indexes. Browser-safe. */
import * as z from 'zod';
import {
  BigText,
  Count,
  CurrencyName,
  HeightSchema,
  InstrumentName,
  Millis,
  Money,
  Safe,
  SideName,
} from './common.ts';

/** Most instruments of one answer. */
export const MAX_INSTRUMENTS = 10_000;
/** Most price levels of one side of a book in one answer. */
export const MAX_BOOK_DEPTH = 1_000;
/** Most trades, orders or blocks of one answer. */
export const MAX_PAGE = 1_000;
/** Hours of funding that the chain remembers. */
export const MAX_FUNDING_HOURS = 8;

/** `pending`: listed, waits for its first mark; `auction`: orders are collected, none trades yet. */
export type InstrumentStateName =
  | 'pending'
  | 'auction'
  | 'open'
  | 'post_only'
  | 'reduce_only'
  | 'halted'
  | 'expired'
  | 'settled';
export const InstrumentStateSchema: z.ZodType<InstrumentStateName> = z.enum([
  'pending',
  'auction',
  'open',
  'post_only',
  'reduce_only',
  'halted',
  'expired',
  'settled',
]);

/** From `above_price` on (USD per coin) prices are multiples of `tick_size`; `*_micro_usd` are exact. */
export type TickStepInfo = {
  above_price: number;
  tick_size: number;
  above_micro_usd: number;
  tick_micro_usd: number;
};
export const TickStepSchema: z.ZodType<TickStepInfo> = z.strictObject({
  above_price: z.number(),
  tick_size: z.number(),
  above_micro_usd: Count,
  tick_micro_usd: Count,
});

/**
 * An underlying with the rules of its option series. Amounts in coins beside lots, limits null where
 * there is none.
 */
export type CurrencyInfo = {
  currency: string;
  underlying_id: number;
  lots_per_coin: number;
  tick_size: number;
  tick_micro_usd: number;
  tick_size_steps: TickStepInfo[];
  min_trade_amount: number;
  min_trade_lots: number;
  max_trade_amount: number;
  max_trade_lots: number;
  max_series_open_interest: number | null;
  max_open_interest: number | null;
  max_position: number | null;
  max_account: number | null;
  maker_commission: number;
  taker_commission: number;
  fee_cap: number;
  price_index: string;
};
export const CurrencyInfoSchema: z.ZodType<CurrencyInfo> = z.strictObject({
  currency: CurrencyName,
  underlying_id: Count,
  lots_per_coin: Count,
  tick_size: z.number(),
  tick_micro_usd: Count,
  tick_size_steps: z.array(TickStepSchema),
  min_trade_amount: z.number(),
  min_trade_lots: Count,
  max_trade_amount: z.number(),
  max_trade_lots: Count,
  max_series_open_interest: z.number().nullable(),
  max_open_interest: z.number().nullable(),
  max_position: z.number().nullable(),
  max_account: z.number().nullable(),
  maker_commission: z.number(),
  taker_commission: z.number(),
  fee_cap: z.number(),
  price_index: z.string(),
});

/**
 * One series. `tick_size` in USD per coin (coarser above the prices of `tick_size_steps`),
 * `contract_size`, `min_trade_amount` and `max_trade_amount` in coins. A combo's price is net and may be
 * negative: its ticks are counted from `price_zero_ticks`, which stands for 0.
 */
export type InstrumentInfo = {
  instrument_name: string;
  instrument_id: number;
  kind: 'option' | 'future' | 'option_combo';
  base_currency: string;
  quote_currency: 'USD';
  settlement_currency: 'USD';
  option_type: 'call' | 'put' | null;
  strike: number;
  strike_micro_usd: number;
  expiration_timestamp: number;
  creation_timestamp: number;
  tick_size: number;
  tick_micro_usd: number;
  tick_size_steps: TickStepInfo[];
  price_zero_ticks: number;
  contract_size: number;
  min_trade_amount: number;
  max_trade_amount: number;
  lots_per_coin: number;
  maker_commission: number;
  taker_commission: number;
  is_active: boolean;
  state: InstrumentStateName;
  price_index: string;
  settlement_period: string;
  open_interest: number;
  delivery_price: number | null;
};
export const InstrumentInfoSchema: z.ZodType<InstrumentInfo> = z.strictObject({
  instrument_name: InstrumentName,
  instrument_id: Count,
  kind: z.enum(['option', 'future', 'option_combo']),
  base_currency: CurrencyName,
  quote_currency: z.literal('USD'),
  settlement_currency: z.literal('USD'),
  option_type: z.enum(['call', 'put']).nullable(),
  strike: z.number(),
  strike_micro_usd: Count,
  expiration_timestamp: Millis,
  creation_timestamp: Millis,
  tick_size: z.number(),
  tick_micro_usd: Count,
  tick_size_steps: z.array(TickStepSchema),
  price_zero_ticks: Count,
  contract_size: z.number(),
  min_trade_amount: z.number(),
  max_trade_amount: z.number(),
  lots_per_coin: Count,
  maker_commission: z.number(),
  taker_commission: z.number(),
  is_active: z.boolean(),
  state: InstrumentStateSchema,
  price_index: z.string(),
  settlement_period: z.string(),
  open_interest: z.number(),
  delivery_price: z.number().nullable(),
});

/** `expired`: those past their expiry instead of those open. */
export type GetInstrumentsParams = {
  currency?: string | undefined;
  kind?: 'option' | 'future' | 'option_combo' | undefined;
  expired?: boolean | undefined;
};
export const GetInstrumentsParamsSchema: z.ZodType<GetInstrumentsParams> = z.strictObject({
  currency: CurrencyName.optional(),
  kind: z.enum(['option', 'future', 'option_combo']).optional(),
  expired: z.boolean().optional(),
});

export type InstrumentParams = { instrument_name: string };
export const InstrumentParamsSchema: z.ZodType<InstrumentParams> = z.strictObject({
  instrument_name: InstrumentName,
});

/** `[price, amount, ticks, lots]`: USD per coin and coins, then the integers behind them. */
export type BookLevel = [price: number, amount: number, ticks: number, lots: number];
export const BookLevelSchema: z.ZodType<BookLevel> = z.tuple([
  z.number(),
  z.number(),
  Count,
  Count,
]);

/** The shown lots of one resting order, in time priority within its price. */
export type BookOrder = {
  order_id: number;
  direction: 'buy' | 'sell';
  price: number;
  amount: number;
  price_ticks: number;
  amount_lots: number;
};
export const BookOrderSchema: z.ZodType<BookOrder> = z.strictObject({
  order_id: Count,
  direction: SideName,
  price: z.number(),
  amount: z.number(),
  price_ticks: Count,
  amount_lots: Count,
});

export type Greeks = {
  delta: number;
  gamma: number | null;
  vega: number | null;
  theta: number | null;
};
export const GreeksSchema: z.ZodType<Greeks> = z.strictObject({
  delta: z.number(),
  gamma: z.number().nullable(),
  vega: z.number().nullable(),
  theta: z.number().nullable(),
});

/**
 * State of one instrument. Prices in USD per coin, `*_iv` in percent, null where the chain has no
 * value. `height` is that of the last block counted in. Of a perpetual `current_funding` is the rate per
 * 8 hours now, `funding_8h` what longs paid in the last hours as a share of the index; else null.
 */
export type Ticker = {
  instrument_name: string;
  height: number;
  timestamp: number;
  state: InstrumentStateName;
  best_bid_price: number | null;
  best_bid_amount: number;
  best_ask_price: number | null;
  best_ask_amount: number;
  last_price: number | null;
  mark_price: number | null;
  mark_iv: number | null;
  greeks: Greeks | null;
  underlying_price: number | null;
  underlying_index: string;
  index_price: number | null;
  interest_rate: number;
  current_funding: number | null;
  funding_8h: number | null;
  open_interest: number;
  delivery_price: number | null;
  stats: { volume: number; trades: number; low: number | null; high: number | null };
};
const tickerShape = {
  instrument_name: InstrumentName,
  height: HeightSchema,
  timestamp: Millis,
  state: InstrumentStateSchema,
  best_bid_price: z.number().nullable(),
  best_bid_amount: z.number(),
  best_ask_price: z.number().nullable(),
  best_ask_amount: z.number(),
  last_price: z.number().nullable(),
  mark_price: z.number().nullable(),
  mark_iv: z.number().nullable(),
  greeks: GreeksSchema.nullable(),
  underlying_price: z.number().nullable(),
  underlying_index: z.string(),
  index_price: z.number().nullable(),
  interest_rate: z.number(),
  current_funding: z.number().nullable(),
  funding_8h: z.number().nullable(),
  open_interest: z.number(),
  delivery_price: z.number().nullable(),
  stats: z.strictObject({
    volume: z.number(),
    trades: Count,
    low: z.number().nullable(),
    high: z.number().nullable(),
  }),
};
export const TickerSchema: z.ZodType<Ticker> = z.strictObject(tickerShape);

/** `checksum`: CRC-32 of the book's levels, by `book-checksum.ts`, whatever `depth` was asked for. */
export type OrderBook = Ticker & {
  change_id: number;
  checksum: number;
  bids: BookLevel[];
  asks: BookLevel[];
  orders?: BookOrder[] | undefined;
};
export const OrderBookSchema: z.ZodType<OrderBook> = z.strictObject({
  ...tickerShape,
  change_id: HeightSchema,
  checksum: Count,
  bids: z.array(BookLevelSchema).max(MAX_BOOK_DEPTH),
  asks: z.array(BookLevelSchema).max(MAX_BOOK_DEPTH),
  orders: z
    .array(BookOrderSchema)
    .max(2 * MAX_PAGE)
    .optional(),
});

/** `depth`: levels a side, 10 unless told. `detail` `orders`: single orders too (L3), best first. */
export type GetOrderBookParams = {
  instrument_name: string;
  depth?: number | undefined;
  detail?: 'levels' | 'orders' | undefined;
};
export const GetOrderBookParamsSchema: z.ZodType<GetOrderBookParams> = z.strictObject({
  instrument_name: InstrumentName,
  depth: z.int().min(1).max(MAX_BOOK_DEPTH).optional(),
  detail: z.enum(['levels', 'orders']).optional(),
});

/** `index_name`: `btc_usd`, or just `BTC`. */
export type GetIndexPriceParams = { index_name: string };
export const GetIndexPriceParamsSchema: z.ZodType<GetIndexPriceParams> = z.strictObject({
  index_name: z.string().regex(/^[A-Za-z0-9]{1,8}(?:_usd)?$/, 'must be a name such as btc_usd'),
});

/** `index_micro_usd` is exact; `updated_at` the block time of the last quorum, 0 before the first. */
export type IndexPriceInfo = {
  index_name: string;
  index_price: number | null;
  index_micro_usd: number;
  confidence_bps: number;
  updated_at: number;
  height: number;
};
export const IndexPriceInfoSchema: z.ZodType<IndexPriceInfo> = z.strictObject({
  index_name: z.string(),
  index_price: z.number().nullable(),
  index_micro_usd: Count,
  confidence_bps: Count,
  updated_at: Millis,
  height: HeightSchema,
});

/**
 * Where a running auction would clear now (`indicative`), or where it did (`cleared`). Price null:
 * nothing would trade. `imbalance`: amount bid less amount offered at the price.
 */
export type AuctionInfo = {
  instrument_name: string;
  state: 'indicative' | 'cleared';
  height: number;
  timestamp: number;
  price: number | null;
  price_ticks: number | null;
  amount: number;
  amount_lots: number;
  imbalance: number;
  imbalance_lots: number;
  ends_at: number | null;
};
export const AuctionInfoSchema: z.ZodType<AuctionInfo> = z.strictObject({
  instrument_name: InstrumentName,
  state: z.enum(['indicative', 'cleared']),
  height: HeightSchema,
  timestamp: Millis,
  price: z.number().nullable(),
  price_ticks: Count.nullable(),
  amount: z.number(),
  amount_lots: Count,
  imbalance: z.number(),
  imbalance_lots: Safe,
  ends_at: Millis.nullable(),
});

/**
 * `direction` is the taker's. `kind`: traded in a book, or as a leg of a combo, of a quote (`rfq`) or of
 * a negotiated block; `reference` is then the number of the combo's instrument, the quote or the block,
 * `price_ticks` null, and `premium` (USD for all of it) exact. `trade_id` is
 * `height-position`, unique and ascending on the chain.
 */
export type TradeInfo = {
  trade_id: string;
  trade_seq: number;
  instrument_name: string;
  height: number;
  timestamp: number;
  direction: 'buy' | 'sell';
  price: number;
  amount: number;
  price_ticks: number | null;
  amount_lots: number;
  premium: string;
  kind: 'book' | 'combo' | 'rfq' | 'block';
  reference: number | null;
  maker_order_id: number;
  taker_order_id: number;
};
const tradeShape = {
  trade_id: z.string(),
  trade_seq: Count,
  instrument_name: InstrumentName,
  height: HeightSchema,
  timestamp: Millis,
  direction: SideName,
  price: z.number(),
  amount: z.number(),
  price_ticks: Count.nullable(),
  amount_lots: Count,
  premium: Money,
  kind: z.enum(['book', 'combo', 'rfq', 'block']),
  reference: Count.nullable(),
  maker_order_id: Count,
  taker_order_id: Count,
};
export const TradeInfoSchema: z.ZodType<TradeInfo> = z.strictObject(tradeShape);

/** A trade as one side saw it: `direction`, `order_id` and `fee` are that side's. */
export type UserTradeInfo = TradeInfo & {
  account: string;
  sub_account: number;
  order_id: number;
  liquidity: 'M' | 'T';
  fee: string;
};
export const UserTradeInfoSchema: z.ZodType<UserTradeInfo> = z.strictObject({
  ...tradeShape,
  account: z.string(),
  sub_account: Count,
  order_id: Count,
  liquidity: z.enum(['M', 'T']),
  fee: z.string(),
});

/** Newest first. `count` 10 unless told. */
export type GetLastTradesParams = { instrument_name: string; count?: number | undefined };
export const GetLastTradesParamsSchema: z.ZodType<GetLastTradesParams> = z.strictObject({
  instrument_name: InstrumentName,
  count: z.int().min(1).max(MAX_PAGE).optional(),
});

/** `has_more`: older trades exist in this node's memory. */
export type TradesAnswer = { trades: TradeInfo[]; has_more: boolean };
export const TradesAnswerSchema: z.ZodType<TradesAnswer> = z.strictObject({
  trades: z.array(TradeInfoSchema).max(MAX_PAGE),
  has_more: z.boolean(),
});

export type GetExpirationsParams = { currency?: string | undefined };
export const GetExpirationsParamsSchema: z.ZodType<GetExpirationsParams> = z.strictObject({
  currency: CurrencyName.optional(),
});

/** Open expiries by underlying, ascending, ms. */
export type ExpirationsAnswer = Record<string, number[]>;
export const ExpirationsAnswerSchema: z.ZodType<ExpirationsAnswer> = z.record(
  z.string(),
  z.array(Millis),
);

/**
 * What longs of a perpetual paid shorts per coin in one hour from `timestamp` on, in USD (negative: shorts
 * paid), exact, and as a share of the index now. The last hour is the one that runs.
 */
export type FundingHour = { timestamp: number; paid_per_coin: string; interest_1h: number | null };
export const FundingHourSchema: z.ZodType<FundingHour> = z.strictObject({
  timestamp: Millis,
  paid_per_coin: Money,
  interest_1h: z.number().nullable(),
});

export type GetDeliveryPricesParams = GetIndexPriceParams & { count?: number | undefined };
export const GetDeliveryPricesParamsSchema: z.ZodType<GetDeliveryPricesParams> = z.strictObject({
  index_name: z.string().regex(/^[A-Za-z0-9]{1,8}(?:_usd)?$/, 'must be a name such as btc_usd'),
  count: z.int().min(1).max(MAX_PAGE).optional(),
});

/** Newest first, those the chain still holds. `delivery_micro_usd` is exact. */
export type DeliveryPricesAnswer = {
  data: { date: string; timestamp: number; delivery_price: number; delivery_micro_usd: string }[];
  records_total: number;
};
export const DeliveryPricesAnswerSchema: z.ZodType<DeliveryPricesAnswer> = z.strictObject({
  data: z.array(
    z.strictObject({
      date: z.string(),
      timestamp: Millis,
      delivery_price: z.number(),
      delivery_micro_usd: BigText,
    }),
  ),
  records_total: Count,
});

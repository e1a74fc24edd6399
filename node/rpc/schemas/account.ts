/** Accounts, positions and orders. Public on a chain, so no method asks for a login. Browser-safe. */
import * as z from 'zod';
import {
  AccountText,
  AnyHex,
  Count,
  CurrencyName,
  HeightSchema,
  InstrumentName,
  Millis,
  Money,
  Safe,
  SideName,
  SubAccountSchema,
} from './common.ts';
import { MAX_PAGE, type UserTradeInfo, UserTradeInfoSchema } from './market.ts';

/** `role`: owner, trade, stake or guardian. */
export type KeyInfo = { scheme: string; public_key: string; role: string; removed: boolean };
export const KeyInfoSchema: z.ZodType<KeyInfo> = z.strictObject({
  scheme: z.string(),
  public_key: AnyHex,
  role: z.string(),
  removed: z.boolean(),
});

export type BalanceInfo = { sub_account: number; usd: string; mil: string };
export const BalanceInfoSchema: z.ZodType<BalanceInfo> = z.strictObject({
  sub_account: SubAccountSchema,
  usd: Money,
  mil: Money,
});

/** `exists` false: never credited; the other fields are then empty. Keys register on first use. */
export type AccountInfo = {
  address: string;
  exists: boolean;
  account_id: number | null;
  created_at: number | null;
  height: number;
  keys: KeyInfo[];
  balances: BalanceInfo[];
};
export const AccountInfoSchema: z.ZodType<AccountInfo> = z.strictObject({
  address: z.string(),
  exists: z.boolean(),
  account_id: Count.nullable(),
  created_at: Millis.nullable(),
  height: HeightSchema,
  keys: z.array(KeyInfoSchema),
  balances: z.array(BalanceInfoSchema),
});

export type AccountParams = { account: string };
export const AccountParamsSchema: z.ZodType<AccountParams> = z.strictObject({
  account: AccountText,
});

/** `sub_account` 0 unless told. */
export type PortfolioParams = { account: string; sub_account?: number | undefined };
export const PortfolioParamsSchema: z.ZodType<PortfolioParams> = z.strictObject({
  account: AccountText,
  sub_account: SubAccountSchema.optional(),
});

/**
 * Cash and margin of one sub-account, in USD. `margin` is null where the node cannot tell (a mark is
 * missing): `initial_margin_balance` is what is left above initial margin with open orders,
 * `order_maintenance_balance` above maintenance with open orders, `maintenance_balance` without.
 */
export type AccountSummary = {
  address: string;
  sub_account: number;
  height: number;
  currency: 'USD';
  balance: string;
  mil: string;
  equity: string | null;
  available_withdrawal_funds: string | null;
  margin: {
    initial_margin_balance: string;
    order_maintenance_balance: string;
    maintenance_balance: string;
  } | null;
  positions: number;
  open_orders: number;
};
export const AccountSummarySchema: z.ZodType<AccountSummary> = z.strictObject({
  address: z.string(),
  sub_account: SubAccountSchema,
  height: HeightSchema,
  currency: z.literal('USD'),
  balance: Money,
  mil: Money,
  equity: Money.nullable(),
  available_withdrawal_funds: Money.nullable(),
  margin: z
    .strictObject({
      initial_margin_balance: Money,
      order_maintenance_balance: Money,
      maintenance_balance: Money,
    })
    .nullable(),
  positions: Count,
  open_orders: Count,
});

/**
 * `size` in coins, negative when short, with its exact lots; value at the mark, in USD. Of a future or a
 * perpetual also the average price paid, the profit at mark, exact in USD, and the funding owed since it
 * was last paid (taken off the profit; negative: to be received); null of an option.
 */
export type PositionInfo = {
  instrument_name: string;
  sub_account: number;
  direction: 'buy' | 'sell';
  size: number;
  size_lots: number;
  mark_price: number | null;
  value: number | null;
  delta: number | null;
  average_price: number | null;
  floating_profit_loss: string | null;
  funding_owed: string | null;
};
export const PositionInfoSchema: z.ZodType<PositionInfo> = z.strictObject({
  instrument_name: InstrumentName,
  sub_account: SubAccountSchema,
  direction: SideName,
  size: z.number(),
  size_lots: Safe,
  mark_price: z.number().nullable(),
  value: z.number().nullable(),
  delta: z.number().nullable(),
  average_price: z.number().nullable(),
  floating_profit_loss: Money.nullable(),
  funding_owed: Money.nullable(),
});

export type GetPositionsParams = PortfolioParams & { currency?: string | undefined };
export const GetPositionsParamsSchema: z.ZodType<GetPositionsParams> = z.strictObject({
  account: AccountText,
  sub_account: SubAccountSchema.optional(),
  currency: CurrencyName.optional(),
});

export type OrderStateName = 'open' | 'filled' | 'cancelled';
/** How long an order stays: Deribit's names, and those for auctions. */
export type TimeInForceText =
  | 'good_til_cancelled'
  | 'good_til_time'
  | 'immediate_or_cancel'
  | 'fill_or_kill'
  | 'good_for_auction'
  | 'good_for_normal';
export const TimeInForceSchema: z.ZodType<TimeInForceText> = z.enum([
  'good_til_cancelled',
  'good_til_time',
  'immediate_or_cancel',
  'fill_or_kill',
  'good_for_auction',
  'good_for_normal',
]);
/**
 * `reason`: why it is no longer open, a name of `CLOSE_REASON`. Amounts in coins beside lots;
 * `display_amount` null: shown whole; `shown_lots` are those in public market data. `replaced`: it was
 * amended or refreshed and lost its place in the queue. `quote`: one side of a mass quote, which a
 * protection counts. `oco_ref`: the order or trigger cancelled when this one trades.
 */
export type OrderInfo = {
  order_id: number;
  instrument_name: string;
  account: string;
  sub_account: number;
  direction: 'buy' | 'sell';
  order_state: OrderStateName;
  reason: string | null;
  price: number;
  price_ticks: number;
  amount: number;
  amount_lots: number;
  filled_amount: number;
  filled_lots: number;
  remaining_lots: number;
  order_type: 'limit';
  time_in_force: TimeInForceText;
  valid_until: number | null;
  post_only: boolean;
  reduce_only: boolean;
  display_amount: number | null;
  display_lots: number | null;
  shown_lots: number;
  quote: boolean;
  replaced: boolean;
  oco_ref: number | null;
  client_order_id: number;
  label: number;
  creation_timestamp: number;
  height: number;
};
export const OrderInfoSchema: z.ZodType<OrderInfo> = z.strictObject({
  order_id: Count,
  instrument_name: InstrumentName,
  account: z.string(),
  sub_account: SubAccountSchema,
  direction: SideName,
  order_state: z.enum(['open', 'filled', 'cancelled']),
  reason: z.string().nullable(),
  price: z.number(),
  price_ticks: Count,
  amount: z.number(),
  amount_lots: Count,
  filled_amount: z.number(),
  filled_lots: Count,
  remaining_lots: Count,
  order_type: z.literal('limit'),
  time_in_force: TimeInForceSchema,
  valid_until: Millis.nullable(),
  post_only: z.boolean(),
  reduce_only: z.boolean(),
  display_amount: z.number().nullable(),
  display_lots: Count.nullable(),
  shown_lots: Count,
  quote: z.boolean(),
  replaced: z.boolean(),
  oco_ref: Count.nullable(),
  client_order_id: Count,
  label: Count,
  creation_timestamp: Millis,
  height: HeightSchema,
});

/** Deribit's names: stops limit a loss, takes take a profit. */
export type TriggerOrderType = 'stop_limit' | 'stop_market' | 'take_limit' | 'take_market';
/**
 * An order that waits for a price. `price` null: a market order without a bound. `trigger_price` in
 * USD per coin, whatever `trigger` watches. `order_state` `triggered`: its price has come; once its
 * turn has, its order stands under the same number.
 */
export type TriggerInfo = {
  order_id: number;
  instrument_name: string;
  account: string;
  sub_account: number;
  direction: 'buy' | 'sell';
  order_state: 'untriggered' | 'triggered' | 'cancelled' | 'rejected';
  reason: string | null;
  order_type: TriggerOrderType;
  time_in_force: TimeInForceText;
  valid_until: number | null;
  post_only: boolean;
  reduce_only: boolean;
  price: number | null;
  price_ticks: number;
  amount: number;
  amount_lots: number;
  display_lots: number | null;
  trigger: 'mark_price' | 'index_price' | 'last_price';
  trigger_condition: 'above' | 'below';
  trigger_price: number;
  trigger_micro_usd: number;
  oco_ref: number | null;
  client_order_id: number;
  label: number;
  creation_timestamp: number;
  height: number;
};
export const TriggerInfoSchema: z.ZodType<TriggerInfo> = z.strictObject({
  order_id: Count,
  instrument_name: InstrumentName,
  account: z.string(),
  sub_account: SubAccountSchema,
  direction: SideName,
  order_state: z.enum(['untriggered', 'triggered', 'cancelled', 'rejected']),
  reason: z.string().nullable(),
  order_type: z.enum(['stop_limit', 'stop_market', 'take_limit', 'take_market']),
  time_in_force: TimeInForceSchema,
  valid_until: Millis.nullable(),
  post_only: z.boolean(),
  reduce_only: z.boolean(),
  price: z.number().nullable(),
  price_ticks: Count,
  amount: z.number(),
  amount_lots: Count,
  display_lots: Count.nullable(),
  trigger: z.enum(['mark_price', 'index_price', 'last_price']),
  trigger_condition: z.enum(['above', 'below']),
  trigger_price: z.number(),
  trigger_micro_usd: Count,
  oco_ref: Count.nullable(),
  client_order_id: Count,
  label: Count,
  creation_timestamp: Millis,
  height: HeightSchema,
});

export type GetOpenOrdersParams = PortfolioParams & { instrument_name?: string | undefined };
export const GetOpenOrdersParamsSchema: z.ZodType<GetOpenOrdersParams> = z.strictObject({
  account: AccountText,
  sub_account: SubAccountSchema.optional(),
  instrument_name: InstrumentName.optional(),
});

export type GetOrderStateParams = { order_id: number };
export const GetOrderStateParamsSchema: z.ZodType<GetOrderStateParams> = z.strictObject({
  order_id: z.int().min(1),
});

export type GetUserTradesParams = {
  account: string;
  instrument_name?: string | undefined;
  count?: number | undefined;
};
export const GetUserTradesParamsSchema: z.ZodType<GetUserTradesParams> = z.strictObject({
  account: AccountText,
  instrument_name: InstrumentName.optional(),
  count: z.int().min(1).max(MAX_PAGE).optional(),
});

/** Newest first; from this node's memory, which starts with the market mirror. */
export type UserTradesAnswer = { trades: UserTradeInfo[]; has_more: boolean };
export const UserTradesAnswerSchema: z.ZodType<UserTradesAnswer> = z.strictObject({
  trades: z.array(UserTradeInfoSchema).max(MAX_PAGE),
  has_more: z.boolean(),
});

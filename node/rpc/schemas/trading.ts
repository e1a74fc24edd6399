/** What an account trades under; combos; requests for quote. Browser-safe. */
import * as z from 'zod';
import {
  AccountText,
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

/** Only of one sub-account where that is given. */
export type AccountFilterParams = { account: string; sub_account?: number | undefined };
export const AccountFilterParamsSchema: z.ZodType<AccountFilterParams> = z.strictObject({
  account: AccountText,
  sub_account: SubAccountSchema.optional(),
});

/**
 * Market-maker protection of a sub-account's quotes on an underlying, with what the running window has
 * traded. Quantity and delta in coins, vega in USD per point of volatility; a limit that is null does
 * not bind. `frozen_until`: ms, `reset` until reset, null when not frozen.
 */
export type MmpConfig = {
  sub_account: number;
  currency: string;
  interval_ms: number;
  frozen_time_ms: number;
  quantity_limit: number | null;
  delta_limit: number | null;
  vega_limit: string | null;
  fills_limit: number | null;
  used: { quantity: number; delta: number; vega: string; fills: number };
  window_ends_at: number | null;
  frozen_until: number | 'reset' | null;
};
export const MmpConfigSchema: z.ZodType<MmpConfig> = z.strictObject({
  sub_account: SubAccountSchema,
  currency: CurrencyName,
  interval_ms: Millis,
  frozen_time_ms: Millis,
  quantity_limit: z.number().nullable(),
  delta_limit: z.number().nullable(),
  vega_limit: Money.nullable(),
  fills_limit: Count.nullable(),
  used: z.strictObject({ quantity: z.number(), delta: z.number(), vega: Money, fills: Count }),
  window_ends_at: Millis.nullable(),
  frozen_until: z.union([Millis, z.literal('reset')]).nullable(),
});

/**
 * A dead-man switch: of the account (`sub_account` null) or of a sub-account. `fires_at` null: it has
 * fired and is still closing orders.
 */
export type CancelAfterInfo = {
  sub_account: number | null;
  timeout_ms: number;
  fires_at: number | null;
  clearing: boolean;
};
export const CancelAfterSchema: z.ZodType<CancelAfterInfo> = z.strictObject({
  sub_account: SubAccountSchema.nullable(),
  timeout_ms: Millis,
  fires_at: Millis.nullable(),
  clearing: z.boolean(),
});

/** Shares of the underlying's rates, 1 = all of it; a negative maker share is a rebate. */
export type FeeTierInfo = {
  tier: number;
  from_volume: number;
  maker_share: number;
  taker_share: number;
};
/**
 * Limits and rates of an account. `credits`: rate credits now, null where the chain sets no limit.
 * `volume_30d` in USD of notional, today included; the tier is that of the 30 days before today.
 */
export type AccountLimits = {
  address: string;
  height: number;
  credits: number | null;
  volume_30d: string;
  fee_tier: number;
  fee_tiers: FeeTierInfo[];
  referrer: string | null;
  referral_paid: string;
  agent_budgets: {
    key_position: number;
    actions_per_minute: number | null;
    actions_this_minute: number;
    notional_per_day: number | null;
    notional_today: string;
  }[];
};
export const AccountLimitsSchema: z.ZodType<AccountLimits> = z.strictObject({
  address: z.string(),
  height: HeightSchema,
  credits: Count.nullable(),
  volume_30d: Money,
  fee_tier: Count,
  fee_tiers: z.array(
    z.strictObject({
      tier: Count,
      from_volume: z.number(),
      maker_share: z.number(),
      taker_share: z.number(),
    }),
  ),
  referrer: z.string().nullable(),
  referral_paid: Money,
  agent_budgets: z.array(
    z.strictObject({
      key_position: Count,
      actions_per_minute: Count.nullable(),
      actions_this_minute: Count,
      notional_per_day: Count.nullable(),
      notional_today: Money,
    }),
  ),
});

/** Structures that are listed as combos. */
export const STRUCTURE_NAMES = [
  'call_spread',
  'put_spread',
  'straddle',
  'strangle',
  'risk_reversal',
  'calendar',
  'butterfly',
  'condor',
] as const;
export type StructureName = (typeof STRUCTURE_NAMES)[number];

/** `id` is the name of the combo's own instrument; `amount` of a leg for one of the combo, − sold. */
export type ComboInfo = {
  id: string;
  instrument_id: number;
  structure: StructureName;
  state: string;
  creation_timestamp: number;
  legs: { instrument_name: string; amount: number }[];
};
export const ComboInfoSchema: z.ZodType<ComboInfo> = z.strictObject({
  id: InstrumentName,
  instrument_id: Count,
  structure: z.enum(STRUCTURE_NAMES),
  state: z.string(),
  creation_timestamp: Millis,
  legs: z.array(z.strictObject({ instrument_name: InstrumentName, amount: z.number() })),
});
export type GetCombosParams = { currency?: string | undefined };
export const GetCombosParamsSchema: z.ZodType<GetCombosParams> = z.strictObject({
  currency: CurrencyName.optional(),
});
export type GetComboDetailsParams = { combo_id: string };
export const GetComboDetailsParamsSchema: z.ZodType<GetComboDetailsParams> = z.strictObject({
  combo_id: InstrumentName,
});

/** A request for quote: `units` times the legs, as its owner would buy them. */
export type RequestInfo = {
  request_id: number;
  account_id: number;
  sub_account: number;
  units: number;
  legs: { instrument_name: string; direction: 'buy' | 'sell'; amount: number; lots: number }[];
  creation_timestamp: number;
  expiration_timestamp: number;
};
export const RequestInfoSchema: z.ZodType<RequestInfo> = z.strictObject({
  request_id: Count,
  account_id: Count,
  sub_account: SubAccountSchema,
  units: Count,
  legs: z.array(
    z.strictObject({
      instrument_name: InstrumentName,
      direction: SideName,
      amount: z.number(),
      lots: Count,
    }),
  ),
  creation_timestamp: Millis,
  expiration_timestamp: Millis,
});
/** Net prices in USD for one unit: what the maker pays for it as written, and wants for it. */
export type QuoteInfo = {
  quote_id: number;
  request_id: number;
  account_id: number;
  sub_account: number;
  bid: string | null;
  ask: string | null;
  units: number;
  creation_timestamp: number;
  expiration_timestamp: number;
};
export const QuoteInfoSchema: z.ZodType<QuoteInfo> = z.strictObject({
  quote_id: Count,
  request_id: Count,
  account_id: Count,
  sub_account: SubAccountSchema,
  bid: Money.nullable(),
  ask: Money.nullable(),
  units: Count,
  creation_timestamp: Millis,
  expiration_timestamp: Millis,
});
/** Live requests; of one, also the live quotes on it. */
export type GetRfqsParams = { request_id?: number | undefined };
export const GetRfqsParamsSchema: z.ZodType<GetRfqsParams> = z.strictObject({
  request_id: z.int().min(1).optional(),
});
export type RfqsAnswer = { height: number; requests: RequestInfo[]; quotes: QuoteInfo[] };
export const RfqsAnswerSchema: z.ZodType<RfqsAnswer> = z.strictObject({
  height: HeightSchema,
  requests: z.array(RequestInfoSchema),
  quotes: z.array(QuoteInfoSchema),
});

/**
 * What happened to requests for quote in a block. `reason` of an end: traded, withdrawn, replaced or
 * expired.
 */
export type RfqChange =
  | { type: 'request'; request: RequestInfo }
  | { type: 'request_closed'; request_id: number; reason: string }
  | { type: 'quote'; quote: QuoteInfo }
  | { type: 'quote_closed'; quote_id: number; request_id: number; reason: string };
export const RfqChangeSchema: z.ZodType<RfqChange> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('request'), request: RequestInfoSchema }),
  z.strictObject({ type: z.literal('request_closed'), request_id: Count, reason: z.string() }),
  z.strictObject({ type: z.literal('quote'), quote: QuoteInfoSchema }),
  z.strictObject({
    type: z.literal('quote_closed'),
    quote_id: Count,
    request_id: Count,
    reason: z.string(),
  }),
]);

/** A state of one instrument, or (`instrument_name` null) over all series of an underlying. */
export type InstrumentStateChange = {
  instrument_name: string | null;
  currency: string;
  state: string;
  timestamp: number;
  /** When it ends by the clock; null: it does not. */
  until: number | null;
};
export const InstrumentStateChangeSchema: z.ZodType<InstrumentStateChange> = z.strictObject({
  instrument_name: InstrumentName.nullable(),
  currency: CurrencyName,
  state: z.string(),
  timestamp: Millis,
  until: Millis.nullable(),
});

/** What concerns an account and is neither order, trade nor money. */
export type UserNotice = {
  type:
    | 'protection_set'
    | 'protection_removed'
    | 'protection_triggered'
    | 'protection_reset'
    | 'dead_man_fired'
    | 'liquidation_started'
    | 'liquidation_insolvent'
    | 'liquidation_ended'
    | 'referrer_set';
  sub_account: number | null;
  currency: string | null;
  frozen_until: number | 'reset' | null;
  closed: number | null;
};
export const UserNoticeSchema: z.ZodType<UserNotice> = z.strictObject({
  type: z.enum([
    'protection_set',
    'protection_removed',
    'protection_triggered',
    'protection_reset',
    'dead_man_fired',
    'liquidation_started',
    'liquidation_insolvent',
    'liquidation_ended',
    'referrer_set',
  ]),
  sub_account: SubAccountSchema.nullable(),
  currency: CurrencyName.nullable(),
  frozen_until: z.union([Millis, z.literal('reset')]).nullable(),
  closed: Safe.nullable(),
});

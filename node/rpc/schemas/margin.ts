/** Margin explained, what-if, and the parameters of portfolio margin. Browser-safe. */
import * as z from 'zod';
import {
  AccountText,
  CurrencyName,
  HeightSchema,
  InstrumentName,
  Millis,
  Money,
  Safe,
  SubAccountSchema,
} from './common.ts';

export type MarginModeText = 'standard' | 'portfolio';
export const MarginModeSchema: z.ZodType<MarginModeText> = z.enum(['standard', 'portfolio']);

/** `margin_mode`: which is explained line by line; the sub-account's own unless told. */
export type MarginDetailParams = {
  account: string;
  sub_account?: number | undefined;
  margin_mode?: MarginModeText | undefined;
};
export const MarginDetailParamsSchema: z.ZodType<MarginDetailParams> = z.strictObject({
  account: AccountText,
  sub_account: SubAccountSchema.optional(),
  margin_mode: MarginModeSchema.optional(),
});

/** Most positions of one simulation. */
export const MAX_SIMULATED_POSITIONS = 256;

/**
 * `simulated_positions`: coins by instrument, negative for shorts. They are added to the sub-account,
 * or stand alone where `add_positions` is false or no account is given. `cash`: USD that is added.
 */
export type SimulatePortfolioParams = {
  account?: string | undefined;
  sub_account?: number | undefined;
  add_positions?: boolean | undefined;
  simulated_positions?: Record<string, number> | undefined;
  cash?: string | undefined;
  margin_mode?: MarginModeText | undefined;
};
export const SimulatePortfolioParamsSchema: z.ZodType<SimulatePortfolioParams> = z.strictObject({
  account: AccountText.optional(),
  sub_account: SubAccountSchema.optional(),
  add_positions: z.boolean().optional(),
  simulated_positions: z.record(InstrumentName, z.number()).optional(),
  cash: Money.optional(),
  margin_mode: MarginModeSchema.optional(),
});

/** What is left above initial margin with open orders, above maintenance with them, and without. */
export type MarginBalances = {
  initial_margin_balance: string;
  order_maintenance_balance: string;
  maintenance_balance: string;
};
const MarginBalancesSchema: z.ZodType<MarginBalances> = z.strictObject({
  initial_margin_balance: Money,
  order_maintenance_balance: Money,
  maintenance_balance: Money,
});

/** The worst measure of an underlying; spot, volatility and weight only of a `cell`. */
export type WorstMeasure = {
  kind: 'cell' | 'linear_skew' | 'absolute_skew' | 'forward' | 'concentration';
  spot_move: number | null;
  volatility: 'up' | 'none' | 'down' | null;
  weight: number | null;
};
const WorstMeasureSchema: z.ZodType<WorstMeasure> = z.strictObject({
  kind: z.enum(['cell', 'linear_skew', 'absolute_skew', 'forward', 'concentration']),
  spot_move: z.number().nullable(),
  volatility: z.enum(['up', 'none', 'down']).nullable(),
  weight: z.number().nullable(),
});

/** Of portfolio margin: mark + worst − confidence is what the underlying adds to cash. USD. */
export type MarginUnderlying = {
  currency: string;
  mark_value: string;
  worst: WorstMeasure;
  worst_loss: string;
  confidence_charge: string;
};
const MarginUnderlyingSchema: z.ZodType<MarginUnderlying> = z.strictObject({
  currency: CurrencyName,
  mark_value: Money,
  worst: WorstMeasureSchema,
  worst_loss: Money,
  confidence_charge: Money,
});

/**
 * An expiry's part of the initial margin: positions and charges, and in `other` what discounts, weights,
 * open orders and the lesser bound make of them; together `total`. `expiration_timestamp` 0: perpetual.
 */
export type MarginExpiryInfo = {
  currency: string;
  expiration_timestamp: number;
  positions: string;
  charges: string;
  other: string;
  total: string;
};
const MarginExpiryInfoSchema: z.ZodType<MarginExpiryInfo> = z.strictObject({
  currency: CurrencyName,
  expiration_timestamp: Millis,
  positions: Money,
  charges: Money,
  other: Money,
  total: Money,
});

/** `change`: in the worst measure, or (standard margin) less the requirement of the short alone. USD. */
export type MarginPositionInfo = {
  instrument_name: string;
  size: number;
  size_lots: number;
  value: string;
  change: string;
};
const MarginPositionInfoSchema: z.ZodType<MarginPositionInfo> = z.strictObject({
  instrument_name: InstrumentName,
  size: z.number(),
  size_lots: Safe,
  value: Money,
  change: Money,
});

/** Index prices at which maintenance margin would be reached; null: none between −95 % and +400 %. */
export type LiquidationPriceInfo = {
  currency: string;
  index_price: number;
  below: number | null;
  above: number | null;
};
const LiquidationPriceInfoSchema: z.ZodType<LiquidationPriceInfo> = z.strictObject({
  currency: CurrencyName,
  index_price: z.number(),
  below: z.number().nullable(),
  above: z.number().nullable(),
});

/** `margin_mode` is that of the sub-account, `explained` that of the lines. */
export type MarginDetailInfo = {
  height: number;
  margin_mode: MarginModeText;
  explained: MarginModeText;
  cash: string;
  variation: string;
  equity: string;
  standard: MarginBalances;
  portfolio: MarginBalances;
  underlyings: MarginUnderlying[];
  expiries: MarginExpiryInfo[];
  positions: MarginPositionInfo[];
  liquidation_prices: LiquidationPriceInfo[];
};
export const MarginDetailInfoSchema: z.ZodType<MarginDetailInfo> = z.strictObject({
  height: HeightSchema,
  margin_mode: MarginModeSchema,
  explained: MarginModeSchema,
  cash: Money,
  variation: Money,
  equity: Money,
  standard: MarginBalancesSchema,
  portfolio: MarginBalancesSchema,
  underlyings: z.array(MarginUnderlyingSchema),
  expiries: z.array(MarginExpiryInfoSchema),
  positions: z.array(MarginPositionInfoSchema),
  liquidation_prices: z.array(LiquidationPriceInfoSchema),
});

export type RiskParametersParams = { currency?: string | undefined };
export const RiskParametersParamsSchema: z.ZodType<RiskParametersParams> = z.strictObject({
  currency: CurrencyName.optional(),
});

export type ScenarioInfo = {
  spotPpm: number;
  volatility: 'up' | 'none' | 'down';
  weightPpm: number;
};
const ScenarioInfoSchema: z.ZodType<ScenarioInfo> = z.strictObject({
  spotPpm: Safe,
  volatility: z.enum(['up', 'none', 'down']),
  weightPpm: Safe,
});

/** Parameters by their names on chain, integers; cells apart. */
export type RiskParameterSet = { parameters: Record<string, number>; scenarios: ScenarioInfo[] };
const RiskParameterSetSchema: z.ZodType<RiskParameterSet> = z.strictObject({
  parameters: z.record(z.string(), Safe),
  scenarios: z.array(ScenarioInfoSchema),
});

/** `in_force` now; `change`: what was announced and is not complete, in `steps` of which `step` came. */
export type RiskParametersInfo = {
  currency: string;
  height: number;
  in_force: RiskParameterSet;
  change: {
    announced_at: number;
    starts_at: number;
    ends_at: number;
    step: number;
    steps: number;
    target: RiskParameterSet;
  } | null;
};
export const RiskParametersInfoSchema: z.ZodType<RiskParametersInfo> = z.strictObject({
  currency: CurrencyName,
  height: HeightSchema,
  in_force: RiskParameterSetSchema,
  change: z
    .strictObject({
      announced_at: Millis,
      starts_at: Millis,
      ends_at: Millis,
      step: Safe,
      steps: Safe,
      target: RiskParameterSetSchema,
    })
    .nullable(),
});

/** Liquidations and insurance: parameters and results. Browser-safe. */
import * as z from 'zod';
import {
  Count,
  CurrencyName,
  HeightSchema,
  InstrumentName,
  Millis,
  Money,
  Safe,
  SubAccountSchema,
} from './common.ts';

const MAX_ACCOUNT_ID = 2 ** 32 - 1;

/** One account with its positions where both are given. */
export type GetLiquidationsParams = {
  account_id?: number | undefined;
  sub_account?: number | undefined;
};
export const GetLiquidationsParamsSchema: z.ZodType<GetLiquidationsParams> = z.strictObject({
  account_id: z.int().min(1).max(MAX_ACCOUNT_ID).optional(),
  sub_account: SubAccountSchema.optional(),
});

/**
 * An account below maintenance. `watched`: at one mark; `waiting`: at two, its auction begins as soon
 * as its turn comes; `solvent` and `insolvent`: under auction. `price`: USD for the whole account now,
 * negative when the taker is paid; `max_share_ppm` of it may be taken at once; 0 before an auction.
 */
export type LiquidationInfo = {
  account_id: number;
  sub_account: number;
  state: 'watched' | 'waiting' | 'solvent' | 'insolvent';
  auction: number | null;
  short_since: number;
  started_at: number | null;
  /** Since when the oracle is out: the price stands still. */
  paused_at: number | null;
  /** Cash and positions at mark, and the excess over maintenance. */
  value: string;
  excess: string;
  price: string;
  max_share_ppm: number;
  /** The most that insurance pays for it, and what it has paid. */
  insurance_limit: string;
  insurance_paid: string;
  /** Only of one account asked for. */
  positions: { instrument_name: string; lots: number }[];
};
export type LiquidationsAnswer = {
  height: number;
  /** Accounts that are short in all; at most 1,000 are listed. */
  total: number;
  liquidations: LiquidationInfo[];
};
export const LiquidationsAnswerSchema: z.ZodType<LiquidationsAnswer> = z.strictObject({
  height: HeightSchema,
  total: Count,
  liquidations: z.array(
    z.strictObject({
      account_id: Count,
      sub_account: SubAccountSchema,
      state: z.enum(['watched', 'waiting', 'solvent', 'insolvent']),
      auction: Count.nullable(),
      short_since: Millis,
      started_at: Millis.nullable(),
      paused_at: Millis.nullable(),
      value: Money,
      excess: Money,
      price: Money,
      max_share_ppm: Count,
      insurance_limit: Money,
      insurance_paid: Money,
      positions: z.array(z.strictObject({ instrument_name: InstrumentName, lots: Safe })),
    }),
  ),
});

/** Use of the fund in an hour; `currency` null: for debts of accounts with nothing left. */
export type InsuranceUseInfo = {
  currency: string | null;
  /** Start of the hour, ms. */
  hour: number;
  /** What the fund held at its first use in the hour, and what was paid of it. */
  fund: string;
  used: string;
};
/** Amounts in USD; shares in basis points, times in ms. */
export type InsuranceInfo = {
  height: number;
  fund: string;
  uses: InsuranceUseInfo[];
  /** Debt that all bear now; share kept back of USD that leaves its owner. */
  shared_debt: string;
  haircut: number;
  /** Since genesis. */
  shared_total: string;
  paid_by_haircuts: string;
  paid_by_insurance: string;
  parameters: Record<string, number>;
};
export const InsuranceInfoSchema: z.ZodType<InsuranceInfo> = z.strictObject({
  height: HeightSchema,
  fund: Money,
  uses: z.array(
    z.strictObject({
      currency: CurrencyName.nullable(),
      hour: Millis,
      fund: Money,
      used: Money,
    }),
  ),
  shared_debt: Money,
  haircut: z.number().min(0).max(1),
  shared_total: Money,
  paid_by_haircuts: Money,
  paid_by_insurance: Money,
  parameters: z.record(z.string(), Count),
});

/** Oracle status, and rows that prove a delivery price. Browser-safe. */
import * as z from 'zod';
import { AnyHex, BigText, Count, HeightSchema, Hex32, HexBytes, Millis } from './common.ts';

/** `expiry`: ms since 1970. */
export type SettlementProofParams = { currency: string; expiry: number };
export const SettlementProofParamsSchema: z.ZodType<SettlementProofParams> = z.strictObject({
  currency: z.string().min(1).max(16),
  expiry: z.int().min(1),
});

/** A row, or its absence (`value` null), with its proof: hex of the SSZ of `StateProof`. */
export type ProvedRowInfo = {
  table_id: number;
  key: string;
  value: string | null;
  proof: string;
};

/**
 * Rows of the underlying, the settlement window and its samples (docs/spec/options.md), all under
 * `state_root`, the state after block `height`; headers from `carried_at` on carry that root.
 */
export type SettlementProof = {
  currency: string;
  underlying: number;
  expiry: number;
  height: number;
  carried_at: number;
  state_root: string;
  rows: ProvedRowInfo[];
};
export const SettlementProofSchema: z.ZodType<SettlementProof> = z.strictObject({
  currency: z.string(),
  underlying: Count,
  expiry: Millis,
  height: HeightSchema,
  carried_at: HeightSchema,
  state_root: Hex32,
  rows: z.array(
    z.strictObject({ table_id: Count, key: AnyHex, value: AnyHex.nullable(), proof: HexBytes }),
  ),
});

/** Slots of an epoch: in all, without a vote, and with a vote far from the medians. */
export type ConductInfo = { epoch: number; slots: number; missed: number; far: number };
const ConductInfoSchema: z.ZodType<ConductInfo> = z.strictObject({
  epoch: Count,
  slots: Count,
  missed: Count,
  far: Count,
});

/** `last_vote_at` null: never; `current` null: no slot was counted yet. */
export type VoterInfo = {
  index: number;
  operator: string;
  oracle_key: string;
  weight: string;
  last_vote_at: number | null;
  fresh: boolean;
  current: ConductInfo | null;
  previous: ConductInfo | null;
};
/** Prices in USD; `theta` total variance at the money; `offset`: points of volatility (0.01) by the books. */
export type SliceInfo = {
  expiry: number;
  forward: string;
  theta: number;
  u: number;
  l: number;
  updated_at: number;
  offset: number;
};
export type UnderlyingStatusInfo = {
  currency: string;
  index_price: string | null;
  confidence: number;
  updated_at: number | null;
  age_ms: number | null;
  /** `fresh`, `aging` (reduce-only) or `stale` (halted, no settlement slots). */
  status: 'fresh' | 'aging' | 'stale';
  slices: SliceInfo[];
};
export type OracleStatus = {
  height: number;
  timestamp: number;
  epoch: number;
  /** Weight of the fresh last votes, of all, and of a quorum (⅔ of all). */
  fresh_weight: string;
  total_weight: string;
  quorum_weight: string;
  validators: VoterInfo[];
  underlyings: UnderlyingStatusInfo[];
};
export const OracleStatusSchema: z.ZodType<OracleStatus> = z.strictObject({
  height: HeightSchema,
  timestamp: Millis,
  epoch: Count,
  fresh_weight: BigText,
  total_weight: BigText,
  quorum_weight: BigText,
  validators: z.array(
    z.strictObject({
      index: Count,
      operator: z.string(),
      oracle_key: Hex32,
      weight: BigText,
      last_vote_at: Millis.nullable(),
      fresh: z.boolean(),
      current: ConductInfoSchema.nullable(),
      previous: ConductInfoSchema.nullable(),
    }),
  ),
  underlyings: z.array(
    z.strictObject({
      currency: z.string(),
      index_price: z.string().nullable(),
      confidence: z.number(),
      updated_at: Millis.nullable(),
      age_ms: Count.nullable(),
      status: z.enum(['fresh', 'aging', 'stale']),
      slices: z.array(
        z.strictObject({
          expiry: Millis,
          forward: z.string(),
          theta: z.number(),
          u: z.number(),
          l: z.number(),
          updated_at: Millis,
          offset: z.number(),
        }),
      ),
    }),
  ),
});

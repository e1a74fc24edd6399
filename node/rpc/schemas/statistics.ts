/** What can be told of makers and proposers from final blocks. Browser-safe. */
import * as z from 'zod';
import { Count, CurrencyName, HeightSchema } from './common.ts';

/** Most blocks of one `get_proposer_statistics`, and how many unless told. */
export const MAX_STATISTICS_BLOCKS = 2_000;
export const DEFAULT_STATISTICS_BLOCKS = 500;

export type MakerStatisticsParams = { currency?: string | undefined };
export const MakerStatisticsParamsSchema: z.ZodType<MakerStatisticsParams> = z.strictObject({
  currency: CurrencyName.optional(),
});
/**
 * Fade per maker and underlying over the last 24 hours of block time, most touched first:
 * `docs/spec/rpc.md`. Counted in this node's memory since `since_height` (0: not yet).
 */
export type MakerStatistics = {
  height: number;
  since_height: number;
  makers: {
    account: string;
    currency: string;
    touched: number;
    touched_lots: number;
    faded: number;
    faded_lots: number;
    fade: number;
  }[];
};
export const MakerStatisticsSchema: z.ZodType<MakerStatistics> = z.strictObject({
  height: HeightSchema,
  since_height: HeightSchema,
  makers: z.array(
    z.strictObject({
      account: z.string(),
      currency: CurrencyName,
      touched: z.number(),
      touched_lots: Count,
      faded: z.number(),
      faded_lots: Count,
      fade: z.number().min(0).max(1),
    }),
  ),
});

export type ProposerStatisticsParams = { blocks?: number | undefined };
export const ProposerStatisticsParamsSchema: z.ZodType<ProposerStatisticsParams> = z.strictObject({
  blocks: z.int().min(1).max(MAX_STATISTICS_BLOCKS).optional(),
});
/**
 * What each proposer of the last `blocks` blocks that this node keeps included: `docs/spec/rpc.md`.
 * `operator` null where the epoch is no longer known.
 */
export type ProposerStatistics = {
  from_height: number;
  to_height: number;
  proposers: {
    epoch: number;
    proposer: number;
    operator: string | null;
    blocks: number;
    empty_blocks: number;
    empty_while_waiting: number;
    transactions: number;
    oracle_votes: number;
    age_p50_ms: number | null;
    age_p90_ms: number | null;
    unaged: number;
    taker_pairs: number;
    taker_pairs_inverted: number;
  }[];
};
export const ProposerStatisticsSchema: z.ZodType<ProposerStatistics> = z.strictObject({
  from_height: HeightSchema,
  to_height: HeightSchema,
  proposers: z.array(
    z.strictObject({
      epoch: Count,
      proposer: Count,
      operator: z.string().nullable(),
      blocks: Count,
      empty_blocks: Count,
      empty_while_waiting: Count,
      transactions: Count,
      oracle_votes: Count,
      age_p50_ms: Count.nullable(),
      age_p90_ms: Count.nullable(),
      unaged: Count,
      taker_pairs: Count,
      taker_pairs_inverted: Count,
    }),
  ),
});

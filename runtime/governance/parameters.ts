/**
 * The chain's parameters: one row, set at genesis, each with its range and unit.
 *
 * Source: design/parameters.md. Changes by governance come with the staking issue; until then the
 * row is fixed.
 */
import { type Codec, container, u16, u32, u64 } from '../core/ssz.ts';

export type Parameters = {
  /** Length of an epoch. */
  readonly epochMs: number;
  /** Age at which an oracle vote is stale. */
  readonly oracleStaleMs: number;
  /** Least time between two marks, unless the index moves. */
  readonly markIntervalMs: number;
  /** Index move that forces new marks. */
  readonly markMoveBps: number;
  /** Settlement window, and its number of equal slots. */
  readonly settlementWindowMs: number;
  readonly settlementSlots: number;
  /** Positions paid per block at settlement. */
  readonly settlementsPerBlock: number;
  /** Share of fees to the insurance fund, and to the community. */
  readonly insuranceShareBps: number;
  readonly communityShareBps: number;
  /** Price band of an option: reprice at spot × (1 ± bandSpot) and volatility × (1 ± bandVol). */
  readonly bandSpotBps: number;
  readonly bandVolBps: number;
  /** The insurance fund takes its share of fees until it holds this, in whole USD. */
  readonly insuranceTargetUsd: number;
  /** Share of a referred account's fees, after rebates, that goes to its referrer. */
  readonly referrerShareBps: number;
  /** Taken off the fees of the cheaper direction of a combo (10,000: free). */
  readonly comboDiscountBps: number;
  /** Rate credits that an account starts with and is refilled to; 0: no rate limit. */
  readonly creditStart: number;
  /** Credits that trading may bring an account to. */
  readonly creditCap: number;
  readonly creditRefillPerSecond: number;
  /** Notional to trade for one credit; 0: none is earned. */
  readonly creditUsdPerCredit: number;
  /** Credits of an order, an amendment, a replacement or a trigger. */
  readonly creditOrderCost: number;
  /** Quotes on series, of a mass quote, for one credit. */
  readonly creditQuotesPerCredit: number;
  /** Credits of a cancel that is not free. */
  readonly creditCancelCost: number;
  /** Credits of any other action. */
  readonly creditOtherCost: number;
  /** Length of the auction that opens a series; 0: it is open when listed. */
  readonly openingAuctionMs: number;
  /** Length of the auction after a halt, an oracle outage or a gap between blocks; 0: none. */
  readonly restartAuctionMs: number;
  /** How long an auction far from the mark goes on, once. */
  readonly auctionExtensionMs: number;
  /** Distance of an auction's price from the mark that extends it. */
  readonly auctionMaxDeviationBps: number;
  /** Before the end of an opening auction: no cancels. */
  readonly auctionNoCancelMs: number;
  /** After the auction of a restart only post-only orders are taken for so long. */
  readonly postOnlyAfterHaltMs: number;
  /** Age of the index from which only reduce-only orders are taken, until `oracleStaleMs` halts. */
  readonly oracleReduceOnlyMs: number;
  /** Distance of a voted index or forward from the median beyond which the vote is far. */
  readonly oracleFarBps: number;
  /** The same of a voted total variance. */
  readonly oracleFarVarianceBps: number;
  /** Least notional of each side of a quote that may pull the surface; 0: none does. */
  readonly pullMinQuoteUsd: number;
  /** How long an order has rested before it counts for the pull. */
  readonly pullMinRestMs: number;
  /** Widest such quote, in volatility (100: one point). */
  readonly pullMaxWidthBps: number;
  /** How far a surface's offset moves in a minute, and at most, in volatility. */
  readonly pullStepBps: number;
  readonly pullMaxBps: number;
};

export const ParametersCodec: Codec<Parameters> = container<Parameters>('Parameters', {
  epochMs: u64(),
  oracleStaleMs: u32(),
  markIntervalMs: u32(),
  markMoveBps: u16(),
  settlementWindowMs: u32(),
  settlementSlots: u16(),
  settlementsPerBlock: u32(),
  insuranceShareBps: u16(),
  communityShareBps: u16(),
  bandSpotBps: u16(),
  bandVolBps: u16(),
  insuranceTargetUsd: u64(),
  referrerShareBps: u16(),
  comboDiscountBps: u16(),
  creditStart: u32(),
  creditCap: u32(),
  creditRefillPerSecond: u32(),
  creditUsdPerCredit: u32(),
  creditOrderCost: u16(),
  creditQuotesPerCredit: u16(),
  creditCancelCost: u16(),
  creditOtherCost: u16(),
  openingAuctionMs: u32(),
  restartAuctionMs: u32(),
  auctionExtensionMs: u32(),
  auctionMaxDeviationBps: u16(),
  auctionNoCancelMs: u32(),
  postOnlyAfterHaltMs: u32(),
  oracleReduceOnlyMs: u32(),
  oracleFarBps: u16(),
  oracleFarVarianceBps: u16(),
  pullMinQuoteUsd: u32(),
  pullMinRestMs: u32(),
  pullMaxWidthBps: u16(),
  pullStepBps: u16(),
  pullMaxBps: u16(),
});

/** Allowed values of each parameter, inclusive, with its unit. */
export const PARAMETER_RANGES: {
  readonly [K in keyof Parameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  epochMs: { min: 5_000, max: 7 * 24 * 3_600_000, unit: 'ms' },
  oracleStaleMs: { min: 1_000, max: 60_000, unit: 'ms' },
  markIntervalMs: { min: 100, max: 60_000, unit: 'ms' },
  markMoveBps: { min: 1, max: 1_000, unit: 'bps' },
  settlementWindowMs: { min: 1_000, max: 3_600_000, unit: 'ms' },
  settlementSlots: { min: 1, max: 1_800, unit: 'slots' },
  settlementsPerBlock: { min: 1, max: 100_000, unit: 'positions' },
  insuranceShareBps: { min: 0, max: 10_000, unit: 'bps' },
  communityShareBps: { min: 0, max: 10_000, unit: 'bps' },
  bandSpotBps: { min: 1, max: 5_000, unit: 'bps' },
  bandVolBps: { min: 1, max: 9_000, unit: 'bps' },
  insuranceTargetUsd: { min: 0, max: 1_000_000_000_000, unit: 'USD' },
  referrerShareBps: { min: 0, max: 5_000, unit: 'bps' },
  comboDiscountBps: { min: 0, max: 10_000, unit: 'bps' },
  creditStart: { min: 0, max: 1_000_000_000, unit: 'credits' },
  creditCap: { min: 0, max: 4_000_000_000, unit: 'credits' },
  creditRefillPerSecond: { min: 0, max: 100_000, unit: 'credits/s' },
  creditUsdPerCredit: { min: 0, max: 1_000_000, unit: 'USD' },
  creditOrderCost: { min: 0, max: 1_000, unit: 'credits' },
  creditQuotesPerCredit: { min: 1, max: 100, unit: 'quotes' },
  creditCancelCost: { min: 0, max: 1_000, unit: 'credits' },
  creditOtherCost: { min: 0, max: 1_000, unit: 'credits' },
  openingAuctionMs: { min: 0, max: 3_600_000, unit: 'ms' },
  restartAuctionMs: { min: 0, max: 3_600_000, unit: 'ms' },
  auctionExtensionMs: { min: 0, max: 3_600_000, unit: 'ms' },
  auctionMaxDeviationBps: { min: 1, max: 10_000, unit: 'bps' },
  auctionNoCancelMs: { min: 0, max: 60_000, unit: 'ms' },
  postOnlyAfterHaltMs: { min: 0, max: 3_600_000, unit: 'ms' },
  oracleReduceOnlyMs: { min: 500, max: 60_000, unit: 'ms' },
  oracleFarBps: { min: 1, max: 10_000, unit: 'bps' },
  oracleFarVarianceBps: { min: 100, max: 60_000, unit: 'bps' },
  pullMinQuoteUsd: { min: 0, max: 1_000_000_000, unit: 'USD' },
  pullMinRestMs: { min: 0, max: 600_000, unit: 'ms' },
  pullMaxWidthBps: { min: 1, max: 5_000, unit: 'bps of volatility' },
  pullStepBps: { min: 0, max: 1_000, unit: 'bps of volatility a minute' },
  pullMaxBps: { min: 0, max: 1_000, unit: 'bps of volatility' },
};

/**
 * The two networks: `devnet` for people, `smoke` for a check that ends by itself.
 *
 * Source: design/parameters.md, columns devnet and smoke. Clocks are never scaled: the networks are
 * fast because their cycles are short. Strikes are one to two standard deviations of a whole listing
 * apart from each other and from the index, so that options of minutes are worth trading.
 */
import type { Parameters } from '../runtime/governance/parameters.ts';

export type ProfileName = 'devnet' | 'smoke';

export type Profile = {
  readonly name: ProfileName;
  readonly epochMs: number;
  readonly expiryIntervalMs: number;
  readonly expiriesListed: number;
  readonly strikesListed: number;
  /** USD between strikes. */
  readonly strikeStepUsd: { readonly BTC: number; readonly ETH: number };
  readonly settlementWindowMs: number;
  readonly settlementSlots: number;
  readonly oracleIntervalMs: number;
  readonly oracleStaleMs: number;
  readonly oracleReduceOnlyMs: number;
  /** Auctions and the time after them; 0: none, so that a check that ends by itself trades at once. */
  readonly openingAuctionMs: number;
  readonly restartAuctionMs: number;
  readonly postOnlyAfterHaltMs: number;
};

export const PROFILES: { readonly [N in ProfileName]: Profile } = {
  devnet: {
    name: 'devnet',
    epochMs: 120_000,
    expiryIntervalMs: 300_000,
    expiriesListed: 3,
    strikesListed: 9,
    strikeStepUsd: { BTC: 100, ETH: 5 },
    settlementWindowMs: 60_000,
    settlementSlots: 60,
    oracleIntervalMs: 1_000,
    oracleStaleMs: 5_000,
    oracleReduceOnlyMs: 4_000,
    openingAuctionMs: 3_000,
    restartAuctionMs: 3_000,
    postOnlyAfterHaltMs: 2_000,
  },
  smoke: {
    name: 'smoke',
    epochMs: 20_000,
    expiryIntervalMs: 20_000,
    expiriesListed: 3,
    strikesListed: 5,
    strikeStepUsd: { BTC: 50, ETH: 2 },
    settlementWindowMs: 5_000,
    settlementSlots: 5,
    oracleIntervalMs: 500,
    oracleStaleMs: 3_000,
    oracleReduceOnlyMs: 3_000,
    openingAuctionMs: 0,
    restartAuctionMs: 0,
    postOnlyAfterHaltMs: 0,
  },
};

/** Blocks of both networks. */
export const PACING = {
  minBlockIntervalMs: 40,
  idleBlockMs: 500,
  deltaMs: 100,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 5_000,
} as const;

/** The chain's parameters under `profile`. */
export function chainParameters(profile: Profile): Parameters {
  return {
    epochMs: profile.epochMs,
    oracleStaleMs: profile.oracleStaleMs,
    markIntervalMs: 1_000,
    markMoveBps: 10,
    settlementWindowMs: profile.settlementWindowMs,
    settlementSlots: profile.settlementSlots,
    settlementsPerBlock: 1_000,
    insuranceShareBps: 2_000,
    communityShareBps: 200,
    bandSpotBps: 500,
    bandVolBps: 2_500,
    insuranceTargetUsd: 10_000_000,
    referrerShareBps: 1_000,
    comboDiscountBps: 10_000,
    openingAuctionMs: profile.openingAuctionMs,
    restartAuctionMs: profile.restartAuctionMs,
    auctionExtensionMs: 2_000,
    auctionMaxDeviationBps: 200,
    auctionNoCancelMs: 1_000,
    postOnlyAfterHaltMs: profile.postOnlyAfterHaltMs,
    oracleReduceOnlyMs: profile.oracleReduceOnlyMs,
    oracleFarBps: 100,
    oracleFarVarianceBps: 2_000,
    pullMinQuoteUsd: 10_000,
    pullMinRestMs: 5_000,
    pullMaxWidthBps: 400,
    pullStepBps: 50,
    pullMaxBps: 200,
    creditStart: 1_000_000,
    creditCap: 10_000_000,
    creditRefillPerSecond: 10_000,
    creditUsdPerCredit: 10,
    creditOrderCost: 1,
    creditQuotesPerCredit: 10,
    creditCancelCost: 1,
    creditOtherCost: 1,
  };
}

/** What `genesis init` writes where nothing else is said: the mainnet defaults of design/parameters.md. */
import type { Parameters } from '../../runtime/governance/parameters.ts';
import { DEFAULT_STAKING_PARAMETERS } from '../../staking/parameters.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MICRO = 1_000_000;

const PARAMETERS: Parameters = {
  epochMs: HOUR_MS,
  oracleStaleMs: 10_000,
  markIntervalMs: 1_000,
  markMoveBps: 10,
  settlementWindowMs: 30 * MINUTE_MS,
  settlementSlots: 1_800,
  settlementsPerBlock: 1_000,
  insuranceShareBps: 2_000,
  communityShareBps: 200,
  bandSpotBps: 500,
  bandVolBps: 2_500,
  insuranceTargetUsd: 10_000_000,
  referrerShareBps: 1_000,
  comboDiscountBps: 10_000,
  openingAuctionMs: 5 * MINUTE_MS,
  restartAuctionMs: 2 * MINUTE_MS,
  auctionExtensionMs: MINUTE_MS,
  auctionMaxDeviationBps: 200,
  auctionNoCancelMs: 10_000,
  postOnlyAfterHaltMs: 2 * MINUTE_MS,
  oracleReduceOnlyMs: 5_000,
  oracleFarBps: 100,
  oracleFarVarianceBps: 2_000,
  pullMinQuoteUsd: 100_000,
  pullMinRestMs: 5_000,
  pullMaxWidthBps: 400,
  pullStepBps: 50,
  pullMaxBps: 200,
  creditStart: 100_000,
  creditCap: 10_000_000,
  creditRefillPerSecond: 100,
  creditUsdPerCredit: 10,
  creditOrderCost: 1,
  creditQuotesPerCredit: 10,
  creditCancelCost: 1,
  creditOtherCost: 1,
};

const FEES = {
  makerFeeCentiBps: 100,
  takerFeeCentiBps: 300,
  feeCapBps: 1_250,
  settlementFeeCentiBps: 150,
  settlementFeeCapBps: 1_250,
  futureMakerFeeCentiBps: 50,
  futureTakerFeeCentiBps: 350,
};

/** Makers of $250 million a month pay nothing, of $1 billion get a quarter of their rate. */
const FEE_TIERS = [
  { fromVolumeUsd: 10_000_000, makerShareBps: 7_500, takerShareBps: 9_000 },
  { fromVolumeUsd: 50_000_000, makerShareBps: 5_000, takerShareBps: 8_000 },
  { fromVolumeUsd: 250_000_000, makerShareBps: 0, takerShareBps: 7_000 },
  { fromVolumeUsd: 1_000_000_000, makerShareBps: -2_500, takerShareBps: 6_000 },
];

/** Sizes in lots of 0.01 BTC or 0.1 ETH: orders to 1,000 BTC or 10,000 ETH. */
const RULES = {
  optionTicks: [{ from: 0, multiple: 1 }],
  minOrderLots: 1,
  maxOrderLots: 100_000,
  blockMinLots: 1_000,
  maxSeriesOpenInterestLots: 5_000_000,
  maxOpenInterestLots: 50_000_000,
  maxPositionLots: 1_000_000,
  maxAccountLots: 5_000_000,
  matching: 0,
};

/** Sizes in lots of 0.001 BTC or 0.01 ETH: orders to 1,000 BTC or 10,000 ETH. */
const FUTURES = {
  futuresListed: 8,
  futureMaxOrderLots: 1_000_000,
  futureMaxPositionLots: 10_000_000,
  futureMaxOpenInterestLots: 500_000_000,
};

const LISTING = {
  strikeStepMicroUsd: 0,
  strikesListed: 0,
  expiriesListed: 13,
  expiryIntervalMs: 0,
};

export type GenesisParts = {
  readonly name: string;
  readonly timeMs: number;
  readonly validators: readonly unknown[];
  readonly accounts: readonly { address: string; usd: string; mil: string }[];
};

/** The document, as `checkGenesis` takes it. */
export function genesisTemplate({ name, timeMs, validators, accounts }: GenesisParts): object {
  return {
    name,
    time: timeMs,
    validators,
    accounts,
    insurance: '1000000',
    limits: { maxBytes: 4 * 1024 * 1024, maxPayloads: 8_192, maxWeight: 1_000_000 },
    pacing: {
      minBlockIntervalMs: 40,
      idleBlockMs: 500,
      deltaMs: 250,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 20_000,
    },
    parameters: PARAMETERS,
    staking: DEFAULT_STAKING_PARAMETERS,
    underlyings: [
      {
        id: 1,
        name: 'BTC',
        optionTickMicroUsd: MICRO,
        optionLotsPerCoin: 100,
        futureTickMicroUsd: MICRO / 2,
        futureLotsPerCoin: 1_000,
        ...LISTING,
        ...FEES,
        ...RULES,
        ...FUTURES,
        defaultVolatilityBps: 5_000,
      },
      {
        id: 2,
        name: 'ETH',
        optionTickMicroUsd: MICRO / 10,
        optionLotsPerCoin: 10,
        futureTickMicroUsd: MICRO / 20,
        futureLotsPerCoin: 100,
        ...LISTING,
        ...FEES,
        ...RULES,
        ...FUTURES,
        defaultVolatilityBps: 7_000,
      },
    ],
    feeTiers: FEE_TIERS,
  };
}

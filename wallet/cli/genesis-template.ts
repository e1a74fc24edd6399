/** What `genesis init` writes where nothing else is said: the mainnet defaults of design/parameters.md. */
import type { Parameters } from '../../runtime/governance/parameters.ts';

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
};

const FEES = {
  makerFeeCentiBps: 100,
  takerFeeCentiBps: 300,
  feeCapBps: 1_250,
  settlementFeeCentiBps: 150,
  settlementFeeCapBps: 1_250,
};

const LISTING = {
  strikeStepMicroUsd: 0,
  strikesListed: 9,
  expiriesListed: 3,
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
    underlyings: [
      {
        id: 1,
        name: 'BTC',
        optionTickMicroUsd: MICRO,
        optionLotsPerCoin: 100,
        ...LISTING,
        ...FEES,
      },
      {
        id: 2,
        name: 'ETH',
        optionTickMicroUsd: MICRO / 10,
        optionLotsPerCoin: 10,
        ...LISTING,
        ...FEES,
      },
    ],
  };
}

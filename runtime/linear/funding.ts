/**
 * Funding of a perpetual: the rate, and the cumulative index by which positions pay each other.
 *
 * Source: design/exchange.md §4. With I the index and impact prices of the book,
 *
 *   p    = max(0, impactBid ÷ I − 1) − max(0, 1 − impactAsk ÷ I)       an empty side counts 0
 *   rate = max(0.025 %, p) + min(−0.025 %, p), within ±0.5 %           per 8 hours
 *
 * so within ±0.025 % nobody pays. Longs pay shorts where the rate is above 0. The cumulative index is a
 * whole number of micro-USD per lot; what a step does not fill is carried, so no rounding is lost, and
 * what longs pay is what shorts receive.
 *
 * Units: premium and rate in 10⁻⁹; prices in micro-USD per coin.
 */
import { mulDivFloor } from '../core/math.ts';

/** 1 as a premium or rate. */
export const RATE_SCALE = 1_000_000_000;
/** Notional whose average price is an impact price: $50,000. */
export const IMPACT_NOTIONAL_MICRO_USD = 50_000_000_000n;
/** Orders younger than this do not count for impact prices. */
export const IMPACT_ORDER_AGE_MS = 2_000;
/** 0.025 %: within it nobody pays. */
export const FUNDING_DEAD_BAND = 250_000;
/** 0.5 % in 8 hours. */
export const MAX_FUNDING_RATE = 5_000_000;
/** What a rate is per. */
export const FUNDING_PERIOD_MS: number = 8 * 3_600_000;
/** Longest time one step charges: nobody pays for an outage at the price of its end. */
export const MAX_FUNDING_STEP_MS = 10_000;

/** Average prices at which the impact notional trades; `undefined`: the side has not as much. */
export type ImpactPrices = {
  readonly bid: number | undefined;
  readonly ask: number | undefined;
};

/** The premium p, rounded towards −∞. `index` is above 0. */
export function premiumOf({ bid, ask }: ImpactPrices, index: number): number {
  const above = bid === undefined ? 0 : Math.max(0, bid - index);
  const below = ask === undefined ? 0 : Math.max(0, index - ask);
  return Number(mulDivFloor(BigInt(above - below), BigInt(RATE_SCALE), BigInt(index)));
}

/** The rate per 8 hours of a premium. */
export function fundingRate(premium: number): number {
  const rate = Math.max(FUNDING_DEAD_BAND, premium) + Math.min(-FUNDING_DEAD_BAND, premium);
  return Math.max(-MAX_FUNDING_RATE, Math.min(MAX_FUNDING_RATE, rate));
}

/** Where the cumulative index stands. */
export type FundingIndex = {
  /** Micro-USD per lot that a long position has paid since the perpetual was listed. */
  readonly cumulative: number;
  /** What the next micro-USD has already: in units of `fundingDivisor`, not negative. */
  readonly remainder: bigint;
};

/** What a step is counted in: 1 ÷ this of a micro-USD per lot. */
export function fundingDivisor(lotsPerCoin: number): bigint {
  return BigInt(RATE_SCALE) * BigInt(FUNDING_PERIOD_MS) * BigInt(lotsPerCoin);
}

/** The index after `elapsedMs` at a rate: index × rate × time ÷ 8 hours, by lot. O(1). */
export function accrueFunding(
  { cumulative, remainder }: FundingIndex,
  step: {
    readonly rate: number;
    readonly index: number;
    readonly elapsedMs: number;
    readonly lotsPerCoin: number;
  },
): FundingIndex {
  const { rate, index, elapsedMs, lotsPerCoin } = step;
  const divisor = fundingDivisor(lotsPerCoin);
  const owed = remainder + BigInt(rate) * BigInt(index) * BigInt(elapsedMs);
  const whole = mulDivFloor(owed, 1n, divisor);
  return { cumulative: cumulative + Number(whole), remainder: owed - whole * divisor };
}

/** What a position has to pay since it last did, in micro-USD; negative: it receives. */
export function fundingOwed(lots: number, paidUpTo: number, cumulative: number): bigint {
  return BigInt(lots) * BigInt(cumulative - paidUpTo);
}

/**
 * Underlyings and the rules of their option series.
 *
 * Source: design/exchange.md §1, design/parameters.md. Ticks and lots are chosen so that tick × lot
 * is a whole number of micro-USD: every notional is exact.
 */
import { byteList, type Codec, container, u8, u16, u32, u64 } from '../core/ssz.ts';
import type { UnderlyingId } from '../core/units.ts';
import { type TickStep, TickTableCodec } from '../rules/tick-table.ts';

/**
 * How orders meet: each as it comes, or all of a block at once, in an auction of its own
 * (`runtime/auction/`). Numbers are state format.
 */
export const MATCHING = { continuous: 0, batch: 1 } as const;
export type Matching = (typeof MATCHING)[keyof typeof MATCHING];

/** How expiries are listed: every `expiryIntervalMs`, or by the calendar when that is 0. */
export type Underlying = {
  readonly id: UnderlyingId;
  /** ASCII, e.g. `BTC`. */
  readonly name: Uint8Array;
  /** One option price tick, in micro-USD per coin. */
  readonly optionTickMicroUsd: number;
  /** Option lots in one coin. */
  readonly optionLotsPerCoin: number;
  /** Distance of strikes, in micro-USD; 0: chosen from the index. */
  readonly strikeStepMicroUsd: number;
  /**
   * Strikes listed per expiry, odd: the middle one is nearest to the index. 0: by delta, with
   * distances by expiry and price (`strike-rule.ts`).
   */
  readonly strikesListed: number;
  /** Expiries listed ahead. */
  readonly expiriesListed: number;
  /** Expiries at multiples of this since 1970; 0: daily, weekly, monthly, quarterly at 08:00 UTC. */
  readonly expiryIntervalMs: number;
  /** Share of notional, in hundredths of a basis point (100 = 1 bp). */
  readonly makerFeeCentiBps: number;
  readonly takerFeeCentiBps: number;
  /** Fee cap as a share of premium, in basis points (1,250 = 12.5 %). */
  readonly feeCapBps: number;
  /** Share of notional at the delivery price, in hundredths of a basis point (150 = 1.5 bp). */
  readonly settlementFeeCentiBps: number;
  /** Cap as a share of the payoff. */
  readonly settlementFeeCapBps: number;
  /** Fees of futures and perpetuals: share of notional, in hundredths of a basis point. */
  readonly futureMakerFeeCentiBps: number;
  readonly futureTakerFeeCentiBps: number;
  /** One price tick of futures and the perpetual, in micro-USD per coin. */
  readonly futureTickMicroUsd: number;
  /** Their lots in one coin; 0: the underlying has neither. */
  readonly futureLotsPerCoin: number;
  /** Futures listed ahead, on expiries of the options: with a calendar on its Fridays; 0: none. */
  readonly futuresListed: number;
  /** Greatest size of an order in them, in their lots. */
  readonly futureMaxOrderLots: number;
  /** Most of their lots in one position, and of open interest in one of them; 0: no limit. */
  readonly futureMaxPositionLots: number;
  readonly futureMaxOpenInterestLots: number;
  /** Which option prices are valid, by height. */
  readonly optionTicks: TickStep[];
  /** Least and greatest size of an option order. */
  readonly minOrderLots: number;
  readonly maxOrderLots: number;
  /** Least size of each leg of a negotiated block. */
  readonly blockMinLots: number;
  /** Most lots of open interest in one series, and in all series; 0: no limit. */
  readonly maxSeriesOpenInterestLots: number;
  readonly maxOpenInterestLots: number;
  /** Most lots that one portfolio's position in one series may grow to; 0: no limit but the chain's. */
  readonly maxPositionLots: number;
  /** Most lots that one account may hold or order, over its portfolios and all series; 0: no limit. */
  readonly maxAccountLots: number;
  /** Annual volatility by which strikes are listed before there is a surface, in basis points. */
  readonly defaultVolatilityBps: number;
  readonly matching: Matching;
};

export const UnderlyingCodec: Codec<Underlying> = container<Underlying>('Underlying', {
  id: u8<UnderlyingId>(),
  name: byteList(8),
  optionTickMicroUsd: u64(),
  optionLotsPerCoin: u32(),
  strikeStepMicroUsd: u64(),
  strikesListed: u16(),
  expiriesListed: u16(),
  expiryIntervalMs: u64(),
  makerFeeCentiBps: u16(),
  takerFeeCentiBps: u16(),
  feeCapBps: u16(),
  settlementFeeCentiBps: u16(),
  settlementFeeCapBps: u16(),
  futureMakerFeeCentiBps: u16(),
  futureTakerFeeCentiBps: u16(),
  futureTickMicroUsd: u64(),
  futureLotsPerCoin: u32(),
  futuresListed: u16(),
  futureMaxOrderLots: u32(),
  futureMaxPositionLots: u64(),
  futureMaxOpenInterestLots: u64(),
  optionTicks: TickTableCodec,
  minOrderLots: u32(),
  maxOrderLots: u32(),
  blockMinLots: u32(),
  maxSeriesOpenInterestLots: u64(),
  maxOpenInterestLots: u64(),
  maxPositionLots: u64(),
  maxAccountLots: u64(),
  defaultVolatilityBps: u32(),
  matching: u8<Matching>(),
});

/** Micro-USD of one tick for one lot: exact by the genesis check. */
export function microUsdPerTickLot(underlying: Underlying): number {
  return underlying.optionTickMicroUsd / underlying.optionLotsPerCoin;
}

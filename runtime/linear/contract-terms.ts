/**
 * The rules of an instrument's market, whatever its kind.
 *
 * Source: design/parameters.md: futures and perpetuals have their own ticks, lots and limits. What
 * judges orders and fees reads an `Underlying`; of a future or a perpetual it is given this view, in
 * which the fields of options hold what holds for futures. So one rule serves both, and an option
 * costs a field test.
 */
import { MAX_ORDER_LOTS } from '../limits.ts';
import { type InstrumentKind, isLinearKind } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import type { TickStep } from '../rules/tick-table.ts';

/** Every multiple of the tick is a price. */
const EVERY_TICK: TickStep[] = [{ from: 0, multiple: 1 }];

/** Premium caps no fee, and delivery costs none: their price is not a premium. */
const NO_CAP_BPS = 10_000;

/** The view of futures and perpetuals. O(1): a copy of the row. */
export function linearTerms(underlying: Underlying): Underlying {
  return {
    ...underlying,
    optionTickMicroUsd: underlying.futureTickMicroUsd,
    optionLotsPerCoin: underlying.futureLotsPerCoin,
    optionTicks: EVERY_TICK,
    makerFeeCentiBps: underlying.futureMakerFeeCentiBps,
    takerFeeCentiBps: underlying.futureTakerFeeCentiBps,
    feeCapBps: NO_CAP_BPS,
    settlementFeeCentiBps: 0,
    settlementFeeCapBps: 0,
    minOrderLots: 1,
    maxOrderLots: Math.min(MAX_ORDER_LOTS, underlying.futureMaxOrderLots),
    maxSeriesOpenInterestLots: underlying.futureMaxOpenInterestLots,
    maxOpenInterestLots: 0,
    maxPositionLots: underlying.futureMaxPositionLots,
    maxAccountLots: 0,
  };
}

/** The rules of a kind of instrument: of an option the row itself. */
export function contractTerms(underlying: Underlying, kind: InstrumentKind): Underlying {
  return isLinearKind(kind) ? linearTerms(underlying) : underlying;
}

/**
 * The grid of delivery prices, in micro-USD: on it the payoff of an option lot and the value of a
 * future's lot are whole. O(log lots).
 */
export function deliveryGrid({ optionLotsPerCoin, futureLotsPerCoin }: Underlying): number {
  if (futureLotsPerCoin === 0) return optionLotsPerCoin;
  let [a, b] = [optionLotsPerCoin, futureLotsPerCoin];
  while (b > 0) [a, b] = [b, a % b];
  return (optionLotsPerCoin / a) * futureLotsPerCoin;
}

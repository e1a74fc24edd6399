/**
 * The mark of a perpetual: the index and a slow average of how far the book is from it.
 *
 * Source: design/exchange.md §4: mark = index + 30 s EMA of (impact mid − index), within ±0.5 %. The
 * average is an implicit step, e' = e + (d − e) × t ÷ (t + 30 s): no exponential, never beyond d, and
 * the same whether time passes in many steps or few to first order. A book without both sides gives 0.
 *
 * Units: prices in micro-USD per coin; the average in 10⁻³ of that, so that a step of a block is not
 * lost to rounding.
 */
import { mulDivFloor } from '../core/math.ts';
import type { ImpactPrices } from './funding.ts';

/** Time constant of the average. */
export const BASIS_TIME_MS = 30_000;
/** The mark is at most 1 ÷ this from the index: 0.5 %. */
const BASIS_SHARE = 200;
/** Steps of a micro-USD in which the average is kept. */
export const BASIS_SCALE = 1_000;

function within(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound, value));
}

/** Impact mid less index, within ±0.5 % of the index; 0 where a side is missing. */
export function basisOf({ bid, ask }: ImpactPrices, index: number): number {
  if (bid === undefined || ask === undefined) return 0;
  return within(Math.floor((bid + ask) / 2) - index, Math.floor(index / BASIS_SHARE));
}

/** The average after `elapsedMs`, of which `basis` is the newest value. Rounded towards −∞. */
export function nextAverage(average: number, basis: number, elapsedMs: number): number {
  const away = BigInt(basis) * BigInt(BASIS_SCALE) - BigInt(average);
  const step = mulDivFloor(away, BigInt(elapsedMs), BigInt(elapsedMs + BASIS_TIME_MS));
  return average + Number(step);
}

/**
 * The mark: index and average, within ±0.5 %, on the grid on which a lot is worth whole micro-USD
 * (rounded down to a multiple of `lotsPerCoin`, at least one).
 */
export function perpetualMark(index: number, average: number, lotsPerCoin: number): number {
  const basis = within(Math.floor(average / BASIS_SCALE), Math.floor(index / BASIS_SHARE));
  return lotGrid(index + basis, lotsPerCoin);
}

/** A price rounded down to whole micro-USD a lot, at least one. */
export function lotGrid(price: number, lotsPerCoin: number): number {
  return Math.max(1, Math.floor(price / lotsPerCoin)) * lotsPerCoin;
}

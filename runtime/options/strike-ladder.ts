/**
 * The strikes listed around an index.
 *
 * Source: design/parameters.md ("a ladder around the index" until the exchange issue's rule).
 */
import type { Underlying } from './underlying.ts';

/** Strikes of one ladder, whatever the underlying says. */
export const MAX_LADDER_STRIKES = 101;

/** Largest of 1, 2, 5 × 10ⁿ that is not above `value`; 1 for less. `value` below 2⁵³. */
export function roundStep(value: number): number {
  let decade = 1;
  while (decade * 10 <= value) decade *= 10;
  if (decade * 5 <= value) return decade * 5;
  return decade * 2 <= value ? decade * 2 : decade;
}

/**
 * Distance of strikes in micro-USD: the underlying's, or a round 0.5–1 % of the index; always a
 * multiple of `optionLotsPerCoin`, so that payoffs are whole (see `delivery-price.ts`).
 */
export function strikeStep(underlying: Underlying, index: number): number {
  const { strikeStepMicroUsd, optionLotsPerCoin: grid } = underlying;
  const step = strikeStepMicroUsd > 0 ? strikeStepMicroUsd : roundStep(Math.floor(index / 100));
  return Math.max(1, -Math.floor(-step / grid)) * grid;
}

/**
 * Strikes in micro-USD, ascending: multiples of the step, the middle one nearest to the index, none
 * below one step. O(strikes).
 */
export function strikeLadder(underlying: Underlying, index: number): number[] {
  const step = strikeStep(underlying, index);
  const centre = Math.floor((2 * index + step) / (2 * step));
  const eachSide = Math.floor(Math.min(underlying.strikesListed, MAX_LADDER_STRIKES) / 2);
  const strikes: number[] = [];
  for (let i = centre - eachSide; i <= centre + eachSide; i++) if (i > 0) strikes.push(i * step);
  return strikes;
}

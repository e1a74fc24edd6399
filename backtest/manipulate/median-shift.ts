/**
 * How far a share of the stake moves a median: the runtime's own, over honest votes that differ.
 *
 * Honest validators see the same venues at slightly different times: their values are normal around the
 * truth. The others vote as far to one side as they like; what counts is which honest value is then in
 * the middle. `HONEST_SPREAD`: standard deviations in calm, measured as a second's move at 60 % a year.
 */
import { gaussian, uniforms } from '../../feeder/simulate/random.ts';
import { weightedMedian } from '../../runtime/core/math.ts';

const VALIDATORS = 100;
const ROUNDS = 400;
/** Values are counted in millionths of a standard deviation. */
const SCALE = 1_000_000;
const FAR = 1_000 * SCALE;

/** Shares of price and points of volatility by which honest votes differ. */
export const HONEST_SPREAD = { price: 0.0001, crashPrice: 0.0003, points: 0.25 } as const;

const known = new Map<number, number>();

/** Mean shift of the median, in standard deviations of honest votes, by a share of the stake. */
export function medianShift(stake: number): number {
  const before = known.get(stake);
  if (before !== undefined) return before;
  const uniform = uniforms(11);
  const liars = Math.floor(stake * VALIDATORS);
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const votes = Array.from({ length: VALIDATORS }, (_, n) => ({
      value: n < liars ? FAR : Math.round(gaussian(uniform) * SCALE),
      weight: 1n,
    }));
    sum += weightedMedian(votes);
  }
  const shift = sum / ROUNDS / SCALE;
  known.set(stake, shift);
  return shift;
}

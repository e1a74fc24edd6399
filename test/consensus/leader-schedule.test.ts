/** The leader schedule: proportional, spread, and nothing but a function of seed and weights. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaderOf, leaderSchedule } from '../../consensus/leader-schedule.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { view, type Weight, weight } from '../../runtime/core/units.ts';

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const weightsOf = (list: readonly (number | bigint)[]): Weight[] =>
  list.map((one) => weight(BigInt(one)));

describe('leader schedule', () => {
  test('with equal weights each cycle of n views has every validator once', () => {
    const schedule = leaderSchedule(seed(1), weightsOf([5, 5, 5, 5, 5, 5, 5]));
    const first = schedule.slice(0, 7);
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (let at = 7; at < schedule.length; at++) expect(schedule[at]).toBe(first[at % 7]);
  });

  test('turns are proportional to weight, give or take one', () => {
    const arbitrary = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 255 }), (list, n) => {
        const schedule = leaderSchedule(seed(n), weightsOf(list));
        const total = list.reduce((sum, one) => sum + one, 0);
        for (const [index, one] of list.entries()) {
          const turns = schedule.filter((leader) => leader === index).length;
          const share = (schedule.length * one) / total;
          // Others' rounding shifts the end of the cycle by at most one turn of each.
          expect(Math.abs(turns - share)).toBeLessThan(1 + (one / total) * list.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a validator of a third of the weight never leads twice in a row', () => {
    const schedule = leaderSchedule(seed(3), weightsOf([4, 4, 4]));
    for (let at = 1; at < schedule.length; at++) expect(schedule[at]).not.toBe(schedule[at - 1]);
  });

  test('another seed is another order; the same seed the same, whatever was hashed between', () => {
    const weights = weightsOf(new Array(20).fill(1));
    const schedule = leaderSchedule(seed(1), weights);
    for (let i = 0; i < 50; i++) sha256(new Uint8Array(100).fill(i));
    expect(leaderSchedule(seed(1), weights)).toEqual(schedule);
    expect(leaderSchedule(seed(2), weights)).not.toEqual(schedule);
  });

  test('weights near 2⁶⁴ and far below each other', () => {
    const schedule = leaderSchedule(seed(1), weightsOf([2n ** 63n, 2n ** 63n, 1n]));
    expect(new Set(schedule)).toEqual(new Set([0, 1]));
  });

  test('the cycle repeats; view 0 has no leader', () => {
    const schedule = leaderSchedule(seed(1), weightsOf([1, 2, 3]));
    expect(leaderOf(schedule, view(1 + schedule.length))).toBe(leaderOf(schedule, view(1)));
    expect(() => leaderOf(schedule, view(0))).toThrow('view 0');
  });
});

/** A short slice of `npm run fuzz -- matching`: the same few histories each time. */
import { expect, test } from 'vitest';
import { runHistory } from './campaign.ts';
import { coverageReport, newCoverage } from './coverage.ts';

const SEEDS = [1, 2, 3, 4];
const BLOCKS = 40;

test('random blocks of random and hostile actions break no invariant', () => {
  const coverage = newCoverage();
  for (const seed of SEEDS) {
    const failure = runHistory(seed, coverage, () => false, BLOCKS);
    expect(failure?.problems, `npm run fuzz -- matching --seed ${seed}`).toBeUndefined();
  }
  // What it reaches is what makes it worth its time.
  const { actionsWithoutSuccess, refused } = coverageReport(coverage);
  // A take needs an account short at two marks: few blocks of few histories have one.
  expect(actionsWithoutSuccess.filter((name) => name !== 'takeLiquidation')).toEqual([]);
  expect(Object.keys(refused).length).toBeGreaterThan(70);
}, 120_000);

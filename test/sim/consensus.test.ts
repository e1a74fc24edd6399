/**
 * The first campaign: honest nodes, hostile network and disks. Seeds draw 4 to 7 validators with
 * equal or unequal weights, delays, loss, duplication, reordering, partitions, crashes of some or
 * all nodes, lost bodies, lagging execution, and short epochs.
 */
import { describe, expect, test } from 'vitest';
import { runSeed, type SeedReport } from './cluster.ts';

const SEEDS = 200;
const PER_TEST = 40;

describe('consensus under faults', () => {
  for (let from = 1; from <= SEEDS; from += PER_TEST) {
    test(`seeds ${from} to ${from + PER_TEST - 1}: agreement, final prefix, no double sign, progress; same seed, same trace`, () => {
      for (let seed = from; seed < from + PER_TEST; seed++) {
        const first: SeedReport = runSeed(seed);
        expect(first.violations, `seed ${seed}`).toEqual([]);
        expect(runSeed(seed).trace, `trace of seed ${seed}`).toBe(first.trace);
      }
    });
  }

  test('different seeds are different runs', () => {
    const traces = new Set([1, 2, 3, 4, 5, 6].map((seed) => runSeed(seed).trace));
    expect(traces.size).toBe(6);
  });
});

/**
 * Whole nodes under faults: consensus, mempool, gossip, admission, execution, checkpoints, stores,
 * recovery and block sync, over a hostile network and disks that forget. Seeds draw 4 to 7
 * validators and sometimes a follower, weights, clocks, delays, loss, duplication, partitions,
 * crashes of some or all machines, and epochs of 5 to 10 s.
 *
 * A failure names its seed; `npm run sim -- --whole --from SEED --seeds 1` runs it alone.
 */
import { describe, expect, test } from 'vitest';
import { runWholeSeed } from './run-seed.ts';

const SEEDS = 8;

describe('whole nodes under faults', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}: one chain, equal results, votes after their records, progress; same seed, same trace`, async () => {
      const rerun = `npm run sim -- --whole --from ${seed} --seeds 1`;
      const first = await runWholeSeed(seed);
      expect(first.violations, rerun).toEqual([]);
      // A run in which nothing happens would find nothing.
      expect(first.height, rerun).toBeGreaterThan(10);
      expect(first.accepted, rerun).toBeGreaterThan(20);
      expect((await runWholeSeed(seed)).trace, `trace: ${rerun}`).toBe(first.trace);
    });
  }

  test('different seeds are different runs', async () => {
    const [one, two] = [await runWholeSeed(21), await runWholeSeed(25)];
    expect(one.trace).not.toBe(two.trace);
  });
});

/**
 * The campaign in small: consensus with adversaries and hostile wires, disks and clocks. What a seed
 * draws stands in `scenario.ts`; a failure names the seed, `npm run sim -- --consensus --from SEED
 * --seeds 1` runs it alone and makes it small.
 */
import { describe, expect, test } from 'vitest';
import { ADVERSARY_NAMES } from './adversaries/index.ts';
import { runScenario } from './run-scenario.ts';
import { CAMPAIGN_VIEWS, drawScenario, type Scenario } from './scenario.ts';
import { shrinkScenario } from './shrink.ts';

const LONG_MS = 300_000;
const SEEDS = 20;
const PER_TEST = 5;

describe('consensus under faults and adversaries', () => {
  for (let from = 1; from <= SEEDS; from += PER_TEST) {
    test(
      `seeds ${from} to ${from + PER_TEST - 1}: no violation in 200 views; same seed, same trace`,
      () => {
        for (let seed = from; seed < from + PER_TEST; seed++) {
          const scenario = drawScenario(seed);
          const first = runScenario(scenario);
          expect(first.violations, `seed ${seed}`).toEqual([]);
          if (!scenario.overweight) expect(first.views).toBeGreaterThanOrEqual(CAMPAIGN_VIEWS);
          if (seed % PER_TEST !== 0) continue;
          expect(runScenario(scenario).trace, `trace of seed ${seed}`).toBe(first.trace);
        }
      },
      LONG_MS,
    );
  }

  test('different seeds are different runs, and they draw every fault and every adversary', () => {
    const short = (seed: number): Scenario => ({ ...drawScenario(seed), views: 1 });
    expect(new Set([1, 2, 3].map((seed) => runScenario(short(seed)).trace)).size).toBe(3);
    const drawn = Array.from({ length: 500 }, (_, seed) => drawScenario(seed + 1));
    const adversaries = drawn.flatMap((one) => one.adversaries.map(({ kind }) => kind));
    expect([...new Set(adversaries)].sort()).toEqual([...ADVERSARY_NAMES]);
    const faults = new Set(drawn.flatMap((one) => one.faults.map(({ kind }) => kind)));
    expect([...faults].sort()).toEqual([
      'bitFlip',
      'clockJump',
      'diskFull',
      'flapping',
      'join',
      'kill',
      'oneWay',
      'partition',
      'powerCut',
    ]);
  });

  test('faulty weight stays below a third in every epoch, unless only accountability is owed', () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const { weights, absent, adversaries, overweight } = drawScenario(seed);
      const all = weights.reduce((sum, one) => sum + one, 0);
      const faulty = adversaries.reduce((sum, { machine }) => sum + (weights[machine] ?? 0), 0);
      const least = Math.min(all, ...absent.map((key) => all - (weights[key] ?? 0)));
      if (overweight) expect(3 * faulty).toBeGreaterThanOrEqual(all);
      else expect(3 * faulty).toBeLessThan(least);
    }
  });
});

test('a third and more of the weight can fork the chain, and is shown guilty', () => {
  const forks = Array.from({ length: 400 }, (_, seed) => drawScenario(seed + 1))
    .filter(({ overweight }) => overweight)
    .slice(0, 4)
    .map((scenario) => runScenario(scenario));
  expect(forks.map(({ violations }) => violations)).toEqual(forks.map(() => []));
  expect(forks.some(({ forked }) => forked)).toBe(true);
});

test('a scenario is made small while it fails', () => {
  const scenario = Array.from({ length: 200 }, (_, seed) => drawScenario(seed + 1)).find(
    ({ faults, adversaries }) => faults.length >= 3 && adversaries.length > 0,
  );
  if (!scenario) throw new Error('no such scenario');
  // Stands for a bug that needs one of the faults.
  const [, needed] = scenario.faults;
  const small = shrinkScenario(
    scenario,
    ({ faults }) => faults.some((fault) => fault === needed),
    () => true,
  );
  expect(small.faults).toEqual([needed]);
  expect(small.adversaries).toEqual([]);
  expect(small.loss).toBe(0);
});

/** Makes a failing scenario small: takes away what is not needed for it to fail. */
import type { Scenario } from './scenario.ts';

/** Every scenario that is one step simpler, the boldest steps first. */
function simpler(scenario: Scenario): Scenario[] {
  const found: Scenario[] = [];
  const { faults, adversaries } = scenario;
  if (faults.length > 1) found.push({ ...scenario, faults: [] });
  for (const fault of faults) {
    found.push({ ...scenario, faults: faults.filter((one) => one !== fault) });
  }
  for (const adversary of adversaries) {
    found.push({ ...scenario, adversaries: adversaries.filter((one) => one !== adversary) });
  }
  const calm: readonly Partial<Scenario>[] = [
    { realSignatures: false },
    { loss: 0 },
    { duplication: 0 },
    { jitterMs: 0 },
    { bodyLoss: 0 },
    { lagChance: 0 },
    { idleChance: 0 },
    { absent: [] },
    { delaysMs: 10 },
    { uplinkMbit: 1_000 },
    { syncUs: 200 },
    { skewMs: scenario.skewMs.map(() => 0), driftPpm: scenario.driftPpm.map(() => 0) },
    { weights: scenario.weights.map(() => 1) },
    { blocksPerEpoch: 1_000 },
    { views: Math.floor(scenario.views / 2) },
  ];
  for (const change of calm) {
    const next = { ...scenario, ...change };
    if (JSON.stringify(next) !== JSON.stringify(scenario)) found.push(next);
  }
  return found;
}

/**
 * A scenario that still fails and none of whose simpler ones does, or the smallest found when `inTime`
 * says no more. Cost: some dozen runs.
 */
export function shrinkScenario(
  scenario: Scenario,
  fails: (candidate: Scenario) => boolean,
  inTime: () => boolean,
): Scenario {
  let smallest = scenario;
  for (;;) {
    const next = simpler(smallest).find((candidate) => inTime() && fails(candidate));
    if (!next) return smallest;
    smallest = next;
  }
}

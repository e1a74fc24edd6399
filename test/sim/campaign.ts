/**
 * A campaign: seeds in a row, each run twice, until a number of seeds or minutes is reached. Most are
 * of consensus alone (`scenario.ts`); every hundredth is of whole nodes (`whole/`).
 */
import { runScenario } from './run-scenario.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import { shrinkScenario } from './shrink.ts';
import { runWholeSeed } from './whole/run-seed.ts';

export type SeedReport = {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Of consensus seeds: views the chain went through. */
  readonly views: number;
  readonly isWhole: boolean;
  readonly hasAdversaries: boolean;
  readonly hasRealSignatures: boolean;
  readonly forked: boolean;
  /** Made small, if the seed failed and is of consensus alone. */
  readonly shrunk: Scenario | undefined;
};

export const WHOLE_EVERY = 100;
const SHRINK_MS = 30_000;

function describe(cause: unknown): string {
  return `thrown: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`;
}

/** Violations of a scenario, run twice. */
export function runTwice(scenario: Scenario): {
  readonly violations: string[];
  readonly views: number;
  readonly forked: boolean;
} {
  const first = runScenario(scenario);
  const second = runScenario(scenario);
  const violations = [...first.violations];
  if (first.trace !== second.trace) {
    violations.push(`traces differ: ${first.trace} and ${second.trace}`);
  }
  return { violations, views: first.views, forked: first.forked };
}

function runConsensusSeed(seed: number, shrink: boolean): SeedReport {
  const scenario = drawScenario(seed);
  const { violations, views, forked } = runTwice(scenario);
  const until = performance.now() + SHRINK_MS;
  const shrunk =
    shrink && violations.length > 0
      ? shrinkScenario(
          scenario,
          (candidate) => runScenario(candidate).violations.length > 0,
          () => performance.now() < until,
        )
      : undefined;
  return {
    seed,
    violations,
    views,
    isWhole: false,
    hasAdversaries: scenario.adversaries.length > 0,
    hasRealSignatures: scenario.realSignatures,
    forked,
    shrunk,
  };
}

async function runWholeTwice(seed: number): Promise<SeedReport> {
  const violations: string[] = [];
  let hasAdversaries = false;
  try {
    const first = await runWholeSeed(seed);
    const second = await runWholeSeed(seed);
    hasAdversaries = first.adversaries > 0;
    violations.push(...first.violations);
    if (first.trace !== second.trace) {
      violations.push(`traces differ: ${first.trace} and ${second.trace}`);
    }
  } catch (cause) {
    violations.push(describe(cause));
  }
  return {
    seed,
    violations,
    views: 0,
    isWhole: true,
    hasAdversaries,
    hasRealSignatures: false,
    forked: false,
    shrunk: undefined,
  };
}

export type CampaignOptions = {
  readonly from: number;
  readonly seeds: number;
  readonly minutes: number;
  /** `mixed`: as said above; else only those. */
  readonly nodes: 'mixed' | 'consensus' | 'whole';
  readonly shrink: boolean;
  readonly onSeed: (report: SeedReport) => void;
  /** Ends the campaign early. */
  readonly stop?: () => boolean;
};

export async function runCampaign(options: CampaignOptions): Promise<void> {
  const until = performance.now() + options.minutes * 60_000;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    if (performance.now() >= until || options.stop?.()) return;
    const isWhole =
      options.nodes === 'whole' || (options.nodes === 'mixed' && seed % WHOLE_EVERY === 0);
    options.onSeed(isWhole ? await runWholeTwice(seed) : runConsensusSeed(seed, options.shrink));
  }
}

/**
 * The process that a bug is planted in: runs the campaign's seeds until one fails, and prints that seed
 * and why as one JSON line. Arguments: kind of seeds, how many.
 *
 * Each seed is run once. Seeds of consensus first up to where progress after the faults is owed, which
 * is how the campaign's run of that seed begins, and only if none fails to the end.
 */
import { runScenario } from '../run-scenario.ts';
import { drawScenario } from '../scenario.ts';
import { runWholeSeed } from '../whole/run-seed.ts';

type Caught = { readonly seed: number; readonly violation: string };

const [nodes, seeds] = process.argv.slice(2);

async function failing(
  violationsOf: (seed: number) => readonly string[] | Promise<readonly string[]>,
): Promise<Caught | undefined> {
  for (let seed = 1; seed <= Number(seeds); seed++) {
    const [violation] = await violationsOf(seed);
    if (violation !== undefined) return { seed, violation: violation.slice(0, 200) };
  }
  return undefined;
}

async function hunt(): Promise<Caught | undefined> {
  if (nodes === 'whole') {
    return await failing(async (seed) => {
      try {
        return (await runWholeSeed(seed)).violations;
      } catch (cause) {
        return [`thrown: ${cause instanceof Error ? cause.message : String(cause)}`];
      }
    });
  }
  const begun = await failing(
    (seed) => runScenario({ ...drawScenario(seed), views: 1 }).violations,
  );
  return begun ?? (await failing((seed) => runScenario(drawScenario(seed)).violations));
}

process.stdout.write(`${JSON.stringify((await hunt()) ?? null)}\n`);
process.exit(0);

/** Plants every bug of the table, one at a time, each in a process of its own, and waits until a seed fails. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUG_VARIABLE, type PlantedBug } from './bug.ts';
import { PLANTED_BUGS } from './table.ts';

export type PlantedReport = {
  readonly planted_bugs: number;
  readonly planted_bugs_caught: number;
  /** Seed that caught each; null: none did. */
  readonly caught_at: Readonly<Record<string, number | null>>;
};

type Caught = { readonly seed: number; readonly violation: string };

function hunt(bug: PlantedBug, seeds: number): Caught | undefined {
  const child = spawnSync(
    process.execPath,
    [
      '--import',
      join(import.meta.dirname, 'hook.ts'),
      join(import.meta.dirname, 'child.ts'),
      bug.nodes,
      String(seeds),
    ],
    { env: { ...process.env, [BUG_VARIABLE]: bug.name }, encoding: 'utf8' },
  );
  if (child.status !== 0) throw new Error(`${bug.name}: ${child.stderr}`);
  return (JSON.parse(child.stdout) as Caught | null) ?? undefined;
}

/** `bug`: only the one of this name. Each is hunted for at most `seeds` seeds. */
export async function runPlanted(options: {
  readonly bug: string | undefined;
  readonly seeds: number;
  readonly say: (line: string) => void;
}): Promise<PlantedReport> {
  const bugs = PLANTED_BUGS.filter(({ name }) => !options.bug || name === options.bug);
  const caughtAt: Record<string, number | null> = {};
  for (const bug of bugs) {
    const caught = hunt(bug, options.seeds);
    caughtAt[bug.name] = caught?.seed ?? null;
    const end = caught ? `seed ${caught.seed}: ${caught.violation}` : 'NOT CAUGHT';
    options.say(`${bug.name}: ${end}`);
  }
  return {
    planted_bugs: bugs.length,
    planted_bugs_caught: Object.values(caughtAt).filter((seed) => seed !== null).length,
    caught_at: caughtAt,
  };
}

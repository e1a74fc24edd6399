/** What a planted bug is: one replacement in one source file, made while it is loaded. */

export type PlantedBug = {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Which seeds can see it: those of consensus alone, or those of whole nodes. */
  readonly nodes: 'consensus' | 'whole';
};

/** Which bug a process plants: its name. Read by `hook.ts` in the child that `run-planted.ts` starts. */
export const BUG_VARIABLE = 'MILETUS_SIM_PLANTED_BUG';

/** The source with the bug in it. Throws when `find` does not stand there exactly once. */
export function plant(bug: PlantedBug, source: string): string {
  const parts = source.split(bug.find);
  if (parts.length !== 2) {
    throw new Error(`${bug.name}: ${bug.file} has its text ${parts.length - 1} times, not once`);
  }
  return parts.join(bug.replace);
}

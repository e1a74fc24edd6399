/** The planted bugs still fit the sources they are planted in, and the hook plants them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plant } from './planted/bug.ts';
import { runPlanted } from './planted/run-planted.ts';
import { PLANTED_BUGS } from './planted/table.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Two processes that load the whole node, on a machine that has other things to do. */
const LONG_MS = 300_000;

describe('planted bugs', () => {
  test('fifteen and more, each of a name of its own', () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(15);
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length);
  });

  test.each(PLANTED_BUGS)('$name: its text stands once in $file', (bug) => {
    const source = readFileSync(join(ROOT, bug.file), 'utf8');
    expect(plant(bug, source)).not.toBe(source);
  });

  test(
    'one of consensus and one of whole nodes are caught',
    async () => {
      for (const bug of ['short quorum', 'no look-back before voting']) {
        const report = await runPlanted({ bug, seeds: 5, say: () => {} });
        expect(report.planted_bugs_caught, bug).toBe(1);
      }
    },
    LONG_MS,
  );
});

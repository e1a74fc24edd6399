/** A crash at every write and every message of two views: no double vote, nothing final lost, progress. */
import { describe, expect, test } from 'vitest';
import { runWithCrash } from './crash-points.ts';

/** 70 runs of 0.2 s, on a machine that has other things to do. */
const LONG_MS = 300_000;

describe('a crash at every point of a view', async () => {
  const { points, violations } = await runWithCrash(undefined);

  test('without a crash the views pass; both roles, writes of both stores and messages are points', () => {
    expect(violations).toEqual([]);
    const kinds = new Set(points.map((what) => what.replace(/\d+$/, 'N')));
    expect([...kinds].sort()).toEqual([
      'after a sync of blocks',
      'after a sync of journal',
      'before a buffered write of blocks',
      'before a message to N',
      'before a sync write of blocks',
      'before a sync write of journal',
    ]);
    // Two votes a view, each of one sync and three messages.
    expect(points.filter((what) => what === 'after a sync of journal').length).toBeGreaterThan(4);
  });

  /** Runs with a crash at each of these points, and compares. */
  const crashAt = async (at: readonly number[], kept: 'none' | 'all'): Promise<void> => {
    for (const point of at) {
      const run = await runWithCrash({ point, kept });
      const place = `point ${point}, ${points[point]}`;
      // It is the very run that was enumerated, and it ended there.
      expect(run.points, place).toEqual(points.slice(0, point + 1));
      expect(run.violations, place).toEqual([]);
    }
  };

  test(
    'every one, with nothing kept of what was not synced',
    async () => {
      await crashAt([...points.keys()], 'none');
    },
    LONG_MS,
  );

  test(
    'every write, with all kept of what was not synced',
    async () => {
      const writes = [...points.keys()].filter((point) => !points[point]?.includes('message'));
      await crashAt(writes, 'all');
    },
    LONG_MS,
  );
});

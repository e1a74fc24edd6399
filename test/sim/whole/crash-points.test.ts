/** A crash at every write and every message of two views: no double vote, nothing final lost, progress. */
import { describe, expect, test } from 'vitest';
import { runWithCrash } from './crash-points.ts';

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

  const numbered = points.map((what, point) => ({ what, point }));
  const writes = numbered.filter(({ what }) => !what.includes('message'));

  /** Runs with a crash there, and compares. */
  const crashAt = async (point: number, kept: 'none' | 'all'): Promise<void> => {
    const run = await runWithCrash({ point, kept });
    // It is the very run that was enumerated, and it ended there.
    expect(run.points).toEqual(points.slice(0, point + 1));
    expect(run.violations).toEqual([]);
  };

  test.each(numbered)(
    'point $point, $what: with nothing kept of what was not synced',
    async ({ point }) => {
      await crashAt(point, 'none');
    },
  );

  test.each(writes)(
    'point $point, $what: with all kept of what was not synced',
    async ({ point }) => {
      await crashAt(point, 'all');
    },
  );
});

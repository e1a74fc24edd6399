/** Twins: a slice of all cases; `npm run sim -- --twins` runs every one. */
import { describe, expect, test } from 'vitest';
import { ADVERSARIAL_VIEWS, LINK_PROFILES, runTwins, twinsCases } from './twins.ts';

/** one case in so many: some 45. */
const EVERY = 9_999;

describe('twins', () => {
  test.each([4, 5])('every split of every view, once, for %i keys', (keys) => {
    // Each view is whole or one of 2^(keys − 1) splits; but for the run without any, naming the twins
    // the other way round gives each run twice; the twins' key leads first in any of `keys` views.
    const sequences = (2 ** (keys - 1) + 1) ** ADVERSARIAL_VIEWS;
    const cases = [...twinsCases(keys)];
    expect(cases).toHaveLength(keys * ((sequences - 1) / 2 + 1));
    expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBe(cases.length);
  });

  test('a slice: no fork among the honest, and progress after', () => {
    const found: string[] = [];
    const report = runTwins({ every: EVERY, say: (line) => void found.push(line) });
    expect(found).toEqual([]);
    const all = [4, 5].reduce((sum, keys) => sum + [...twinsCases(keys)].length, 0);
    expect(report.cases).toBe(LINK_PROFILES.length * all);
    expect(report.run).toBe(Math.ceil(report.cases / EVERY));
  }, 300_000);
});

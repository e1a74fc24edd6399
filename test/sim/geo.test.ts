/** Finality over the globe: the figure of issue 2 in small, and that the measure measures. */
import { describe, expect, test } from 'vitest';
import { quorumTimes, readRoundTrips, runGeo } from './geo.ts';

describe('geo finality', () => {
  test('the table: ten cities, symmetric to a few ms', () => {
    const table = readRoundTrips();
    expect(table).toHaveLength(10);
    for (const [row, times] of table.entries()) {
      expect(times).toHaveLength(10);
      for (const [column, time] of times.entries()) {
        expect(Math.abs(time - (table[column]?.[row] ?? Number.NaN))).toBeLessThan(25);
      }
    }
  });

  test('the earliest quorum, by hand', () => {
    // Three machines on a line at 0, 10 and 30; all leave at 0; a quorum is two, oneself included.
    const place = [0, 10, 30];
    const delay = (from: number, to: number): number =>
      Math.abs((place[from] ?? 0) - (place[to] ?? 0));
    expect(quorumTimes([0, 0, 0], delay, 2)).toEqual([10, 10, 20]);
    expect(quorumTimes([0, 5, 0], delay, 3)).toEqual([30, 20, 30]);
  });

  test('50 validators in ten cities, 50 µs a verification, 0.5 ms a sync, 1 Gbit/s: at most 1.2', () => {
    const report = runGeo({ views: 12 });
    expect(report.views).toBe(12);
    expect(report.geo_finality_ratio).toBeGreaterThanOrEqual(1);
    expect(report.geo_finality_ratio).toBeLessThanOrEqual(1.2);
  });

  test('slow verification shows', () => {
    const fast = runGeo({ views: 4, validators: 10 });
    const slow = runGeo({ views: 4, validators: 10, verifyUs: 10_000 });
    expect(slow.geo_finality_ratio).toBeGreaterThan(fast.geo_finality_ratio + 0.2);
  });
});

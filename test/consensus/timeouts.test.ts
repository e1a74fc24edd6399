/** Timeouts: devnet's numbers by hand, growth only in trouble, and the caps. */
import { describe, expect, test } from 'vitest';
import {
  certifyTimeoutMs,
  fetchMs,
  leaderTimeoutMs,
  retryMs,
  standstillMs,
} from '../../consensus/timeouts.ts';
import { PACING } from './harness.ts';

describe('timeouts', () => {
  // idle 500 + 2·100; then ×1.5, floored, for each view beyond the two that are normal lag.
  test.each([
    { since: 1, leader: 700, certify: 900 },
    { since: 2, leader: 700, certify: 900 },
    { since: 3, leader: 700, certify: 900 },
    { since: 4, leader: 1_050, certify: 1_350 },
    { since: 5, leader: 1_575, certify: 2_025 },
    { since: 8, leader: 5_000, certify: 6_518 },
    { since: 1_000_000, leader: 5_000, certify: 10_000 },
  ])('$since views since the last finalization: $leader and $certify ms', (row) => {
    expect(leaderTimeoutMs(PACING, row.since)).toBe(row.leader);
    expect(certifyTimeoutMs(PACING, row.since)).toBe(row.certify);
  });

  test('t_a is above t_l and the leader timeout above idleBlockMs + Δ, always', () => {
    for (let since = 1; since < 60; since++) {
      expect(certifyTimeoutMs(PACING, since)).toBeGreaterThan(leaderTimeoutMs(PACING, since));
      expect(leaderTimeoutMs(PACING, since)).toBeGreaterThan(PACING.idleBlockMs + PACING.deltaMs);
    }
  });

  test('without growth, or with nothing to grow, the loop ends', () => {
    const flat = { ...PACING, timeoutGrowthPercent: 100 };
    expect(leaderTimeoutMs(flat, 1_000_000_000)).toBe(700);
    const zero = { ...PACING, idleBlockMs: 0, deltaMs: 0 };
    expect(leaderTimeoutMs(zero, 1_000_000_000)).toBe(0);
    const one = { ...PACING, idleBlockMs: 1, deltaMs: 0, timeoutGrowthPercent: 101 };
    expect(leaderTimeoutMs(one, 1_000_000_000)).toBe(1);
  });

  test('retry 4Δ, fetch 2Δ, standstill 10 s or the cap', () => {
    expect([retryMs(PACING), fetchMs(PACING), standstillMs(PACING)]).toEqual([400, 200, 10_000]);
    expect(standstillMs({ ...PACING, timeoutCapMs: 20_000 })).toBe(20_000);
  });
});

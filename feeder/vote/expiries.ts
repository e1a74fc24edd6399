/** The expiries that a vote covers. */
import { MAX_ORACLE_EXPIRIES } from '../../runtime/limits.ts';

/** When a network lists short expiries of its own: every `intervalMs`, `count` of them. */
export type ExpirySchedule = { readonly intervalMs: number; readonly count: number };

/** Expiries to vote for: those listed, and those that the schedule lists next; ascending. */
export function expiriesToVote(
  listed: readonly number[],
  schedule: ExpirySchedule & { readonly atMs: number },
): number[] {
  const { atMs, intervalMs, count } = schedule;
  const first = Math.floor(atMs / intervalMs) + 1;
  // One more than listed: it is the next to be.
  const coming = Array.from({ length: count + 1 }, (_, i) => (first + i) * intervalMs);
  return [...new Set([...listed, ...coming])]
    .filter((expiry) => expiry > atMs)
    .sort((a, b) => a - b)
    .slice(0, MAX_ORACLE_EXPIRIES);
}

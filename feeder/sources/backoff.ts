/**
 * How long to wait before the next attempt: doubling up to a cap, half of it random, so that feeders
 * cut off together do not come back together.
 *
 * Source: Brooker, "Exponential backoff and jitter" (AWS, 2015), equal jitter.
 */
const FIRST_MS = 500;
const CAP_MS = 30_000;

/** Wait before attempt `failures` + 1, ms; `random` in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return full / 2 + (random * full) / 2;
}

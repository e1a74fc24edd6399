/**
 * Exact integer arithmetic with stated rounding: the only place where bigints are divided.
 *
 * Every caller of `mulDivFloor` or `mulDivCeil` says in whose favour it rounds; rounding never
 * favours the one who acts.
 */
import { assert } from './result.ts';

/**
 * floor(a × b ÷ divisor), towards −∞, with no intermediate overflow.
 * Throws when `divisor` is not positive.
 */
export function mulDivFloor(a: bigint, b: bigint, divisor: bigint): bigint {
  assert(divisor > 0n, 'the divisor of mulDivFloor is not positive');
  const product = a * b;
  const quotient = product / divisor;
  return product < 0n && quotient * divisor !== product ? quotient - 1n : quotient;
}

/** ceil(a × b ÷ divisor), towards +∞. Throws when `divisor` is not positive. */
export function mulDivCeil(a: bigint, b: bigint, divisor: bigint): bigint {
  assert(divisor > 0n, 'the divisor of mulDivCeil is not positive');
  const product = a * b;
  const quotient = product / divisor;
  return product > 0n && quotient * divisor !== product ? quotient + 1n : quotient;
}

export function minBigint<T extends bigint>(a: T, b: T): T {
  return a < b ? a : b;
}

export function maxBigint<T extends bigint>(a: T, b: T): T {
  return a > b ? a : b;
}

export function absBigint(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/**
 * The smallest value v such that the weights of values ≤ v sum to at least half of the total: the
 * lower weighted median. Weights are positive; `entries` is not empty. O(n log n).
 */
export function weightedMedian(
  entries: readonly { readonly value: number; readonly weight: bigint }[],
): number {
  assert(entries.length > 0, 'weightedMedian of nothing');
  const sorted = [...entries].sort((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, entry) => sum + entry.weight, 0n);
  let reached = 0n;
  for (const entry of sorted) {
    reached += entry.weight;
    if (reached * 2n >= total) return entry.value;
  }
  throw new RangeError('weightedMedian: weights must be positive');
}

/**
 * Voting weights: stake capped, so that no validator alone can stop or steer the chain.
 *
 * Source: design/staking-and-keys.md §2. p = max(parameter, 4/(3n)); c = the greatest integer with
 * c ≤ p·Σ min(sᵢ, c); weight = min(sᵢ, c). The right side grows slower than the left once it is
 * below, so the condition holds up to c and nowhere above: binary search.
 */
import { minBigint } from '../runtime/core/math.ts';
import type { Weight } from '../runtime/core/units.ts';
import { weight } from '../runtime/core/units.ts';
import { FULL_BPS } from './fraction.ts';

/** Weights of stakes (whole MIL, above 0), in their order. O(n log stake). */
export function cappedWeights(stakes: readonly bigint[], powerCapBps: number): Weight[] {
  const n = BigInt(stakes.length);
  // p as a fraction: the parameter, or 4/(3n) where that is more.
  const isFloor = BigInt(powerCapBps) * 3n * n < 4n * FULL_BPS;
  const above = isFloor ? 4n : BigInt(powerCapBps);
  const below = isFloor ? 3n * n : FULL_BPS;
  const holds = (cap: bigint): boolean =>
    cap * below <= above * stakes.reduce((sum, stake) => sum + minBigint(stake, cap), 0n);
  let low = 1n;
  let high = stakes.reduce((most, stake) => (stake > most ? stake : most), 1n);
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (holds(middle)) low = middle;
    else high = middle - 1n;
  }
  return stakes.map((stake) => weight(minBigint(stake, low)));
}

/** Fewest validators, the heaviest first, that hold a third of the weight, and their stake. */
export function stakeForThird(
  entries: readonly { readonly stake: bigint; readonly weight: Weight }[],
): { readonly validators: number; readonly stake: bigint } {
  const total = entries.reduce((sum, entry) => sum + entry.weight, 0n);
  const heaviest = entries.toSorted((a, b) =>
    a.weight === b.weight
      ? Number(a.stake > b.stake) - Number(a.stake < b.stake)
      : a.weight > b.weight
        ? -1
        : 1,
  );
  let reached = 0n;
  let stake = 0n;
  let validators = 0;
  for (const entry of heaviest) {
    if (reached * 3n >= total) break;
    reached += entry.weight;
    stake += entry.stake;
    validators += 1;
  }
  return { validators, stake };
}

/**
 * Rewards per share: two accumulators a pool, one a denomination.
 *
 * Source: design/staking-and-keys.md §2. R += (reward·2⁶⁴ + carry) div shares, the remainder carried.
 * A holder of s shares since R₀ has earned ⌊s·(R − R₀) ÷ 2⁶⁴⌋. R is per share, so a slash, which
 * changes tokens, never splits a period. Invariant: Σ earned ≤ Σ rewards.
 */
import { mulDivFloor } from '../runtime/core/math.ts';
import { type Codec, container, u128, u256 } from '../runtime/core/ssz.ts';
import { REWARD_SCALE } from './fraction.ts';

/** An amount, or an accumulator, of each denomination. */
export type PerDenomination = { usd: bigint; mil: bigint };

/** Accumulators R, in 2⁻⁶⁴ micro-units a share. */
export const IndexCodec: Codec<PerDenomination> = container<PerDenomination>('RewardIndex', {
  usd: u256(),
  mil: u256(),
});
/** Micro-units. */
export const AmountsCodec: Codec<PerDenomination> = container<PerDenomination>('Amounts', {
  usd: u128(),
  mil: u128(),
});

export const zeroAmounts = (): PerDenomination => ({ usd: 0n, mil: 0n });

/** Adds to `accrued` what `shares` earned while the accumulators went from `from` to `to`. */
export function accrue(
  accrued: PerDenomination,
  shares: bigint,
  from: PerDenomination,
  to: PerDenomination,
): void {
  accrued.usd += mulDivFloor(shares, to.usd - from.usd, REWARD_SCALE);
  accrued.mil += mulDivFloor(shares, to.mil - from.mil, REWARD_SCALE);
}

/** Moves an accumulator on by `reward` over `shares` (above 0); returns the new one and its carry. */
export function advanceIndex(
  index: bigint,
  carry: bigint,
  reward: bigint,
  shares: bigint,
): { readonly index: bigint; readonly carry: bigint } {
  const scaled = reward * REWARD_SCALE + carry;
  const step = mulDivFloor(scaled, 1n, shares);
  return { index: index + step, carry: scaled - step * shares };
}

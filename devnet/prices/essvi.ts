/**
 * The eSSVI slice: total variance as a function of log-moneyness k = ln(K/F),
 *
 *     w(k) = θ/2 · (1 + ρφk + √((φk + ρ)² + 1 − ρ²)),   ψ = θφ, u = ψ(1+ρ), l = ψ(1−ρ)
 *
 * Source: Gatheral and Jacquier, arXiv 1204.0646; Hendriks and Martini 2019 (ρ per expiry); the
 * conditions without arbitrage are those of design/exchange.md §4. Off chain: `Math.*` is allowed.
 */
import type { Slice } from './price-source.ts';

/** Total variance of `slice` at log-moneyness `k`. */
export function totalVariance({ theta, u, l }: Slice, k: number): number {
  const psi = (u + l) / 2;
  const rho = psi > 0 ? (u - l) / (2 * psi) : 0;
  const x = (psi / theta) * k;
  return (theta / 2) * (1 + rho * x + Math.sqrt((x + rho) ** 2 + 1 - rho ** 2));
}

/** Annualised volatility of `slice` at `k` with `years` to expiry. */
export function volatility(slice: Slice, k: number, years: number): number {
  return Math.sqrt(totalVariance(slice, k) / years);
}

/** Largest u or l; the bound itself is excluded. */
const MAX_WING = 4;
/** Keeps shrunk wings strictly inside their bound after rounding. */
const INSIDE = 1 - 1e-9;

/**
 * The slice with its wings shrunk, where needed, so that it has no butterfly arbitrage:
 * max(u, l) < 4 and ψ·max(u, l) ≤ 4θ. ρ is kept.
 */
export function withoutButterfly(slice: Slice): Slice {
  const wing = Math.max(slice.u, slice.l);
  const psi = (slice.u + slice.l) / 2;
  if (wing <= 0) return slice;
  // Both bounds are in the common factor c of u and l: c·wing < 4 and c²·ψ·wing ≤ 4θ.
  const factor = Math.min(1, MAX_WING / wing, Math.sqrt((4 * slice.theta) / (psi * wing)));
  if (factor === 1 && wing < MAX_WING) return slice;
  return { theta: slice.theta, u: slice.u * factor * INSIDE, l: slice.l * factor * INSIDE };
}

/**
 * Slices of ascending expiries repaired from short to long: θ, u, l at least the predecessor's and
 * ψ/θ at most the predecessor's, each without butterfly arbitrage.
 */
export function withoutCalendar(slices: readonly Slice[]): Slice[] {
  const repaired: Slice[] = [];
  for (const given of slices) {
    const slice = withoutButterfly(given);
    const before = repaired.at(-1);
    if (!before) {
      repaired.push(slice);
      continue;
    }
    const theta = Math.max(slice.theta, before.theta);
    const u = Math.max(slice.u, before.u);
    const l = Math.max(slice.l, before.l);
    repaired.push(shrinkToward(before, { theta, u, l }));
  }
  return repaired;
}

/** Shrinks (u, l) toward the predecessor's until the slice meets every bound against it. */
function shrinkToward(before: Slice, slice: Slice): Slice {
  const steepness = (before.u + before.l) / before.theta;
  const fits = ({ theta, u, l }: Slice): boolean =>
    Math.max(u, l) < MAX_WING &&
    ((u + l) / 2) * Math.max(u, l) <= 4 * theta &&
    u + l <= steepness * theta;
  if (fits(slice)) return slice;
  // The predecessor's own wings fit, because θ is at least its θ: bisection ends between them.
  let inside = 0;
  let outside = 1;
  const at = (share: number): Slice => ({
    theta: slice.theta,
    u: before.u + share * (slice.u - before.u),
    l: before.l + share * (slice.l - before.l),
  });
  for (let i = 0; i < 50; i++) {
    const middle = (inside + outside) / 2;
    if (fits(at(middle))) inside = middle;
    else outside = middle;
  }
  return at(inside);
}

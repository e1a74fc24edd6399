/**
 * A volatility surface by time to maturity, and how the devnet's short expiries read it.
 *
 * Recorded expiries are days to months away, the devnet's are minutes. One devnet expiry interval
 * is read as one recorded day: an option with t intervals left takes the volatility of t recorded
 * days, and the smile of that maturity in standardised moneyness k/√θ. In eSSVI that is
 *
 *     θ = σ²τ,   u = û·√θ,   l = l̂·√θ      (û = u₀/√θ₀, l̂ = l₀/√θ₀ of the recorded slice)
 *
 * which keeps ψ·max(u, l) ≤ 4θ, since both sides scale with θ.
 */
import { withoutCalendar } from './essvi.ts';
import { type Slice, YEAR_MS } from './price-source.ts';

const DAY_MS = 24 * 3_600_000;

/** One maturity: volatility at the money and the two wings in standardised moneyness. */
export type SurfaceKnot = {
  readonly days: number;
  readonly volatility: number;
  readonly upWing: number;
  readonly downWing: number;
};

/** Ascending by `days`, never empty. */
export type Surface = readonly SurfaceKnot[];

/** The knot of a fitted slice with `days` to maturity. */
export function knotOf(slice: Slice, days: number): SurfaceKnot {
  const years = (days * DAY_MS) / YEAR_MS;
  const root = Math.sqrt(slice.theta);
  return {
    days,
    volatility: Math.sqrt(slice.theta / years),
    upWing: slice.u / root,
    downWing: slice.l / root,
  };
}

function mixKnots(a: SurfaceKnot, b: SurfaceKnot, share: number): SurfaceKnot {
  const mix = (x: number, y: number): number => x + (y - x) * share;
  return {
    days: mix(a.days, b.days),
    volatility: mix(a.volatility, b.volatility),
    upWing: mix(a.upWing, b.upWing),
    downWing: mix(a.downWing, b.downWing),
  };
}

/** The surface at a maturity: linear between knots, flat outside. Throws on an empty surface. */
export function knotAt(surface: Surface, days: number): SurfaceKnot {
  const after = surface.findIndex((knot) => knot.days > days);
  const above = surface[after];
  const below = after < 0 ? surface.at(-1) : surface[after - 1];
  if (!below) {
    if (!above) throw new RangeError('a surface without maturities');
    return { ...above, days };
  }
  if (!above) return { ...below, days };
  return mixKnots(below, above, (days - below.days) / (above.days - below.days));
}

/** Interpolates two surfaces that were taken at different times, maturity by maturity. */
export function mixSurfaces(a: Surface, b: Surface, share: number): Surface {
  const days = [...new Set([...a, ...b].map((knot) => knot.days))].sort((x, y) => x - y);
  return days.map((day) => mixKnots(knotAt(a, day), knotAt(b, day), share));
}

export type SliceQuestion = {
  readonly atMs: number;
  /** Ascending. */
  readonly expiriesMs: readonly number[];
  /** Distance of the devnet's expiries: what is read as one recorded day. */
  readonly expiryIntervalMs: number;
};

/** Slices of the expiries ahead of `atMs`, ascending, together free of calendar arbitrage. */
export function slicesAt(
  surface: Surface,
  { atMs, expiriesMs, expiryIntervalMs }: SliceQuestion,
): (Slice & { readonly expiryMs: number })[] {
  const ahead = expiriesMs.filter((expiryMs) => expiryMs > atMs).toSorted((a, b) => a - b);
  const slices = ahead.map((expiryMs): Slice => {
    const remainingMs = expiryMs - atMs;
    const knot = knotAt(surface, remainingMs / expiryIntervalMs);
    const theta = knot.volatility ** 2 * (remainingMs / YEAR_MS);
    const root = Math.sqrt(theta);
    return { theta, u: knot.upWing * root, l: knot.downWing * root };
  });
  return withoutCalendar(slices).map((slice, i) => ({ ...slice, expiryMs: ahead[i] ?? 0 }));
}

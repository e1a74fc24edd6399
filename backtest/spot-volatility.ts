/**
 * The spot–volatility rule: how a surface moves with the index where none was recorded.
 *
 *   ln σ(t, T) = anchor(t, T) − β(T − t) · (ln S(t) − ln S of the anchor)
 *   β(τ) = b · (30 days ÷ max(τ, shortest)) ^ p
 *
 * Between two recorded chains the anchor is the straight line of ln σ and of ln S between them, so that
 * the rule is exact at both and only bends the path between. After a single chain (crash days
 * without recorded options) it is that chain's volatility at the same time to expiry. σ is that at the
 * money; the smile keeps its shape in standardised moneyness. Volatilities stay within
 * `LEAST_VOLATILITY` and `MOST_VOLATILITY`.
 *
 * b and p are fitted: per tenor β by least squares of Δ ln σ on −Δ ln S over consecutive recorded chains
 * of a crash, then ln β on ln τ by least squares.
 */
import { YEAR_MS } from '../feeder/aggregate/fit-surface.ts';
import { type SurfaceKnot, surfaceAt } from '../feeder/aggregate/surface-at.ts';
import { DataError } from './read-file.ts';

export const DAY_MS: number = 24 * 3_600_000;

export type SpotVolatilityRule = {
  /** β at 30 days, and its power of time. */
  readonly betaMonth: number;
  readonly power: number;
};

/** β stays as it is below this. */
const SHORTEST_MS = DAY_MS;
export const LEAST_VOLATILITY = 0.15;
export const MOST_VOLATILITY = 5;

/** A surface with the index that it was recorded at. */
export type RecordedSurface = {
  readonly atMs: number;
  readonly index: number;
  /** Ascending by expiry. */
  readonly knots: readonly SurfaceKnot[];
};

/** β of a time to expiry. */
export function beta({ betaMonth, power }: SpotVolatilityRule, timeMs: number): number {
  return betaMonth * ((30 * DAY_MS) / Math.max(timeMs, SHORTEST_MS)) ** power;
}

function volatilityOf({ theta }: { readonly theta: number }, timeMs: number): number {
  return Math.sqrt((theta * YEAR_MS) / timeMs);
}

/** One tenor's regression: its slope and the share of variance explained. */
export type TenorFit = { readonly days: number; readonly beta: number; readonly r2: number };

export type RuleFit = { readonly rule: SpotVolatilityRule; readonly tenors: readonly TenorFit[] };

/** Tenors of the fit, in days. */
const TENORS: readonly number[] = [1, 3, 7, 14, 30, 90];

function tenorVolatilities({ atMs, index, knots }: RecordedSurface): number[] {
  const expiriesMs = TENORS.map((days) => atMs + days * DAY_MS);
  const slices = surfaceAt(knots, { nowMs: atMs, index, expiriesMs });
  return slices.map((slice) => volatilityOf(slice, slice.expiryMs - atMs));
}

/** Fits the rule to surfaces in the order of their times. Throws `DataError` with fewer than three. */
export function fitRule(surfaces: readonly RecordedSurface[]): RuleFit {
  if (surfaces.length < 3) throw new DataError('the spot-volatility rule needs three chains');
  const seen = surfaces.map((surface) => ({
    index: surface.index,
    volatilities: tenorVolatilities(surface),
  }));
  const tenors = TENORS.map((days, tenor): TenorFit => {
    let [xy, xx, yy] = [0, 0, 0];
    for (const [i, later] of seen.entries()) {
      const earlier = seen[i - 1];
      if (earlier === undefined) continue;
      const x = -Math.log(later.index / earlier.index);
      const y = Math.log((later.volatilities[tenor] ?? 1) / (earlier.volatilities[tenor] ?? 1));
      xy += x * y;
      xx += x * x;
      yy += y * y;
    }
    return { days, beta: xx > 0 ? xy / xx : 0, r2: xx * yy > 0 ? (xy * xy) / (xx * yy) : 0 };
  });
  const rising = tenors.filter((fit) => fit.beta > 0);
  if (rising.length < 2) throw new DataError('volatility does not rise when these prices fall');
  const xs = rising.map(({ days }) => Math.log(30 / days));
  const ys = rising.map((fit) => Math.log(fit.beta));
  const meanX = xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const meanY = ys.reduce((sum, y) => sum + y, 0) / ys.length;
  const slope =
    xs.reduce((sum, x, i) => sum + (x - meanX) * ((ys[i] ?? 0) - meanY), 0) /
    xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  const rule = { betaMonth: Math.exp(meanY - slope * meanX), power: slope };
  return { rule, tenors };
}

/** The recording that stands for unrecorded days: as if taken then, at that index and that level. */
export function movedSurface(
  calm: RecordedSurface,
  to: { readonly atMs: number; readonly index: number; readonly monthVolatility: number },
): RecordedSurface {
  const [month] = surfaceAt(calm.knots, {
    nowMs: calm.atMs,
    index: calm.index,
    expiriesMs: [calm.atMs + 30 * DAY_MS],
  });
  if (month === undefined) throw new DataError('the calm chain has no expiry');
  const factor = to.monthVolatility / volatilityOf(month, 30 * DAY_MS);
  const knots = calm.knots.map((knot) => ({
    expiryMs: knot.expiryMs - calm.atMs + to.atMs,
    forward: (knot.forward / calm.index) * to.index,
    theta: knot.theta * factor * factor,
    u: knot.u * factor,
    l: knot.l * factor,
  }));
  return { atMs: to.atMs, index: to.index, knots };
}

/** Surfaces of one underlying around a moment: the last at or before it, and the next if there is one. */
export type Anchors = {
  readonly before: RecordedSurface;
  readonly after: RecordedSurface | undefined;
};

type Wanted = {
  readonly atMs: number;
  readonly index: number;
  readonly expiriesMs: readonly number[];
};

/** What a surface says of expiries, as volatilities; `shiftMs` later than it was recorded. */
function anchorSlices(surface: RecordedSurface, expiriesMs: readonly number[], shiftMs: number) {
  const { atMs, index, knots } = surface;
  const shifted = expiriesMs.map((expiryMs) => expiryMs - shiftMs);
  return surfaceAt(knots, { nowMs: atMs, index, expiriesMs: shifted }).map((slice) => ({
    volatility: volatilityOf(slice, slice.expiryMs - atMs),
    forwardShare: slice.forward / index,
    uShare: slice.u / Math.sqrt(slice.theta),
    lShare: slice.l / Math.sqrt(slice.theta),
  }));
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/**
 * Forward and slice of each expiry ahead at a moment and an index, by the rule. The chain's own repair
 * makes them free of arbitrage.
 */
export function surfaceByRule(
  rule: SpotVolatilityRule,
  { before, after }: Anchors,
  { atMs, index, expiriesMs }: Wanted,
): SurfaceKnot[] {
  const ahead = expiriesMs.filter((expiryMs) => expiryMs > atMs).toSorted((a, b) => a - b);
  const elapsed = atMs - before.atMs;
  const share = after === undefined ? 0 : elapsed / (after.atMs - before.atMs);
  const anchorIndex = Math.exp(
    mix(Math.log(before.index), Math.log(after?.index ?? before.index), share),
  );
  const move = Math.log(index / anchorIndex);
  const first = anchorSlices(before, ahead, elapsed);
  const second = after === undefined ? first : anchorSlices(after, ahead, atMs - after.atMs);
  return ahead.flatMap((expiryMs, i): SurfaceKnot[] => {
    const [a, b] = [first[i], second[i]];
    if (a === undefined || b === undefined) return [];
    const timeMs = expiryMs - atMs;
    const anchor = mix(Math.log(a.volatility), Math.log(b.volatility), share);
    const volatility = Math.min(
      MOST_VOLATILITY,
      Math.max(LEAST_VOLATILITY, Math.exp(anchor - beta(rule, timeMs) * move)),
    );
    const theta = (volatility * volatility * timeMs) / YEAR_MS;
    const root = Math.sqrt(theta);
    return [
      {
        expiryMs,
        forward: index * mix(a.forwardShare, b.forwardShare, share),
        theta,
        u: mix(a.uShare, b.uShare, share) * root,
        l: mix(a.lShare, b.lShare, share) * root,
      },
    ];
  });
}

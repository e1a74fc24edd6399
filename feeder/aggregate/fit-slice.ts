/**
 * Fits the chain's eSSVI slice (θ, u, l) to the points of one expiry: least squares in volatility,
 * weighted by vega, robust to bad quotes, free of butterflies by construction.
 *
 * Source: design/exchange.md §4 for the slice and its bounds; Huber 1964 for the weights, which are
 * found by fitting again (iteratively reweighted least squares): a point far outside the others'
 * scatter counts in inverse proportion to its distance, and one absurdly far not at all.
 *
 * Coordinates (ln θ, two shares in 0 to 1): u and l are that share of the largest wing which
 * ψ·max(u, l) ≤ 4θ and max(u, l) < 4 allow, so every iterate is a valid slice.
 */
import { leastSquares } from '../pricing/least-squares.ts';
import { median } from './median.ts';
import type { SmilePoint } from './smile-points.ts';

/** An eSSVI slice in natural units: total variance at the money, u = ψ(1 + ρ), l = ψ(1 − ρ). */
export type Slice = { readonly theta: number; readonly u: number; readonly l: number };

export type SliceFit = {
  readonly slice: Slice;
  /** Weighted root mean square error in volatility points (0.01). */
  readonly rmsePoints: number;
  /** Points that count less than half of what their vega would give them. */
  readonly outliers: number;
  readonly points: number;
};

/** Below this a smile has no shape to fit. */
export const MIN_POINTS = 5;
/** Largest u or l. */
const MAX_WING = 4;
const INSIDE = 1 - 1e-9;
const ROUNDS = 6;
/** Huber's bound in standard deviations, and where a point is no longer believed. */
const HUBER = 1.5;
const ABSURD = 10;
/** 1 / 0.6745: the standard deviation of normal errors by their median size. */
const NORMAL_MAD = 1.4826;
/** Scatter below this, in volatility, is no reason to distrust a quote. */
const LEAST_SCALE = 0.002;

/** Total variance of `slice` at log-moneyness `k`. */
export function sliceVariance({ theta, u, l }: Slice, k: number): number {
  const psi = (u + l) / 2;
  const rho = psi > 0 ? (u - l) / (2 * psi) : 0;
  const x = (psi / theta) * k;
  return (theta / 2) * (1 + rho * x + Math.sqrt((x + rho) ** 2 + 1 - rho ** 2));
}

/** Annualised volatility of `slice` at `k` with `years` to expiry. */
export function sliceVolatility(slice: Slice, k: number, years: number): number {
  return Math.sqrt(sliceVariance(slice, k) / years);
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The slice at a point of the coordinates: size of the larger wing, and how the two compare. */
function sliceAt(at: readonly number[]): Slice {
  const [lnTheta = 0, size = 0, skew = 0] = at;
  const theta = Math.exp(lnTheta);
  const rho = Math.tanh(skew);
  // With u and l = ψ(1 ± ρ): ψ²(1 + |ρ|) ≤ 4θ and ψ(1 + |ρ|) < 4.
  const steep = 1 + Math.abs(rho);
  const largest = INSIDE * Math.min(Math.sqrt((4 * theta) / steep), MAX_WING / steep);
  const psi = largest * logistic(size);
  return { theta, u: psi * (1 + rho), l: psi * (1 - rho) };
}

function startAt(points: readonly SmilePoint[], years: number): number[] {
  const nearest = points.reduce((a, b) => (Math.abs(b.k) < Math.abs(a.k) ? b : a));
  return [Math.log(nearest.volatility ** 2 * years), 0, 0];
}

/** Huber's weights of errors, given their scatter. */
function trust(errors: readonly number[]): number[] {
  const scale = Math.max(LEAST_SCALE, NORMAL_MAD * (median(errors.map(Math.abs)) ?? 0));
  return errors.map((error) => {
    const size = Math.abs(error) / scale;
    return size > ABSURD ? 0 : size > HUBER ? HUBER / size : 1;
  });
}

/**
 * The slice nearest to `points`; undefined with fewer than `MIN_POINTS`. Cost: about 1 ms for 40
 * points.
 */
export function fitSlice(points: readonly SmilePoint[], years: number): SliceFit | undefined {
  if (points.length < MIN_POINTS) return undefined;
  const errorsOf = (slice: Slice): number[] =>
    points.map(({ k, volatility }) => sliceVolatility(slice, k, years) - volatility);
  let at: readonly number[] = startAt(points, years);
  let believed = points.map(() => 1);
  for (let round = 0; round < ROUNDS; round++) {
    const roots = points.map(({ weight }, i) => Math.sqrt(weight * (believed[i] ?? 0)));
    const residuals = (candidate: readonly number[]): number[] =>
      errorsOf(sliceAt(candidate)).map((error, i) => error * (roots[i] ?? 0));
    at = leastSquares({ start: at, residuals, iterations: 40, tolerance: 1e-8 }).at;
    believed = trust(errorsOf(sliceAt(at)));
  }
  const slice = sliceAt(at);
  return {
    slice,
    points: points.length,
    outliers: believed.filter((share) => share < 0.5).length,
    rmsePoints: 100 * weightedRoot(errorsOf(slice), points, believed),
  };
}

function weightedRoot(
  errors: readonly number[],
  points: readonly SmilePoint[],
  believed: readonly number[],
): number {
  const weights = points.map(({ weight }, i) => weight * (believed[i] ?? 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const squares = errors.reduce((sum, error, i) => sum + error * error * (weights[i] ?? 0), 0);
  return total > 0 ? Math.sqrt(squares / total) : 0;
}

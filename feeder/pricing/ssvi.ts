/**
 * SSVI: a whole surface from the term structure of total variance at the money,
 *
 *     w(k, θ) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²)),   φ(θ) = η / (θ^γ·(1 + θ)^(1 − γ))
 *
 * Source: Gatheral and Jacquier, arXiv 1204.0646, §4 (theorems 4.1 and 4.2, the power law of §4.1).
 * The chain's own slices (`runtime/pricing/essvi.ts`) let ρ move with the expiry; here it is one, so
 * that a surface has three numbers beside its term structure.
 */
import { leastSquares } from './least-squares.ts';

export type SsviSurface = {
  /** Strictly between −1 and 1. */
  readonly rho: number;
  /** Above 0. */
  readonly eta: number;
  /** Strictly between 0 and 1. */
  readonly gamma: number;
  /** Total variance at the money, ascending by `years`. */
  readonly knots: readonly { readonly years: number; readonly theta: number }[];
};

/** φ at θ > 0. */
export function ssviPhi({ eta, gamma }: Pick<SsviSurface, 'eta' | 'gamma'>, theta: number): number {
  return eta / (theta ** gamma * (1 + theta) ** (1 - gamma));
}

/** Total variance at log-moneyness `k` where that at the money is `theta`. */
export function ssviVariance(surface: SsviSurface, theta: number, k: number): number {
  const { rho } = surface;
  const x = ssviPhi(surface, theta) * k;
  return (theta / 2) * (1 + rho * x + Math.sqrt((x + rho) ** 2 + 1 - rho * rho));
}

/** Total variance at the money: linear in time between knots, in proportion to time outside. */
export function ssviTheta({ knots }: SsviSurface, years: number): number {
  const after = knots.find((knot) => knot.years >= years);
  const before = knots.findLast((knot) => knot.years <= years);
  if (after && before) {
    if (after === before) return after.theta;
    const share = (years - before.years) / (after.years - before.years);
    return before.theta + share * (after.theta - before.theta);
  }
  const only = after ?? before;
  return only ? (only.theta * years) / only.years : 0;
}

export type SsviFault =
  | { readonly code: 'bad_parameters'; readonly field: 'rho' | 'eta' | 'gamma' | 'knots' }
  /** θφ(1 + |ρ|) < 4 or θφ²(1 + |ρ|) ≤ 4 does not hold at this θ. */
  | { readonly code: 'butterfly'; readonly theta: number }
  /** θ falls with time at this knot. */
  | { readonly code: 'calendar'; readonly years: number };

/**
 * The first fault in the order of `SsviFault`. With the power law ∂(θφ)/∂θ lies between 0 and its
 * bound for γ in (0, 1), so beside butterflies only a falling θ makes calendar arbitrage.
 */
export function ssviFault(surface: SsviSurface): SsviFault | undefined {
  const { rho, eta, gamma, knots } = surface;
  if (!(Math.abs(rho) < 1)) return { code: 'bad_parameters', field: 'rho' };
  if (!(eta > 0)) return { code: 'bad_parameters', field: 'eta' };
  if (!(gamma > 0 && gamma < 1)) return { code: 'bad_parameters', field: 'gamma' };
  if (knots.some(({ theta, years }) => !(theta > 0 && years > 0))) {
    return { code: 'bad_parameters', field: 'knots' };
  }
  const steep = 1 + Math.abs(rho);
  for (const { theta } of knots) {
    const phi = ssviPhi(surface, theta);
    if (!(theta * phi * steep < 4) || !(theta * phi * phi * steep <= 4 * (1 + 1e-12))) {
      return { code: 'butterfly', theta };
    }
  }
  const falling = knots.find(({ theta }, i) => theta < (knots[i - 1]?.theta ?? 0));
  return falling && { code: 'calendar', years: falling.years };
}

/** The nearest surface without arbitrage: θ never falls, η as large as its bounds allow. */
export function repairSsvi(surface: SsviSurface): SsviSurface {
  let highest = 0;
  const knots = surface.knots.map(({ years, theta }) => {
    highest = Math.max(highest, theta);
    return { years, theta: highest };
  });
  const steep = 1 + Math.abs(surface.rho);
  const unit = { eta: 1, gamma: surface.gamma };
  const eta = knots.reduce((least, { theta }) => {
    const phi = ssviPhi(unit, theta);
    const inside = 1 - 1e-9;
    return Math.min(
      least,
      (inside * 4) / (theta * phi * steep),
      Math.sqrt(4 / (theta * steep)) / phi,
    );
  }, surface.eta);
  return { ...surface, knots, eta };
}

export type SsviSmile = {
  readonly years: number;
  readonly points: readonly { readonly k: number; readonly w: number; readonly weight?: number }[];
};

/** Total variance at the money, by the quotes on both sides of it. */
function thetaOf({ points }: SsviSmile): number {
  const sorted = points.toSorted((a, b) => a.k - b.k);
  const above = sorted.find(({ k }) => k >= 0);
  const below = sorted.findLast(({ k }) => k <= 0);
  if (!above || !below || above.k === below.k) return (above ?? below)?.w ?? 0;
  return below.w + ((above.w - below.w) * -below.k) / (above.k - below.k);
}

/**
 * The surface without arbitrage nearest to smiles ascending by `years`, three points each or more
 * (throws `RangeError`), and its root mean square error in total variance, relative to θ.
 */
export function fitSsvi(smiles: readonly SsviSmile[]): {
  readonly surface: SsviSurface;
  readonly relativeRmse: number;
} {
  const short = smiles.find(({ points }) => points.length < 3);
  if (short || smiles.length === 0) {
    throw new RangeError(`a smile of ${short?.points.length ?? 0} points; allowed: 3`);
  }
  const surfaceOf = (at: readonly number[]): SsviSurface =>
    repairSsvi({
      rho: 0.999 * Math.tanh(at[0] ?? 0),
      eta: Math.exp(at[1] ?? 0),
      gamma: 0.5 + 0.499 * Math.tanh(at[2] ?? 0),
      knots: smiles.map(({ years }, i) => ({ years, theta: Math.exp(at[3 + i] ?? 0) })),
    });
  const levels = smiles.map((smile) => Math.max(thetaOf(smile), 1e-12));
  const { at, cost } = leastSquares({
    start: [0, 0, 0, ...levels.map(Math.log)],
    iterations: 100,
    residuals: (candidate) => {
      const surface = surfaceOf(candidate);
      return smiles.flatMap(({ points }, i) =>
        points.map(
          ({ k, w, weight = 1 }) =>
            (Math.sqrt(weight) * (ssviVariance(surface, surface.knots[i]?.theta ?? 0, k) - w)) /
            (levels[i] ?? 1),
        ),
      );
    },
  });
  const total = smiles
    .flatMap(({ points }) => points)
    .reduce((sum, { weight = 1 }) => sum + weight, 0);
  return { surface: surfaceOf(at), relativeRmse: Math.sqrt(cost / total) };
}

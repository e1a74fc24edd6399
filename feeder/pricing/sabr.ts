/**
 * SABR: Hagan's expansion of the implied lognormal volatility, and its fit to a smile.
 *
 *     dF = α F^β dW,   dα = ν α dZ,   d⟨W, Z⟩ = ρ dt
 *
 * Source: Hagan, Kumar, Lesniewski, Woodward, "Managing smile risk" (2002), eq. 2.17. The expansion
 * is no model of its own: far wings and long expiries may carry arbitrage (use SVI there).
 */
import { leastSquares } from './least-squares.ts';

export type SabrParameters = {
  /** Above 0, in units of F^(1 − β). */
  readonly alpha: number;
  /** 0 to 1. */
  readonly beta: number;
  /** Volatility of volatility a year, not negative. */
  readonly nu: number;
  /** Strictly between −1 and 1. */
  readonly rho: number;
};

/** ln of strike to forward, times ν/α, below which z/x(z) is its series. */
const SMALL_Z = 1e-6;

/** Implied Black volatility a year. `forward`, `strike`, `years` above 0. */
export function sabrVolatility(
  { alpha, beta, nu, rho }: SabrParameters,
  option: { readonly forward: number; readonly strike: number; readonly years: number },
): number {
  const { forward, strike, years } = option;
  const log = Math.log(forward / strike);
  const away = 1 - beta;
  const geometric = (forward * strike) ** (away / 2);
  const scale = geometric * (1 + (away * log) ** 2 / 24 + (away * log) ** 4 / 1920);
  const correction =
    1 +
    years *
      ((away * alpha) ** 2 / (24 * geometric ** 2) +
        (rho * beta * nu * alpha) / (4 * geometric) +
        ((2 - 3 * rho * rho) * nu * nu) / 24);
  const z = (nu / alpha) * geometric * log;
  let ratio = 1 - 0.5 * rho * z;
  if (Math.abs(z) > SMALL_Z) {
    const root = Math.sqrt(1 - 2 * rho * z + z * z);
    ratio = z / Math.log((root + z - rho) / (1 - rho));
  }
  return (alpha / scale) * ratio * correction;
}

export type SabrFit = {
  readonly parameters: SabrParameters;
  /** Root mean square error in volatility points (0.01). */
  readonly rmsePoints: number;
};

/**
 * α, ν and ρ nearest to a smile, β as given (1 for coins: the backbone of a lognormal). Throws
 * `RangeError` with fewer than three points.
 */
export function fitSabr(smile: {
  readonly forward: number;
  readonly years: number;
  readonly beta: number;
  readonly points: readonly {
    readonly strike: number;
    readonly volatility: number;
    readonly weight?: number;
  }[];
}): SabrFit {
  const { forward, years, beta, points } = smile;
  if (points.length < 3) throw new RangeError(`a smile of ${points.length} points; allowed: 3`);
  const nearest = points.toSorted(
    (a, b) => Math.abs(Math.log(a.strike / forward)) - Math.abs(Math.log(b.strike / forward)),
  )[0];
  const parametersOf = (at: readonly number[]): SabrParameters => ({
    alpha: Math.exp(at[0] ?? 0),
    beta,
    nu: Math.exp(at[1] ?? 0),
    rho: Math.tanh(at[2] ?? 0),
  });
  const { at, cost } = leastSquares({
    start: [Math.log((nearest?.volatility ?? 0.5) * forward ** (1 - beta)), 0, 0],
    residuals: (candidate) => {
      const parameters = parametersOf(candidate);
      return points.map(
        ({ strike, volatility, weight = 1 }) =>
          Math.sqrt(weight) * (sabrVolatility(parameters, { forward, strike, years }) - volatility),
      );
    },
  });
  const total = points.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return { parameters: parametersOf(at), rmsePoints: 100 * Math.sqrt(cost / total) };
}

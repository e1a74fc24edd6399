/**
 * Heston parameters from a surface of implied volatilities, by least squares of price errors over
 * vega, which are volatility errors to first order.
 *
 * Source: Cui, del Baño Rollin, Germano 2017 on the shape of the problem; the solver is
 * `least-squares.ts`, in coordinates (ln v₀, ln κ, ln θ, ln σ, artanh ρ) where every point is valid.
 */
import { callPrice } from '../../runtime/pricing/black76.ts';
import { deviationVega } from '../../runtime/pricing/vega.ts';
import { type HestonParameters, hestonCalls } from './heston.ts';
import { leastSquares } from './least-squares.ts';

/** Implied volatilities of one expiry. */
export type Smile = {
  readonly years: number;
  readonly forward: number;
  /** `weight` above 0, 1 unless told. */
  readonly points: readonly {
    readonly strike: number;
    readonly volatility: number;
    readonly weight?: number;
  }[];
};

export type HestonFit = {
  readonly parameters: HestonParameters;
  /** Root mean square error in volatility points (0.01). */
  readonly rmsePoints: number;
};

/** Vega of a far wing is nothing: it may not blow an error up beyond this share of the best one. */
const LEAST_VEGA_SHARE = 0.02;

const START: HestonParameters = { v0: 0.3, kappa: 2, theta: 0.3, sigma: 1, rho: -0.2 };

function coordinatesOf({ v0, kappa, theta, sigma, rho }: HestonParameters): number[] {
  return [Math.log(v0), Math.log(kappa), Math.log(theta), Math.log(sigma), Math.atanh(rho)];
}

function parametersOf(at: readonly number[]): HestonParameters {
  const [v0 = 0, kappa = 0, theta = 0, sigma = 0, rho = 0] = at;
  return {
    v0: Math.exp(v0),
    kappa: Math.exp(kappa),
    theta: Math.exp(theta),
    sigma: Math.exp(sigma),
    rho: Math.tanh(rho),
  };
}

/** Ranges outside of which a parameter is no market's, and the integral gets slow. */
function isReasonable({ v0, kappa, theta, sigma, rho }: HestonParameters): boolean {
  const isIn = (value: number, low: number, high: number): boolean => value > low && value < high;
  return (
    isIn(v0, 1e-5, 25) &&
    isIn(theta, 1e-5, 25) &&
    isIn(kappa, 1e-3, 100) &&
    isIn(sigma, 1e-3, 30) &&
    Math.abs(rho) < 0.999
  );
}

/**
 * The parameters nearest to `smiles`, which hold at least five points together (throws `RangeError`).
 * Starts at `start` where given, such as yesterday's. Cost: about 200 evaluations of the surface,
 * 0.1 to 1 s for a surface of 100 points.
 */
export function calibrateHeston(smiles: readonly Smile[], start?: HestonParameters): HestonFit {
  const count = smiles.reduce((sum, { points }) => sum + points.length, 0);
  if (count < 5) throw new RangeError(`five parameters need five points, given ${count}`);
  const targets = smiles.map(({ years, forward, points }) => {
    const root = Math.sqrt(years);
    const vegas = points.map(
      ({ strike, volatility }) => root * deviationVega(forward, strike, volatility * root),
    );
    const least = LEAST_VEGA_SHARE * Math.max(...vegas);
    return points.map(({ strike, volatility, weight = 1 }, i) => ({
      price: callPrice(forward, strike, volatility * root),
      scale: Math.sqrt(weight) / Math.max(vegas[i] ?? 0, least),
    }));
  });
  const residuals = (at: readonly number[]): number[] => {
    const parameters = parametersOf(at);
    if (!isReasonable(parameters)) return Array.from({ length: count }, () => Number.NaN);
    return smiles.flatMap(({ years, forward, points }, i) =>
      hestonCalls(parameters, {
        forward,
        years,
        strikes: points.map(({ strike }) => strike),
      }).map((price, j) => {
        const target = targets[i]?.[j];
        return target ? (price - target.price) * target.scale : 0;
      }),
    );
  };
  const { at, cost } = leastSquares({
    start: coordinatesOf(start ?? START),
    residuals,
    iterations: 80,
  });
  const weights = smiles.flatMap(({ points }) => points.map(({ weight = 1 }) => weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { parameters: parametersOf(at), rmsePoints: 100 * Math.sqrt(cost / total) };
}

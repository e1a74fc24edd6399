/**
 * Heston's stochastic volatility, by Euler steps with full truncation:
 *
 *     v′ = v + κ(θ − v⁺)Δ + σ√(v⁺Δ)·Z,   ln S′ = ln S − v⁺Δ/2 + √(v⁺Δ)·W
 *
 * Source: Lord, Koekkoek and van Dijk 2010. With steps of a second its bias is far below the noise.
 * Options by the exact price (`feeder/pricing/heston.ts`) at the variance of the moment.
 */
import { type HestonParameters, hestonCalls, meanVariance } from '../pricing/heston.ts';
import { type Path, type PathOptions, STEP_YEARS, walk } from './path.ts';
import { gaussian, mix32, uniforms } from './random.ts';

/** The exact price wants a variance above 0. */
const LEAST_VARIANCE = 1e-6;

export function hestonPath(model: HestonParameters, options: PathOptions): Path {
  const { initialPrice, seed } = options;
  const { v0, kappa, theta, sigma, rho } = model;
  const across = Math.sqrt(1 - rho * rho);
  const path = walk({ log: 0, variance: v0 }, ({ log, variance }, index) => {
    const uniform = uniforms(mix32(seed, index));
    const own = gaussian(uniform);
    const other = rho * own + across * gaussian(uniform);
    const positive = Math.max(0, variance);
    const deviation = Math.sqrt(positive * STEP_YEARS);
    return {
      log: log - (positive * STEP_YEARS) / 2 + deviation * own,
      variance: variance + kappa * (theta - positive) * STEP_YEARS + sigma * deviation * other,
    };
  });
  const now = (): HestonParameters => ({
    ...model,
    v0: Math.max(LEAST_VARIANCE, path.state().variance),
  });
  const price = (): number => initialPrice * Math.exp(path.state().log);
  return {
    walkTo: path.to,
    price,
    calls: (strikes, years) => hestonCalls(now(), { forward: price(), strikes, years }),
    volatility: (years) => Math.sqrt(meanVariance(now(), years)),
  };
}

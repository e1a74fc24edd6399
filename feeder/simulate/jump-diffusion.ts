/**
 * Merton's jump diffusion:
 *
 *     d ln S = (−σ²/2 − λ·E[e^J − 1]) dt + σ dW + J dN,   J ~ N(m, s²)
 *
 * Source: Merton 1976; his series for options. The drift makes S a martingale.
 */
import { callPrice } from '../../runtime/pricing/black76.ts';
import { type Path, type PathOptions, STEP_YEARS, walk } from './path.ts';
import { gaussian, mix32, poisson, uniforms } from './random.ts';

export type JumpDiffusion = {
  /** USD at the start. */
  readonly initialPrice: number;
  /** Annualised volatility of the diffusion. */
  readonly volatility: number;
  readonly jumpsPerYear: number;
  /** Mean and standard deviation of ln of a jump. */
  readonly jumpMean: number;
  readonly jumpDeviation: number;
};

type Jumps = Omit<JumpDiffusion, 'initialPrice'>;

/** E[e^J − 1]. */
function expectedJump({ jumpMean, jumpDeviation }: Jumps): number {
  return Math.exp(jumpMean + jumpDeviation ** 2 / 2) - 1;
}

/** Log return of one jump, by a standard normal number. */
export function jumpReturn({ jumpMean, jumpDeviation }: Jumps, normal: number): number {
  return jumpMean + jumpDeviation * normal;
}

/** Log return of `years` without their jumps, the jumps' expectation taken off. */
export function diffusionReturn(model: Jumps, normal: number, years: number): number {
  const { volatility, jumpsPerYear } = model;
  const drift = -(volatility ** 2) / 2 - jumpsPerYear * expectedJump(model);
  return drift * years + volatility * Math.sqrt(years) * normal;
}

/** Terms of the series whose weight is above this count. */
const LEAST_WEIGHT = 1e-14;
const MAX_TERMS = 200;

/** A call on a forward: Black's value given n jumps, by the probability of n under the share measure. */
export function mertonCall(
  model: Jumps,
  option: { readonly forward: number; readonly strike: number; readonly years: number },
): number {
  const { forward, strike, years } = option;
  const { volatility, jumpsPerYear, jumpMean, jumpDeviation } = model;
  const growth = jumpMean + jumpDeviation ** 2 / 2;
  const mean = jumpsPerYear * years;
  const compensation = mean * expectedJump(model);
  let probability = Math.exp(-mean);
  let value = 0;
  for (let n = 0; n < MAX_TERMS; n++) {
    const given = forward * Math.exp(n * growth - compensation);
    const deviation = Math.sqrt(volatility ** 2 * years + n * jumpDeviation ** 2);
    value += probability * callPrice(given, strike, deviation);
    probability *= mean / (n + 1);
    if (n > mean && probability < LEAST_WEIGHT) break;
  }
  return value;
}

export function jumpDiffusionPath(model: Jumps, options: PathOptions): Path {
  const { initialPrice, seed } = options;
  const path = walk(0, (log, index) => {
    const uniform = uniforms(mix32(seed, index));
    let next = log + diffusionReturn(model, gaussian(uniform), STEP_YEARS);
    for (let n = poisson(model.jumpsPerYear * STEP_YEARS, uniform); n > 0; n--) {
      next += jumpReturn(model, gaussian(uniform));
    }
    return next;
  });
  const price = (): number => initialPrice * Math.exp(path.state());
  const { volatility, jumpsPerYear, jumpMean, jumpDeviation } = model;
  return {
    walkTo: path.to,
    price,
    calls: (strikes, years) =>
      strikes.map((strike) => mertonCall(model, { forward: price(), strike, years })),
    volatility: () =>
      Math.sqrt(volatility ** 2 + jumpsPerYear * (jumpMean ** 2 + jumpDeviation ** 2)),
  };
}

/**
 * European options under Heston's stochastic volatility, undiscounted on a forward:
 *
 *     dF/F = √v dW,   dv = κ(θ − v)dt + σ√v dZ,   d⟨W, Z⟩ = ρ dt
 *
 * Source: Heston 1993; Lewis 2000 for the single integral; Andersen and Piterbarg, "Interest Rate
 * Modeling" (2010), ch. 9, for the control variate and the trapezoidal rule; Lord and Kahl 2010 for
 * the branch of the logarithm. With k = ln(F/K) and φ the characteristic function of ln(F_T/F),
 *
 *     C = C_Black(v̄) + √(FK)/π · ∫₀^∞ Re[e^{iuk}·(φ_Black(u − i/2) − φ(u − i/2))] / (u² + ¼) du
 *
 * The integrand is even and analytic in a strip, and φ_Black = φ = 1 at the poles ±i/2, so the
 * trapezoidal rule converges exponentially in the number of points. Its step is halved until two
 * sums agree; points of the coarser sum are used again. Off chain: `Math.*` is allowed.
 *
 * Error: below 10⁻¹² of max(F, K) for the published cases of `test/feeder/pricing.test.ts`.
 */
import { callPrice } from '../../runtime/pricing/black76.ts';

export type HestonParameters = {
  /** Variance now, a year, above 0. */
  readonly v0: number;
  /** Speed of reversion a year, above 0. */
  readonly kappa: number;
  /** Long variance, above 0. */
  readonly theta: number;
  /** Volatility of variance, above 0. */
  readonly sigma: number;
  /** Correlation of price and variance, strictly between −1 and 1. */
  readonly rho: number;
};

/** Below this share of max(F, K) the tail of the integral is cut. */
const CUT = 1e-17;
const CONVERGED = 1e-13;
const FIRST_POINTS = 32;
const MAX_HALVINGS = 12;

/** Expected variance a year, averaged over `years`. */
export function meanVariance({ v0, kappa, theta }: HestonParameters, years: number): number {
  const x = kappa * years;
  return theta + (v0 - theta) * (x > 0 ? -Math.expm1(-x) / x : 1);
}

/** Real and imaginary part of ln φ(u − i/2), written to `out`. */
function logCharacteristic(
  parameters: HestonParameters,
  years: number,
  u: number,
  out: { re: number; im: number },
): void {
  const { v0, kappa, theta, sigma, rho } = parameters;
  const quarter = u * u + 0.25;
  // β = κ − ρσ·i(u − i/2)
  const bRe = kappa - 0.5 * rho * sigma;
  const bIm = -rho * sigma * u;
  // d = √(β² + σ²(u² + ¼)), with a real part above 0.
  const sRe = bRe * bRe - bIm * bIm + sigma * sigma * quarter;
  const sIm = 2 * bRe * bIm;
  const modulus = Math.hypot(sRe, sIm);
  const dRe = Math.sqrt(0.5 * (modulus + Math.max(sRe, -modulus)));
  const dIm = dRe > 0 ? sIm / (2 * dRe) : Math.sqrt(Math.max(0, -sRe));
  // (β − d)/σ² = −(u² + ¼)/(β + d): the difference itself would cancel.
  const pRe = bRe + dRe;
  const pIm = bIm + dIm;
  const p2 = pRe * pRe + pIm * pIm;
  const mRe = (-quarter * pRe) / p2;
  const mIm = (quarter * pIm) / p2;
  // g = (β − d)/(β + d)
  const gRe = (sigma * sigma * (mRe * pRe + mIm * pIm)) / p2;
  const gIm = (sigma * sigma * (mIm * pRe - mRe * pIm)) / p2;
  const decay = Math.exp(-dRe * years);
  const eRe = decay * Math.cos(dIm * years);
  const eIm = -decay * Math.sin(dIm * years);
  // n = 1 − g·e^{−dτ}, q = 1 − g
  const nRe = 1 - (gRe * eRe - gIm * eIm);
  const nIm = -(gRe * eIm + gIm * eRe);
  const qRe = 1 - gRe;
  const qIm = -gIm;
  const n2 = nRe * nRe + nIm * nIm;
  const q2 = qRe * qRe + qIm * qIm;
  // ln(n/q): both lie in the right half plane for this g, so no branch is crossed.
  const lnRe = 0.5 * Math.log(n2 / q2);
  const lnIm = Math.atan2(nIm, nRe) - Math.atan2(qIm, qRe);
  // v0·(β − d)/σ²·(1 − e^{−dτ})/n
  const fRe = ((1 - eRe) * nRe - eIm * nIm) / n2;
  const fIm = (-eIm * nRe - (1 - eRe) * nIm) / n2;
  const drift = kappa * theta;
  out.re = drift * (mRe * years - (2 * lnRe) / (sigma * sigma)) + v0 * (mRe * fRe - mIm * fIm);
  out.im = drift * (mIm * years - (2 * lnIm) / (sigma * sigma)) + v0 * (mRe * fIm + mIm * fRe);
}

/** Points of the rule: φ_Black − φ over u² + ¼, for u = first, first + step, … */
type Nodes = { readonly u: Float64Array; readonly re: Float64Array; readonly im: Float64Array };

function nodesOf(
  parameters: HestonParameters,
  years: number,
  grid: { readonly first: number; readonly step: number; readonly end: number },
): Nodes {
  const count = Math.max(0, Math.floor((grid.end - grid.first) / grid.step) + 1);
  const nodes = {
    u: new Float64Array(count),
    re: new Float64Array(count),
    im: new Float64Array(count),
  };
  const variance = meanVariance(parameters, years) * years;
  const exponent = { re: 0, im: 0 };
  for (let i = 0; i < count; i++) {
    const u = grid.first + i * grid.step;
    const quarter = u * u + 0.25;
    logCharacteristic(parameters, years, u, exponent);
    const size = Math.exp(exponent.re);
    nodes.u[i] = u;
    nodes.re[i] = (Math.exp(-0.5 * variance * quarter) - size * Math.cos(exponent.im)) / quarter;
    nodes.im[i] = (-size * Math.sin(exponent.im)) / quarter;
  }
  return nodes;
}

/** Where both characteristic functions, over u², are below the cut. */
function upperEnd(parameters: HestonParameters, years: number): number {
  const variance = meanVariance(parameters, years) * years;
  const limit = Math.log(CUT);
  const exponent = { re: 0, im: 0 };
  const isNegligible = (u: number): boolean => {
    logCharacteristic(parameters, years, u, exponent);
    const largest = Math.max(exponent.re, -0.5 * variance * u * u);
    return largest - 2 * Math.log(Math.max(1, u)) < limit;
  };
  let end = 8;
  while (!isNegligible(end) && end < 1e7) end *= 1.5;
  return end;
}

/**
 * Undiscounted calls of one expiry at several strikes, in the money of the forward.
 *
 * `forward`, `strikes` and `years` above 0. Cost: characteristic function at 64 to some thousand
 * points, shared by all strikes; 0.1 to 2 ms.
 */
export function hestonCalls(
  parameters: HestonParameters,
  market: {
    readonly forward: number;
    readonly strikes: readonly number[];
    readonly years: number;
  },
): number[] {
  const { forward, strikes, years } = market;
  const end = upperEnd(parameters, years);
  const control = Math.sqrt(meanVariance(parameters, years) * years);
  const logs = strikes.map((strike) => Math.log(forward / strike));
  const addUp = ({ u, re, im }: Nodes, k: number): number => {
    let sum = 0;
    for (let i = 0; i < u.length; i++) {
      const angle = (u[i] ?? 0) * k;
      sum += Math.cos(angle) * (re[i] ?? 0) - Math.sin(angle) * (im[i] ?? 0);
    }
    return sum;
  };
  let step = end / FIRST_POINTS;
  const first = nodesOf(parameters, years, { first: 0, step, end });
  // The rule weighs its first point by a half.
  let sums = logs.map((k) => addUp(first, k) - 0.5 * (first.re[0] ?? 0));
  let integrals = sums.map((sum) => sum * step);
  for (let halving = 0; halving < MAX_HALVINGS; halving++) {
    const between = nodesOf(parameters, years, { first: step / 2, step, end });
    sums = sums.map((sum, i) => sum + addUp(between, logs[i] ?? 0));
    step /= 2;
    const finer = sums.map((sum) => sum * step);
    const isClose = finer.every((value, i) => Math.abs(value - (integrals[i] ?? 0)) < CONVERGED);
    integrals = finer;
    if (isClose) break;
  }
  return strikes.map((strike, i) => {
    const correction = (Math.sqrt(forward * strike) / Math.PI) * (integrals[i] ?? 0);
    const price = callPrice(forward, strike, control) + correction;
    return Math.max(price, forward - strike, 0);
  });
}

/** An undiscounted call or put; several of one expiry are cheaper together by `hestonCalls`. */
export function hestonPrice(
  parameters: HestonParameters,
  option: {
    readonly kind: 'call' | 'put';
    readonly forward: number;
    readonly strike: number;
    readonly years: number;
  },
): number {
  const { kind, forward, strike, years } = option;
  const [call = 0] = hestonCalls(parameters, { forward, strikes: [strike], years });
  return kind === 'call' ? call : Math.max(0, call - (forward - strike));
}

/**
 * Implied volatility of an undiscounted European option on a forward.
 *
 * Source: the scheme of Jäckel, "Let's Be Rational" (2013): reduce to the out-of-the-money option,
 * normalise, start from a rational guess, and take steps of Householder's third order (error to the
 * fourth power each) on an objective that is nearly straight in its region. Guesses: near the money
 * the expansion of Bachelier's value; in the wing its asymptote; above a quarter of the bound
 * Stefanica and Radoičić, "An explicit implied volatility formula" (2017), with Pólya's normal; near
 * the bound the asymptote of what is missing. Two steps are the rule, three in the worst case.
 *
 * Error: at most 4 ulp, plus twice what half an ulp of the price moves it.
 */
import { err, ok, type Result } from '../core/result.ts';
import { exp, ln } from './elementary.ts';
import { deviationSlope, isNearBound, missingValue, presentValue } from './normalised-black.ts';

/** Outside the bounds within which there is no arbitrage, or no option at all. */
export type ImpliedVolatilityError =
  | { readonly code: 'bad_input'; readonly field: 'forward' | 'strike' | 'price' | 'years' }
  | { readonly code: 'below_intrinsic'; readonly price: number; readonly intrinsic: number }
  | { readonly code: 'above_bound'; readonly price: number; readonly bound: number };

export type OptionQuote = {
  readonly kind: 'call' | 'put';
  /** Above 0, in one unit of money with the others. */
  readonly forward: number;
  readonly strike: number;
  readonly price: number;
};

/** How the distance to the wanted value is measured: as it is, by 1/ln, by ln of what is missing. */
const OBJECTIVE = { value: 0, inverseLog: 1, complementLog: 2 } as const;
type Objective = (typeof OBJECTIVE)[keyof typeof OBJECTIVE];

type Start = { readonly objective: Objective; readonly deviation: number };

const LN_SQRT_2PI = 0.918_938_533_204_672_7;
const SQRT_HALF_PI = 1.253_314_137_315_500_3;
const INVERSE_PI = 0.318_309_886_183_790_7;
/** After a step this small, relative to s, the next would be below the last bit. */
const LAST_STEP = 3e-5;
const MAX_STEPS = 64;

/** x²/(2s²) = ln(s·Y′(h)) − ln β − ln √2π − s²/8, iterated twice; Y′(h) is about 1/(h² + 2.6). */
function wingGuess(distance: number, value: number): number {
  const exponent = -ln(value) - LN_SQRT_2PI;
  let s = distance / Math.sqrt(2 * Math.max(exponent, 0.5));
  for (let i = 0; i < 2; i++) {
    const h = distance / s;
    const rest = exponent + ln(s / (h * h + 2.6)) - (s * s) / 8;
    s = distance / Math.sqrt(2 * Math.max(rest, 0.3));
  }
  return s;
}

/** t²/2 = −ln(missing·√2π·(t² − h²)/2t) − h²/2, iterated twice. */
function boundGuess(distance: number, missing: number): number {
  const exponent = -ln(missing) - LN_SQRT_2PI;
  let t = Math.sqrt(2 * Math.max(exponent, 0.5));
  for (let i = 0; i < 2; i++) {
    const h = distance / (2 * t);
    const rest = exponent + ln((2 * t) / Math.max(t * t - h * h, 0.5)) - 0.5 * h * h;
    t = Math.sqrt(2 * Math.max(rest, 0.05));
  }
  return 2 * t;
}

/** Pólya's normal makes the value a quadratic in a power of the variance. `x` ≤ 0. */
function middleGuess(x: number, value: number): number {
  const ratio = exp(x);
  const overStrike = value * exp(0.5 * x);
  const r = 2 * overStrike - ratio + 1;
  const p = exp((1 - 2 * INVERSE_PI) * x);
  const q = 1 / p;
  const e = exp(2 * INVERSE_PI * x);
  const a = (p - q) * (p - q);
  const b = 4 * (e + 1 / e) - (2 / ratio) * (p + q) * (ratio * ratio + 1 - r * r);
  const below = r * r - (ratio - 1) * (ratio - 1);
  const above = (ratio + 1) * (ratio + 1) - r * r;
  const c = (below * above) / (ratio * ratio);
  const root = (2 * c) / (b + Math.sqrt(b * b + 4 * a * c));
  const gamma = (-0.5 / INVERSE_PI) * ln(root);
  const wide = Math.sqrt(Math.max(0, gamma - x));
  const narrow = Math.sqrt(Math.max(0, gamma + x));
  // The value at which Φ's argument changes its sign, and with it the branch.
  const turn = 0.5 * ratio - 0.5 * (1 - Math.sqrt(1 - e * e));
  return overStrike >= turn ? wide + narrow : wide - narrow;
}

/** Where to start, and on which objective. `x` ≤ 0, 0 < over < 1; guesses are in terms of b = v·e^(x/2). */
function startOf(x: number, over: number, lacking: number): Start {
  const bound = exp(0.5 * x);
  const value = over * bound;
  const missing = lacking * bound;
  if (missing < 0.1 * bound) {
    return { objective: OBJECTIVE.complementLog, deviation: boundGuess(-x, missing) };
  }
  if (value > 0.25 * bound) {
    const objective = value > 0.4 * bound ? OBJECTIVE.complementLog : OBJECTIVE.value;
    return { objective, deviation: middleGuess(x, value) };
  }
  // Bachelier: s·(φ(0) + h²·φ(0)/2) − |x|/2 = β, a quadratic in s while |h| is below about 1.
  const half = value - 0.5 * x;
  const discriminant = half * half - INVERSE_PI * x * x;
  return discriminant > 0.16 * half * half
    ? { objective: OBJECTIVE.value, deviation: (half + Math.sqrt(discriminant)) * SQRT_HALF_PI }
    : { objective: OBJECTIVE.inverseLog, deviation: wingGuess(-x, value) };
}

/** What is looked for: v, its logarithm, and 1 − v. */
type Target = { readonly value: number; readonly log: number; readonly missing: number };

/** Newton's step of the objective, and its second and third derivative over its first. */
type Objectives = { step: number; second: number; third: number };

function measure(
  objective: Objective,
  x: number,
  s: number,
  target: Target,
  out: Objectives,
): void {
  const h = x / s;
  const t = 0.5 * s;
  const slope = deviationSlope(h, t);
  const high = isNearBound(h, t);
  const part = high ? missingValue(h, t) : presentValue(h, t);
  const second = (h * h) / s - 0.25 * s;
  const third = second * second - (3 * h * h) / (s * s) - 0.25;
  switch (objective) {
    case OBJECTIVE.value:
      out.step = (high ? part - target.missing : target.value - part) / slope;
      out.second = second;
      out.third = third;
      return;
    case OBJECTIVE.inverseLog: {
      // g = 1/L with L = ln b: nearly straight in s² in the wing.
      // ln(b/β) by itself: as a difference of logarithms it would lose what makes the last step exact.
      const b = high ? 1 - part : part;
      const distance = ln(b / target.value);
      const log = target.log + distance;
      const l1 = slope / b;
      const l2 = second - l1;
      const l3 = third - 3 * second * l1 + 2 * l1 * l1;
      const ratio = l1 / log;
      out.step = (-distance * log) / (target.log * l1);
      out.second = l2 - 2 * ratio;
      out.third = l3 - 6 * l2 * ratio + 6 * ratio * ratio;
      return;
    }
    case OBJECTIVE.complementLog: {
      const missing = high ? part : 1 - part;
      const l1 = -slope / missing;
      out.step = ln(target.missing / missing) / l1;
      out.second = second - l1;
      out.third = third - 3 * second * l1 + 2 * l1 * l1;
      return;
    }
  }
}

/** The s at which v(x, s) is `value`. `missing` = 1 − value, given because it is known better. */
function normalisedDeviation(x: number, value: number, missing: number): number {
  const start = startOf(x, value, missing);
  const target: Target = { value, log: ln(value), missing };
  const at: Objectives = { step: 0, second: 0, third: 0 };
  let s =
    start.deviation > 0 && start.deviation < 100 ? start.deviation : Math.sqrt(-2 * x) + value;
  let low = 0;
  let high = Infinity;
  for (let i = 0; i < MAX_STEPS; i++) {
    measure(start.objective, x, s, target, at);
    const { step, second, third } = at;
    if (step === 0) return s;
    if (step > 0) low = s;
    else high = s;
    const change = (step * (1 + 0.5 * second * step)) / (1 + step * (second + (third * step) / 6));
    let next = s + change;
    if (!(Math.abs(change) < LAST_STEP * s || (next > low && next < high))) {
      next = s + step;
      if (!(next > low && next < high)) next = high === Infinity ? 2 * s : 0.5 * (low + high);
    } else if (Math.abs(change) <= LAST_STEP * s) return next;
    s = next;
  }
  return s;
}

/**
 * σ√τ at which Black-76 gives the price; 0 at intrinsic value.
 *
 * Errors in order: bad_input (forward, strike, price: not above 0, or not finite; a price of 0 is
 * allowed), below_intrinsic, above_bound (a call's bound is the forward, a put's the strike; the
 * bound itself is reached by no volatility). ~400 ns.
 */
export function impliedDeviation(quote: OptionQuote): Result<number, ImpliedVolatilityError> {
  const { kind, forward, strike, price } = quote;
  if (!(forward > 0 && forward < Infinity)) return err({ code: 'bad_input', field: 'forward' });
  if (!(strike > 0 && strike < Infinity)) return err({ code: 'bad_input', field: 'strike' });
  if (!(price >= 0 && price < Infinity)) return err({ code: 'bad_input', field: 'price' });
  const intrinsic = Math.max(0, kind === 'call' ? forward - strike : strike - forward);
  if (price < intrinsic) return err({ code: 'below_intrinsic', price, intrinsic });
  const bound = kind === 'call' ? forward : strike;
  if (price >= bound) return err({ code: 'above_bound', price, bound });
  const outside = price - intrinsic;
  if (outside === 0) return ok(0);
  const near = Math.min(forward, strike);
  const far = Math.max(forward, strike);
  return ok(normalisedDeviation(ln(near / far), outside / near, (bound - price) / near));
}

/** Annual volatility over `years` (above 0). Errors: those of `impliedDeviation`, then years. */
export function impliedVolatility(
  quote: OptionQuote,
  years: number,
): Result<number, ImpliedVolatilityError> {
  const deviation = impliedDeviation(quote);
  if (!deviation.ok) return deviation;
  if (!(years > 0 && years < Infinity)) return err({ code: 'bad_input', field: 'years' });
  return ok(deviation.value / Math.sqrt(years));
}

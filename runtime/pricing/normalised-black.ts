/**
 * The normalised Black function: value of an out-of-the-money option on a forward, over the nearer of
 * forward and strike to zero (the forward of a call, the strike of a put).
 *
 * Source: Jäckel, "Let's Be Rational" (2013), §2, who divides by √(F·K), e^(x/2) times as much; the
 * evaluation is our own. With x = ln(near/far) ≤ 0, deviation s = σ√τ, h = x/s, t = s/2, d = h + t,
 *
 *     v(x, s) = Φ(h + t) − e^(−x)·Φ(h − t) = e^(−d²/2)·(Y(h + t) − Y(h − t)),  Y(h) = ½·erfcx(−h/√2).
 *
 * The difference loses digits where t is small beside what surrounds it; there it is summed as a
 * series in t whose coefficients are moments of a normal tail, all positive: with
 * Y⁽ⁿ⁺¹⁾ = n·Y⁽ⁿ⁻¹⁾ + h·Y⁽ⁿ⁾ and Y′(h) = 1/√2π + h·Y(h),
 *
 *     v(x, s) = e^(−d²/2)·2·Σ t^(2k+1)·Y^(2k+1)(h)/(2k+1)!.
 *
 * Relative error below 5·10⁻¹⁵ × max(1, |ln v|) (a price of e⁻ᴸ is known no better than its exponent).
 */
import { erfcx, exp } from './elementary.ts';

const SQRT_HALF: number = Math.sqrt(0.5);
const INVERSE_SQRT_2PI = 0.398_942_280_401_432_7;
/** Largest t, and largest −h·t, for the series: 20 terms reach the last bit at both. */
const SERIES_T = 1.3;
const SERIES_HT = 1.5;
const SERIES_TERMS = 20;
/** Nodes of the table of Y′ down to h = −4, and terms around each: (1/8)¹³ is below the last bit. */
const NODES = 16;
const NODES_PER_UNIT = 4;
const NODE_TERMS = 14;
const TABLE_FROM: number = -NODES / NODES_PER_UNIT;
/** 0.8·h + t above which a value is its bound less what is missing: about where it is half of it. */
const NEAR_BOUND = 0.6;
/** e^(−40²/2) is below the smallest double. */
const UNDERFLOW = 40;
/** 2²⁷ + 1 splits a double into two halves of 26 bits (Dekker 1971). */
const SPLIT = 134_217_729;
const ENOUGH = 1e-17;

/** Levels of the fraction that its last bit needs: more as h nears 0. */
function fractionLevels(h: number): number {
  return 10 + Math.floor(440 / (h * h));
}

/**
 * Y′(h)/Y(h) = 1/(|h| + 2/(|h| + 3/(|h| + …))), h < 0: Laplace's continued fraction of the normal
 * tail. As 1 + h·Y(h) it would lose log₂ h² bits.
 */
function tailRatio(h: number): number {
  let ratio = 0;
  for (let n = fractionLevels(h); n > 0; n--) ratio = n / (ratio - h);
  return ratio;
}

type Nodes = { readonly tail: Float64Array; readonly slope: Float64Array };

/** Taylor coefficients around −i/4, i = 0 … 16, of Y and of Y′, by the same fraction. */
function nodes(): Nodes {
  const tail = new Float64Array((NODES + 1) * NODE_TERMS);
  const slope = new Float64Array((NODES + 1) * NODE_TERMS);
  for (let node = 0; node <= NODES; node++) {
    const h = -node / NODES_PER_UNIT;
    const ratios = new Float64Array(NODE_TERMS + 1);
    let ratio = 0;
    for (let n = node === 0 ? 0 : fractionLevels(h); n > 0; n--) {
      ratio = n / (ratio - h);
      if (n <= NODE_TERMS) ratios[n] = ratio;
    }
    let derivative = 0.5 * erfcx(-h * SQRT_HALF);
    let before = 0;
    let factorial = 1;
    for (let n = 0; n < NODE_TERMS; n++) {
      // At 0 the fraction has no end, and Y⁽ⁿ⁺¹⁾ = n·Y⁽ⁿ⁻¹⁾ from ½ and 1/√2π.
      const atZero = n === 0 ? INVERSE_SQRT_2PI : n * before;
      const next: number = node === 0 ? atZero : derivative * (ratios[n + 1] ?? 0);
      if (n > 0) factorial *= n;
      tail[node * NODE_TERMS + n] = derivative / factorial;
      slope[node * NODE_TERMS + n] = next / factorial;
      before = derivative;
      derivative = next;
    }
  }
  return { tail, slope };
}

const TABLE: Nodes = nodes();

/** A function of `TABLE` at −4 < h ≤ 0, around the nearest node: noise below 1 ulp. ~15 ns. */
function nearNode(coefficients: Float64Array, h: number): number {
  const node = Math.floor(0.5 - h * NODES_PER_UNIT);
  const distance = h + node / NODES_PER_UNIT;
  const first = node * NODE_TERMS;
  let sum = coefficients[first + NODE_TERMS - 1] ?? 0;
  for (let n = first + NODE_TERMS - 2; n >= first; n--) {
    sum = sum * distance + (coefficients[n] ?? 0);
  }
  return sum;
}

/** Y(h). */
function tail(h: number): number {
  return h > TABLE_FROM && h <= 0 ? nearNode(TABLE.tail, h) : 0.5 * erfcx(-h * SQRT_HALF);
}

/** Σ t^(2k)·Y^(2k+1)(h)/(2k+1)!, all k from 0. */
function tailSeries(h: number, t: number): number {
  let before = tail(h);
  let odd = h > TABLE_FROM ? nearNode(TABLE.slope, h) : before * tailRatio(h);
  const lead = odd;
  // Added to the first term last, so that only one rounding is of its size.
  let rest = 0;
  let coefficient = 1;
  for (let n = 1; n < 2 * SERIES_TERMS; n += 2) {
    const even = n * before + h * odd;
    const next = (n + 1) * odd + h * even;
    coefficient *= (t * t) / ((n + 1) * (n + 2));
    const term = coefficient * next;
    rest += term;
    if (term <= ENOUGH * lead) break;
    before = even;
    odd = next;
  }
  return lead + rest;
}

/**
 * Whether a value is better written as its bound less `missingValue`. Prices and their inversion
 * follow the same rule, so that rounding is the same in both.
 */
export function isNearBound(h: number, t: number): boolean {
  return 0.8 * h + t > NEAR_BOUND;
}

/** e^(−d²/2), with what d² loses in rounding: in the wing it is many last bits of the result. */
function gaussian(d: number): number {
  if (!(d > -UNDERFLOW && d < UNDERFLOW)) return 0;
  const square = d * d;
  const shifted = SPLIT * d;
  const high = shifted - (shifted - d);
  const low = d - high;
  const lost = high * high - square + 2 * high * low + low * low;
  return exp(-0.5 * square) * (1 - 0.5 * lost);
}

/** v as it is: h ≤ 0 < t. Underflows to 0 in the deepest wings. ~90 ns. */
export function presentValue(h: number, t: number): number {
  const d = h + t;
  const factor = gaussian(d);
  if (t < SERIES_T && -h * t <= SERIES_HT) return 2 * t * factor * tailSeries(h, t);
  return factor * (tail(d) - tail(h - t));
}

/** 1 − v, what the value lacks to its bound, without cancellation; for h + t ≥ 0. ~70 ns. */
export function missingValue(h: number, t: number): number {
  const d = h + t;
  return gaussian(d) * (tail(-d) + tail(h - t));
}

/** ∂v/∂s = φ(d). ~35 ns. */
export function deviationSlope(h: number, t: number): number {
  const d = h + t;
  return INVERSE_SQRT_2PI * exp(-0.5 * d * d);
}

/** v(x, s) for x ≤ 0 and s > 0, from 0 to 1. ~100 ns. */
export function normalisedBlack(x: number, s: number): number {
  const h = x / s;
  const t = 0.5 * s;
  return isNearBound(h, t) ? 1 - missingValue(h, t) : presentValue(h, t);
}

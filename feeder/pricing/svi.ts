/**
 * Raw SVI slices: total variance w(k) = a + b·(ρ(k − m) + √((k − m)² + σ²)), k = ln(K/F).
 *
 * Source: Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", arXiv 1204.0646: §2.2
 * (function g), §3.1 (raw and jump-wings), §5.1 (repair of a butterfly). A slice is free of
 * butterflies when g ≥ 0 everywhere and its wings grow by less than 2 (Lee 2004); two slices are free
 * of calendar arbitrage when the longer one is nowhere below.
 */
import { leastSquares } from './least-squares.ts';

export type RawSvi = {
  readonly a: number;
  /** Not negative. */
  readonly b: number;
  /** Strictly between −1 and 1. */
  readonly rho: number;
  readonly m: number;
  /** Above 0. */
  readonly sigma: number;
};

/** The same slice by what traders see at `years`: all annualised. */
export type JumpWings = {
  /** Variance at the money. */
  readonly v: number;
  /** Skew at the money. */
  readonly psi: number;
  /** Slopes of the put and the call wing, not negative. */
  readonly p: number;
  readonly c: number;
  /** Least variance. */
  readonly vMin: number;
};

/** Log-moneyness within which slices are looked at: beyond, only the slopes of the wings matter. */
const REACH = 3;
const GRID = 600;
/** Lee: total variance may not grow faster than 2|k|. */
const MAX_SLOPE = 2;

/** Total variance at log-moneyness `k`. */
export function sviVariance({ a, b, rho, m, sigma }: RawSvi, k: number): number {
  return a + b * (rho * (k - m) + Math.hypot(k - m, sigma));
}

/** The density of the slice in disguise: a butterfly at `k` costs less than nothing where g < 0. */
export function butterflyDensity(slice: RawSvi, k: number): number {
  const { b, rho, m, sigma } = slice;
  const root = Math.hypot(k - m, sigma);
  const w = sviVariance(slice, k);
  const first = b * (rho + (k - m) / root);
  const second = (b * sigma * sigma) / root ** 3;
  return (1 - (k * first) / (2 * w)) ** 2 - (first * first * (1 / w + 0.25)) / 4 + second / 2;
}

export type SviFault =
  | { readonly code: 'bad_parameters'; readonly field: 'b' | 'rho' | 'sigma' | 'a' }
  | { readonly code: 'wing_too_steep'; readonly slope: number }
  /** Where g is least, and its value there. */
  | { readonly code: 'butterfly'; readonly k: number; readonly g: number };

/** Least g, by grid and golden section around its lowest point. */
export function leastButterflyDensity(slice: RawSvi): { readonly k: number; readonly g: number } {
  let best = { k: 0, g: butterflyDensity(slice, 0) };
  const step = (2 * REACH) / GRID;
  for (let i = 0; i <= GRID; i++) {
    const k = slice.m - REACH + i * step;
    const g = butterflyDensity(slice, k);
    if (g < best.g) best = { k, g };
  }
  let low = best.k - step;
  let high = best.k + step;
  const golden = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 60; i++) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (butterflyDensity(slice, left) < butterflyDensity(slice, right)) high = right;
    else low = left;
  }
  const k = (low + high) / 2;
  return { k, g: butterflyDensity(slice, k) };
}

/** The first fault of a slice, in the order of `SviFault`; undefined when it has none. */
export function sviFault(slice: RawSvi): SviFault | undefined {
  const { a, b, rho, sigma } = slice;
  if (!(b >= 0)) return { code: 'bad_parameters', field: 'b' };
  if (!(Math.abs(rho) < 1)) return { code: 'bad_parameters', field: 'rho' };
  if (!(sigma > 0)) return { code: 'bad_parameters', field: 'sigma' };
  const least = a + b * sigma * Math.sqrt(1 - rho * rho);
  if (!(least >= 0)) return { code: 'bad_parameters', field: 'a' };
  const slope = b * (1 + Math.abs(rho));
  if (slope >= MAX_SLOPE) return { code: 'wing_too_steep', slope };
  const { k, g } = leastButterflyDensity(slice);
  return g < 0 ? { code: 'butterfly', k, g } : undefined;
}

/** Where the longer slice is furthest below the shorter one; undefined when it nowhere is. */
export function calendarFault(
  shorter: RawSvi,
  longer: RawSvi,
): { readonly code: 'calendar'; readonly k: number; readonly gap: number } | undefined {
  let worst: { k: number; gap: number } | undefined;
  for (let i = 0; i <= 2 * GRID; i++) {
    const k = -REACH + (i * REACH) / GRID;
    const gap = sviVariance(longer, k) - sviVariance(shorter, k);
    if (gap < (worst?.gap ?? 0)) worst = { k, gap };
  }
  if (worst === undefined) {
    // Beyond the grid the slopes decide.
    const slopes = [-1, 1].map((side) => ({
      side,
      gap: longer.b * (1 + side * longer.rho) - shorter.b * (1 + side * shorter.rho),
    }));
    const steep = slopes.find(({ gap }) => gap < -1e-12);
    if (steep) worst = { k: steep.side * Infinity, gap: steep.gap };
  }
  return worst && { code: 'calendar', ...worst };
}

export function jumpWingsOf(slice: RawSvi, years: number): JumpWings {
  const { a, b, rho, m, sigma } = slice;
  const w = sviVariance(slice, 0);
  const root = Math.sqrt(w);
  return {
    v: w / years,
    psi: (b / (2 * root)) * (rho - m / Math.hypot(m, sigma)),
    p: (b * (1 - rho)) / root,
    c: (b * (1 + rho)) / root,
    vMin: (a + b * sigma * Math.sqrt(1 - rho * rho)) / years,
  };
}

/**
 * Lemma 3.2 of the source. Undefined when no raw slice has these wings, or many have: where the least
 * variance is that at the money and ρ = 0, σ is free.
 */
export function rawOfJumpWings(
  { v, psi, p, c, vMin }: JumpWings,
  years: number,
): RawSvi | undefined {
  const w = v * years;
  const root = Math.sqrt(w);
  const b = (root * (c + p)) / 2;
  if (!(b > 0)) return undefined;
  const rho = 1 - (p * root) / b;
  const beta = rho - (2 * psi * root) / b;
  if (!(Math.abs(beta) <= 1) || !(Math.abs(rho) < 1)) return undefined;
  const flat = Math.sqrt(1 - rho * rho);
  const spread = (v - vMin) * years;
  if (Math.abs(beta) < 1e-12) {
    // m = 0: a and σ follow from the values at the money and at the least.
    const sigma = spread / (b * (1 - flat));
    return sigma > 0 ? { a: w - b * sigma, b, rho, m: 0, sigma } : undefined;
  }
  const alpha = Math.sign(beta) * Math.sqrt(1 / (beta * beta) - 1);
  const m = spread / (b * (-rho + Math.sign(alpha) * Math.sqrt(1 + alpha * alpha) - alpha * flat));
  const sigma = alpha * m;
  return sigma > 0 ? { a: vMin * years - b * sigma * flat, b, rho, m, sigma } : undefined;
}

/**
 * The slice without butterflies that keeps level, skew and put wing: c′ = p + 2ψ and
 * ṽ′ = v·4pc′/(p + c′)² (§5.1 of the source). Undefined when the wings allow none.
 */
export function repairButterfly(slice: RawSvi, years: number): RawSvi | undefined {
  if (sviFault(slice) === undefined) return slice;
  const { v, psi, p } = jumpWingsOf(slice, years);
  const c = p + 2 * psi;
  if (!(c > 0)) return undefined;
  const repaired = rawOfJumpWings({ v, psi, p, c, vMin: (v * 4 * p * c) / (p + c) ** 2 }, years);
  return repaired && sviFault(repaired) === undefined ? repaired : undefined;
}

/** The longer slice raised by its greatest shortfall and, where its wings are flatter, steepened. */
export function repairCalendar(shorter: RawSvi, longer: RawSvi): RawSvi {
  const put = Math.max(longer.b * (1 - longer.rho), shorter.b * (1 - shorter.rho));
  const call = Math.max(longer.b * (1 + longer.rho), shorter.b * (1 + shorter.rho));
  const b = (put + call) / 2;
  const steepened = { ...longer, b, rho: b > 0 ? (call - put) / (2 * b) : longer.rho };
  const fault = calendarFault(shorter, steepened);
  return fault ? { ...steepened, a: steepened.a - fault.gap * (1 + 1e-9) } : steepened;
}

/**
 * The raw slice nearest to total variances `w` at `k`, five points or more (throws `RangeError`). It
 * may have butterflies where the quotes do: `sviFault`, `repairButterfly`.
 */
export function fitSvi(
  points: readonly { readonly k: number; readonly w: number; readonly weight?: number }[],
): { readonly slice: RawSvi; readonly rmse: number } {
  if (points.length < 5) throw new RangeError(`a smile of ${points.length} points; allowed: 5`);
  const lowest = points.reduce((a, b) => (b.w < a.w ? b : a));
  // a is found as the least variance, which is above 0 in logarithms.
  const sliceOf = (at: readonly number[]): RawSvi => {
    const [lnLeast = 0, lnB = 0, rhoAt = 0, m = 0, lnSigma = 0] = at;
    const rho = Math.tanh(rhoAt);
    const b = Math.exp(lnB);
    const sigma = Math.exp(lnSigma);
    return { a: Math.exp(lnLeast) - b * sigma * Math.sqrt(1 - rho * rho), b, rho, m, sigma };
  };
  const level = Math.max(lowest.w, 1e-12);
  const width = Math.max(...points.map(({ k }) => Math.abs(k - lowest.k)), 1e-3);
  const starts = [0.1, 0.5].map((share) => [
    Math.log(level),
    Math.log((Math.max(...points.map(({ w }) => w)) - level) / width + 1e-3 * level),
    0,
    lowest.k,
    Math.log(share * width),
  ]);
  const fits = starts.map((start) =>
    leastSquares({
      start,
      iterations: 200,
      residuals: (at) => {
        const slice = sliceOf(at);
        return points.map(
          ({ k, w, weight = 1 }) => (Math.sqrt(weight) * (sviVariance(slice, k) - w)) / level,
        );
      },
    }),
  );
  const best = fits.reduce((a, b) => (b.cost < a.cost ? b : a));
  const total = points.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return { slice: sliceOf(best.at), rmse: level * Math.sqrt(best.cost / total) };
}

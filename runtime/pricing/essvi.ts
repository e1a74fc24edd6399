/**
 * eSSVI: the volatility surface, a slice of three numbers per expiry.
 *
 * Source: Gatheral–Jacquier (arXiv 1204.0646); Hendriks–Martini 2019 for slices with their own ρ;
 * design/exchange.md §4. A slice is (θ, u, l): total variance at the money, u = ψ(1+ρ), l = ψ(1−ρ),
 * with ψ = θφ. Free of butterflies: max(u, l) < 4 and ψ·max(u, l) ≤ 4θ. Free of calendar arbitrage
 * against a shorter slice: θ, u, l not below its own and ψ/θ not above. Only + − × ÷ √.
 *
 * Integers in and out are in the scales of `oracle/vote.ts`: θ in 10⁻¹², u and l in 10⁻⁹.
 */

/** Integers of a slice as rows and votes hold them. */
export type SliceParameters = { readonly theta: number; readonly u: number; readonly l: number };

/** A slice prepared for evaluation. */
export type EssviSlice = {
  readonly theta: number;
  /** ψ. */
  readonly psi: number;
  /** ρθ. */
  readonly rhoTheta: number;
  /** ρψ = (u − l) / 2. */
  readonly rhoPsi: number;
  /** θ²(1 − ρ²), with 1 − ρ² = 4ul / (u + l)². */
  readonly offset: number;
  /** ψ²(1 − ρ²) = ul. */
  readonly wings: number;
};

const THETA_UNIT = 1e-12;
const PSI_UNIT = 1e-9;
/** u and l stay below 4. */
const MAX_WING = 3_999_999_999;
/** θ in 10⁻¹² to the (10⁻⁹)² of ψ·max(u, l). */
const THETA_TO_WING_SQUARE = 1_000_000;

/** Prepares a slice. A slice with u = l = 0 is flat. */
export function essviSlice({ theta, u, l }: SliceParameters): EssviSlice {
  const variance = theta * THETA_UNIT;
  const sum = u + l;
  const rho = sum > 0 ? (u - l) / sum : 0;
  const oneLessRhoSquared = sum > 0 ? (4 * (u / sum) * l) / sum : 1;
  return {
    theta: variance,
    psi: 0.5 * sum * PSI_UNIT,
    rhoTheta: rho * variance,
    rhoPsi: 0.5 * (u - l) * PSI_UNIT,
    offset: variance * variance * oneLessRhoSquared,
    wings: u * PSI_UNIT * (l * PSI_UNIT),
  };
}

/**
 * Total variance at log-moneyness k = ln(strike ÷ forward), not negative:
 * θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²)), multiplied out so that θ = 0 divides nothing. ~5 ns.
 */
export function totalVariance(slice: EssviSlice, k: number): number {
  const slope = slice.psi * k + slice.rhoTheta;
  const root = Math.sqrt(slope * slope + slice.offset);
  const line = slice.theta + slice.rhoPsi * k;
  if (line >= 0) return 0.5 * (line + root);
  // In the falling wing the sum cancels; (root² − line²) = ulk² does not.
  return (0.5 * slice.wings * k * k) / (root - line);
}

/** Largest λ in [0, 1] with c + bλ + aλ² ≤ 0, for a, b ≥ 0 and c ≤ 0. */
function largestShare(a: number, b: number, c: number): number {
  const root = b + Math.sqrt(Math.max(0, b * b - 4 * a * c));
  return root > 0 ? Math.min(1, (-2 * c) / root) : 1;
}

const EMPTY: SliceParameters = { theta: 0, u: 0, l: 0 };

/**
 * The nearest slice to `voted` that is free of arbitrage itself and against `shorter`, the repaired
 * slice of the expiry before it: raises θ, u, l to the predecessor's, then shrinks (u, l) toward the
 * predecessor's by one common share. Total: any input of non-negative integers gives a valid slice.
 */
export function repairSlice(
  voted: SliceParameters,
  shorter: SliceParameters = EMPTY,
): SliceParameters {
  const theta = Math.max(voted.theta, shorter.theta);
  const spareU = Math.max(voted.u, shorter.u) - shorter.u;
  const spareL = Math.max(voted.l, shorter.l) - shorter.l;
  const psi = 0.5 * (shorter.u + shorter.l);
  const sparePsi = 0.5 * (spareU + spareL);

  let share = 1;
  for (const [base, spare] of [
    [shorter.u, spareU],
    [shorter.l, spareL],
  ] as const) {
    // max(u, l) < 4.
    if (base + spare > MAX_WING) share = Math.min(share, (MAX_WING - base) / spare);
    // ψ·max(u, l) ≤ 4θ.
    const allowed = 4 * theta * THETA_TO_WING_SQUARE;
    share = Math.min(
      share,
      largestShare(sparePsi * spare, psi * spare + base * sparePsi, psi * base - allowed),
    );
  }
  // ψ/θ not above the predecessor's; the first slice has none.
  if (shorter.theta > 0 && sparePsi > 0) {
    const allowed = psi * (theta / shorter.theta) - psi;
    share = Math.min(share, allowed / sparePsi);
  }
  share = Math.max(0, share);
  return {
    theta,
    u: shorter.u + Math.floor(share * spareU),
    l: shorter.l + Math.floor(share * spareL),
  };
}

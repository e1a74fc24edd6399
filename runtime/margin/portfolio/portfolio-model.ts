/**
 * The numbers of the portfolio margin model, as the kernels read them.
 *
 * Source: Derive PM2 (reference/options.md §2); design/exchange.md §3. The chain holds the same model
 * as integers with ranges (`portfolio-parameters.ts`). All are plain fractions: 0.18 is 18 %.
 */

/** What a scenario does to volatility. */
export type VolatilityShock = 'up' | 'none' | 'down';

/** A cell: the index times `spot`, volatility shocked, the change of value times `weight`. */
export type Scenario = {
  readonly spot: number;
  readonly volatility: VolatilityShock;
  /** 1 for a regular cell; less dampens a tail. */
  readonly weight: number;
};

/** Wings of the smile raised or lowered: multiplier 1 + clamp(k·c/k*, ±c), c = cap + capSlope·√τ. */
export type SkewShock = {
  readonly cap: number;
  readonly capSlope: number;
  readonly weight: number;
};

export type PortfolioModel = {
  /** Regular cells and tails; exactly one is the flat one: spot 1, volatility none, weight 1. */
  readonly scenarios: readonly Scenario[];
  /** σ × (1 + up·(30/days)^power), not below `upFloor`; σ × max(0, 1 − down·(30/days)^power). */
  readonly volatility: {
    readonly up: number;
    readonly down: number;
    readonly upFloor: number;
    /** Power up to 30 days, and beyond. */
    readonly shortPower: number;
    readonly longPower: number;
    readonly leastDays: number;
  };
  /** k* = max(leastKStar, width·√τ·(widthVolatility + widthVolatilitySlope·√τ)). */
  readonly skew: {
    /** By k, so that one wing rises and the other falls. */
    readonly linear: SkewShock;
    /** By |k|, so that both wings rise. */
    readonly absolute: SkewShock;
    readonly leastKStar: number;
    readonly width: number;
    readonly widthVolatility: number;
    readonly widthVolatilitySlope: number;
  };
  /** Long: base·e^(−τ(r·rateScale + rateAdd)); short: base·e^(+τ(r·rateScale + rateAdd)), at most 1/df. */
  readonly discount: { readonly long: StaticDiscount; readonly short: StaticDiscount };
  /** Per expiry (add + perYear·τ)·min(0, change at `up`, change at `down`). */
  readonly forward: {
    readonly up: number;
    readonly down: number;
    readonly add: number;
    readonly perYear: number;
  };
  /** Factors on the worst scenario. */
  readonly factor: { readonly initial: number; readonly maintenance: number };
  /** Shares of spot per perpetual and per net short option of a strike. */
  readonly perpetual: Contingency;
  readonly option: Contingency;
  /** Initial only, below `threshold`: (1 − confidence)·factor·notional. */
  readonly confidence: { readonly threshold: number; readonly factor: number };
  /** Initial only, below `threshold`: the factor grows by (threshold − price)·factor. */
  readonly peg: { readonly threshold: number; readonly factor: number };
  readonly concentration: ConcentrationModel;
};

export type StaticDiscount = {
  readonly base: number;
  readonly rateScale: number;
  readonly rateAdd: number;
};

/** Initial is on top of maintenance. */
export type Contingency = { readonly maintenance: number; readonly initialAdd: number };

/** Range × (1 + min(1, excess ÷ widthUsd)), see `concentration.ts`. */
export type ConcentrationModel = {
  readonly freeDeltaUsd: number;
  readonly widthUsd: number;
  /** A position above this share of a series' open interest has no free delta. */
  readonly openInterestShare: number;
};

/** Whether a cell is the mark itself. */
export function isFlat({ spot, volatility, weight }: Scenario): boolean {
  return spot === 1 && volatility === 'none' && weight === 1;
}

/**
 * The outcome of the account kernels, in risk units; all integers.
 *
 * Source: design/exchange.md §3. The margin excess of an account is `excess` plus its cash and
 * unrealised variation in risk units, rounded down.
 */
import type { RiskLayout } from './risk-layout.ts';

export type PortfolioMargin = {
  /** Value of the options at their marks. */
  readonly mark: number;
  /** Least measure column: factor × worst scenario less contingencies, with the worst fill. */
  readonly worst: number;
  /** Its index: a cell, linear or absolute skew, forward; or `CONCENTRATED`. */
  readonly worstMeasure: number;
  /** Charge while votes are not confident; 0 for maintenance. */
  readonly confidence: number;
  /** mark + worst − confidence. */
  readonly excess: number;
};

/** `worstMeasure` where an end of a concentrated account's wider range is the worst. */
export const CONCENTRATED = -1;

/** Sums of a whole account that the margin follows from. */
export type AccountTotals = {
  readonly measures: Float64Array;
  readonly mark: number;
  readonly confidence: number;
  /** Value of the worst end of the wider range; infinite for an account that is not concentrated. */
  readonly concentrated: number;
};

/** Least of all measure columns. O(columns). */
export function marginOf(layout: RiskLayout, totals: AccountTotals): PortfolioMargin {
  const { measures, mark, confidence, concentrated } = totals;
  let worst = concentrated;
  let worstMeasure = CONCENTRATED;
  for (let measure = 0; measure < layout.measures; measure++) {
    const value = measures[measure] ?? 0;
    if (value < worst) {
      worst = value;
      worstMeasure = measure;
    }
  }
  return { mark, worst, worstMeasure, confidence, excess: mark + worst - confidence };
}

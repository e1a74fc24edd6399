/** What a way to cheat is priced by. */

/** What somebody has to cheat with. Either is 0 where it plays no part. */
export type Means = {
  /** Share of all stake. */
  readonly stake: number;
  /** USD at work: notional of positions, or money spent. */
  readonly usd: number;
};

export type Outcome = {
  readonly strategy: string;
  /** The case: means and what was assumed. */
  readonly case: string;
  readonly means: Means;
  /** What can be had for it in cash, USD. */
  readonly gainUsd: number;
  /** Fees, losses to those who answer, what is paid for being seen. */
  readonly costUsd: number;
  /** Where the arithmetic comes from, or at what the one passes the other. */
  readonly note: string;
};

/** Shares of stake that every strategy is priced at. Less than a third has to fail. */
export const STAKES: readonly number[] = [0.1, 0.2, 0.3, 0.33];
export const SAFE_STAKE: number = 1 / 3;

/** Costs that every position has, as shares of notional. */
export const FEES = {
  optionMaker: 0.0001,
  optionTaker: 0.0003,
  linearMaker: 0.00005,
  linearTaker: 0.00035,
  /** A hedge elsewhere, or the risk of a day without: the cheapest taker fee of a large venue. */
  hedge: 0.0002,
} as const;

/** What breaks the promise: a gain not below the cost by less than a third of the stake. */
export function strategyProblems(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ means }) => means.stake > 0 && means.stake < SAFE_STAKE)
    .filter(({ gainUsd, costUsd }) => !(gainUsd < costUsd))
    .map(({ strategy, case: name, gainUsd, costUsd }) => {
      const [gain, cost] = [gainUsd.toFixed(0), costUsd.toFixed(0)];
      return `${strategy}, ${name}: gains ${gain} USD for ${cost} USD`;
    });
}

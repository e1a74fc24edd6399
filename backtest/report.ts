/** What a crash day is reported as: figures for programs, a line for people, and whether it holds. */
import { type BenchOptions, reportFigure } from '../bench/report.ts';
import type { Outcome } from './manipulate/strategy.ts';
import type { DayResult } from './play-day.ts';

/** Of the maintenance margin held, the most that the fund may pay on a day. */
export const MOST_INSURANCE_SHARE = 0.05;

const METRICS = [
  ['bad_debt_usd', 'USD'],
  ['insurance_used_share_of_mm', 'share'],
  ['socialised_usd', 'USD'],
  ['deleveraged_usd', 'USD'],
  ['liquidated_accounts', 'accounts'],
] as const satisfies readonly (readonly [keyof DayResult, string])[];

export function reportDay(result: DayResult, options: BenchOptions): void {
  for (const [metric, unit] of METRICS) {
    const name = `${result.day} ${result.set}`;
    reportFigure({ bench: 'backtest', case: name, metric, value: result[metric], unit }, options);
  }
}

/** What of a day's result breaks what default parameters promise. */
export function dayProblems(result: DayResult): string[] {
  const problems: string[] = [];
  const { day, set, socialised_usd: socialised, insurance_used_share_of_mm: share } = result;
  if (set !== 'default') return problems;
  if (socialised > 0)
    problems.push(`${day}: ${socialised} USD shared by all under default parameters`);
  if (share >= MOST_INSURANCE_SHARE) {
    problems.push(`${day}: insurance used ${(100 * share).toFixed(2)} % of the margin held`);
  }
  return problems;
}

/** A strategy: gain and cost, each a figure; for people one line. */
export function reportOutcome(outcome: Outcome, options: BenchOptions): void {
  const { strategy, case: name, gainUsd, costUsd, note } = outcome;
  if (!options.json) {
    const [gain, cost] = [gainUsd.toFixed(0), costUsd.toFixed(0)];
    console.log(`${strategy}: ${name}\n    gain $${gain}, cost $${cost}; ${note}`);
    return;
  }
  const figure = { bench: 'manipulate', case: `${strategy}: ${name}`, unit: 'USD' };
  reportFigure({ ...figure, metric: 'gain_usd', value: gainUsd }, options);
  reportFigure({ ...figure, metric: 'cost_usd', value: costUsd }, options);
}

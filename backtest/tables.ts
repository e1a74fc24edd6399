/** Results of crash days and strategies as Markdown tables, for docs/backtest.md. */
import type { Outcome } from './manipulate/strategy.ts';
import type { DayResult } from './play-day.ts';
import { ACCOUNT_KINDS } from './population.ts';

/** A result file: of either program. */
export type Results = { readonly results: readonly (DayResult | Outcome)[] };

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One row per day and set: what it cost, and who bore it. */
export function dayTable(results: readonly DayResult[]): string {
  const head = [
    'day',
    'set',
    'accounts',
    'BTC',
    'margin held',
    'liquidated',
    '`bad_debt_usd`',
    '`insurance_used_share_of_mm`',
    '`socialised_usd`',
    '`deleveraged_usd`',
  ];
  return table(
    head,
    results.map((one) => [
      one.day,
      one.set,
      number(one.accounts),
      percent(one.index_fall.BTC ?? 0),
      number(one.maintenance_usd),
      number(one.liquidated_accounts),
      number(one.bad_debt_usd),
      percent(one.insurance_used_share_of_mm, 3),
      number(one.socialised_usd),
      number(one.deleveraged_usd),
    ]),
  );
}

/** How the kinds of accounts fare in a day, under one set beside another. */
export function kindTable(results: readonly DayResult[]): string {
  const head = ['day', 'set', ...ACCOUNT_KINDS.map((kind) => `${kind}: liquidated, result`)];
  return table(
    head,
    results.map((one) => [
      one.day,
      one.set,
      ...ACCOUNT_KINDS.map((kind) => {
        const {
          accounts,
          liquidated,
          equity_before_usd: before,
          equity_after_usd: after,
        } = one.kinds[kind];
        return `${percent(liquidated / Math.max(1, accounts), 0)}, ${percent(after / Math.max(1, before) - 1, 0)}`;
      }),
    ]),
  );
}

/** One row per case of a strategy. */
export function strategyTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ strategy, case: name, gainUsd, costUsd, note }) => [
    strategy,
    name,
    number(gainUsd),
    number(costUsd),
    note,
  ]);
  return table(['strategy', 'case', 'gain USD', 'cost USD', 'note'], rows);
}

/** The tables of a result file. */
export function tablesOf({ results }: Results): string {
  const days = results.filter((one): one is DayResult => 'day' in one);
  const strategies = results.filter((one): one is Outcome => 'strategy' in one);
  const parts = days.length > 0 ? [dayTable(days), kindTable(days)] : [];
  if (strategies.length > 0) parts.push(strategyTable(strategies));
  return parts.join('\n\n');
}

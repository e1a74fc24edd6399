/**
 * What a plan changes for one portfolio, added up series by series as the plan is made.
 *
 * A maker may be met more than once in a plan: it is judged on all of it so far.
 */
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import {
  changesLimitRefusal,
  changesRefusal,
  type PlannedChanges,
} from '../margin/accept-changes.ts';
import type { OrderTerm } from '../margin/series-holding.ts';
import type { State } from '../state/state.ts';
import type { LegTerm } from './combo-terms.ts';

/** Sums of one series. */
type SheetLine = { position: number; readonly orders: OrderTerm[] };

export type ChangeSheet = {
  readonly portfolio: PortfolioId;
  readonly series: Map<InstrumentId, SheetLine>;
  cash: bigint;
};

export function changeSheet(portfolio: PortfolioId): ChangeSheet {
  return { portfolio, series: new Map(), cash: 0n };
}

/** A copy that can be thrown away when what it was made for is refused. O(series). */
export function copySheet({ portfolio, series, cash }: ChangeSheet): ChangeSheet {
  const copy: ChangeSheet = { portfolio, series: new Map(), cash };
  for (const [id, { position, orders }] of series) {
    copy.series.set(id, { position, orders: [...orders] });
  }
  return copy;
}

function lineOf({ series }: ChangeSheet, instrument: InstrumentId): SheetLine {
  const known = series.get(instrument);
  if (known !== undefined) return known;
  const line: SheetLine = { position: 0, orders: [] };
  series.set(instrument, line);
  return line;
}

/** Adds signed lots of a position. */
export function addPosition(sheet: ChangeSheet, instrument: InstrumentId, lots: number): void {
  lineOf(sheet, instrument).position += lots;
}

/** Adds order terms; negative lots for orders that go. */
export function addTerms(sheet: ChangeSheet, terms: readonly LegTerm[]): void {
  for (const { instrument, side, price, lots } of terms) {
    lineOf(sheet, instrument).orders.push({ side, price, lots });
  }
}

/** The sheet as `accept-changes` takes it. */
export function plannedChanges({ portfolio, series, cash }: ChangeSheet): PlannedChanges {
  const changes = [...series].map(([instrument, { position, orders }]) => ({
    instrument,
    position,
    orders,
  }));
  return { portfolio, changes, cash };
}

/** Whether the portfolio can carry the sheet: errors of `changesLimitRefusal`, `changesRefusal`. */
export function sheetRefusal(state: State, sheet: ChangeSheet): Refusal | undefined {
  const planned = plannedChanges(sheet);
  return changesLimitRefusal(state, planned) ?? changesRefusal(state, planned);
}

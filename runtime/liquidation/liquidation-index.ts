/** How many insolvent auctions run: an index over table `liquidations`. */
import type { State } from '../state/state.ts';
import { primeHealth } from './health-index.ts';
import { LIQUIDATION_KIND } from './liquidation.ts';

export type LiquidationIndex = { insolvent: number };

export function liquidationIndex(): LiquidationIndex {
  return { insolvent: 0 };
}

/** Whether any account is insolvent: nothing leaves an owner then. O(1). */
export function isAnyInsolvent(state: State): boolean {
  return state.derived.liquidations.insolvent > 0;
}

/**
 * Counts from the table, and looks at the health of everybody: needs marks and the portfolio index.
 * O(accounts that are short, and accounts with positions).
 */
export function rebuildLiquidationIndex(state: State): void {
  let insolvent = 0;
  for (const [, { kind }] of state.liquidations.unorderedEntries()) {
    if (kind === LIQUIDATION_KIND.insolvent) insolvent += 1;
  }
  state.derived.liquidations.insolvent = insolvent;
  primeHealth(state);
}

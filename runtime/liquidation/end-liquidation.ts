/** Ends what liquidation knows of an account. */
import type { BlockContext } from '../block-context.ts';
import { EVENT } from '../event.ts';
import type { State } from '../state/state.ts';
import type { LiquidationEnd } from './events.ts';
import { isUnderAuction, LIQUIDATION_KIND, type Liquidation } from './liquidation.ts';

/** Removes the row; of an auction that ran, says so. O(1). */
export function endLiquidation(
  state: State,
  context: BlockContext,
  row: Liquidation,
  reason: LiquidationEnd,
): void {
  const { portfolio, auction } = row;
  if (row.kind === LIQUIDATION_KIND.insolvent) state.derived.liquidations.insolvent -= 1;
  state.liquidations.delete(portfolio);
  if (!isUnderAuction(row)) return;
  context.events.push({ selector: EVENT.liquidationEnded, value: { portfolio, auction, reason } });
}

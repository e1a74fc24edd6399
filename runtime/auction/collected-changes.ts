/**
 * What an order that enters an auction could do to open interest: filled whole, against somebody who
 * opens.
 *
 * Who trades with whom is not known before the end, so an order is judged alone; what all that one
 * auction collects would trade above a limit is cut at its end (`clip-open-interest.ts`).
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import type { PortfolioId } from '../core/units.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { PositionChange } from '../rules/open-interest.ts';

/** Both sides of the fill; a module account, which holds no position, stands for the other. */
export function collectedChanges(
  portfolio: PortfolioId,
  side: Side,
  lots: number,
): readonly PositionChange[] {
  const signed = side === SIDE.buy ? lots : -lots;
  return [
    { portfolio, lots: signed },
    { portfolio: MODULE.clearing, lots: -signed },
  ];
}

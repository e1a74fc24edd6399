/** The price next to another at which an order does not trade with it. */
import { SIDE, type Side } from '../actions/order-terms.ts';
import { type PriceTicks, priceTicks } from '../core/units.ts';
import { nextTickDown, nextTickUp, type TickTable } from '../rules/tick-table.ts';

/** The nearest valid price of `side` outside `best`, the best opposite one; 0 where there is none. */
export function priceOutside(table: TickTable, side: Side, best: PriceTicks): PriceTicks {
  return priceTicks(side === SIDE.buy ? nextTickDown(table, best) : nextTickUp(table, best));
}

/** An order's price lies on its market's tick grid. */
import { type Refusal, refusal } from '../error.ts';
import { roundToTickDown, type TickTable } from './tick-table.ts';

/** `price_not_on_tick`; allowed: the nearest valid price below, 0 if there is none. O(steps). */
export function tickRefusal(table: TickTable, price: number): Refusal | undefined {
  const allowed = roundToTickDown(table, price);
  return allowed === price ? undefined : refusal('price_not_on_tick', { given: price, allowed });
}

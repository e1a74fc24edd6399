/**
 * Tick tables: how coarse a price may be, by its height.
 *
 * Source: design/parameters.md; Deribit's `tick_size` with `tick_size_steps` (BTC options: 0.0001
 * below 0.005, 0.0005 above). Prices stay integers of base ticks; from `from` on they must be
 * multiples of `multiple`.
 *
 * Invariants of a table (`tickTableProblem`): the first step is from 0; steps ascend; a step begins
 * at a multiple of its own multiple and of the one before, so that the valid prices are one grid
 * without a gap at the seam.
 */
import { type Codec, container, list, u32 } from '../core/ssz.ts';
import { MAX_PRICE_TICKS } from '../limits.ts';

/** Prices from `from` on, in base ticks, are multiples of `multiple`. */
export type TickStep = { readonly from: number; readonly multiple: number };
export type TickTable = readonly TickStep[];

/** Steps of one table. */
export const MAX_TICK_STEPS = 8;

export const TickTableCodec: Codec<TickStep[]> = list(
  container<TickStep>('TickStep', { from: u32(), multiple: u32() }),
  MAX_TICK_STEPS,
  1,
);

/** What is wrong with a table, as text, or `undefined`. */
export function tickTableProblem(table: TickTable): string | undefined {
  if (table.length < 1 || table.length > MAX_TICK_STEPS) return `1 to ${MAX_TICK_STEPS} steps`;
  let before: TickStep | undefined;
  for (const step of table) {
    const { from, multiple } = step;
    if (multiple < 1) return 'multiples of at least 1';
    if (before === undefined ? from !== 0 : from <= before.from) {
      return 'steps ascending by `from`, the first from 0';
    }
    if (from > MAX_PRICE_TICKS || multiple > MAX_PRICE_TICKS) {
      return `no step above the greatest price ${MAX_PRICE_TICKS}`;
    }
    if (from % multiple !== 0 || from % (before?.multiple ?? 1) !== 0) {
      return 'steps that begin at a multiple of their own tick and of the one before';
    }
    before = step;
  }
  return undefined;
}

/** The multiple in force at a price. O(steps). */
export function tickAt(table: TickTable, price: number): number {
  let multiple = 1;
  for (const step of table) {
    if (step.from > price) break;
    multiple = step.multiple;
  }
  return multiple;
}

/** Whether a price lies on the grid; 0 does. O(steps). */
export function isOnTick(table: TickTable, price: number): boolean {
  return price % tickAt(table, price) === 0;
}

/** The greatest valid price that is not above `price` (0 or more). O(steps). */
export function roundToTickDown(table: TickTable, price: number): number {
  return price - (price % tickAt(table, price));
}

/** The least valid price that is not below `price`; may be above the greatest price. O(steps). */
export function roundToTickUp(table: TickTable, price: number): number {
  const down = roundToTickDown(table, price);
  // The next step begins on this step's grid, so the sum never jumps over its first price.
  return down === price ? price : down + tickAt(table, price);
}

/** The nearest valid price above `price`; may be above the greatest price. O(steps). */
export function nextTickUp(table: TickTable, price: number): number {
  return roundToTickDown(table, price) + tickAt(table, price);
}

/** The nearest valid price below `price` (1 or more); 0 when there is none above 0. O(steps). */
export function nextTickDown(table: TickTable, price: number): number {
  return roundToTickDown(table, price - 1);
}

/** The least price at which an order can be. */
export function lowestPrice(table: TickTable): number {
  return nextTickUp(table, 0);
}

/** The greatest price at which an order can be. */
export function highestPrice(table: TickTable): number {
  return roundToTickDown(table, MAX_PRICE_TICKS);
}

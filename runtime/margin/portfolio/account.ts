/**
 * What a portfolio holds, as the margin kernels read it.
 *
 * Source: design/exchange.md §3. Rows are those of the risk arrays, ascending; amounts are integers.
 */
import { assert } from '../../core/result.ts';
import { EXACT_UNITS, type RiskArrays } from './risk-arrays.ts';

/** Positions: one entry a row held, in lots, negative when short. */
export type Positions = { readonly rows: Int32Array; readonly lots: Float64Array };

/**
 * An open order: its row, signed lots (negative for an ask), and what a filled lot is counted to
 * change equity by, in risk units, never above 0 (`orderCash`).
 */
export type OrderTerm = { readonly row: number; readonly lots: number; readonly cash: number };

/** Positions and open orders, both by ascending row. */
export type Account = { readonly positions: Positions; readonly orders: readonly OrderTerm[] };

export type OrderPrice = {
  readonly side: 'bid' | 'ask';
  /** Mark of a lot in risk units: an option's as the arrays have it, a future's mark price. */
  readonly mark: number;
  /** Price and fee of a lot in risk units, not rounded. */
  readonly price: number;
  readonly fee: number;
};

/**
 * What a filled lot is counted to change equity by: its distance from the mark where that is adverse,
 * and its fee, rounded down. An improvement on the mark counts as zero: it would else reserve nothing
 * and fill when the mark has come to it.
 */
export function orderCash({ side, mark, price, fee }: OrderPrice): number {
  const gain = side === 'bid' ? mark - price : price - mark;
  return Math.floor(Math.min(0, gain) - fee);
}

/** Gross lots of positions and orders. */
export function grossLots({ positions, orders }: Account): number {
  let gross = 0;
  for (const lots of positions.lots) gross += Math.abs(lots);
  for (const { lots } of orders) gross += Math.abs(lots);
  return gross;
}

/**
 * Whether sums over so many gross lots are exact: their largest term, with an order's cash of at most
 * `largestCash` a lot, stays below 2⁵¹. Limits see to it; the kernels check it again.
 */
export function isExact(arrays: RiskArrays, gross: number, largestCash: number): boolean {
  const largest = Math.max(arrays.largestValue, arrays.largestTerm + largestCash);
  return gross * largest < EXACT_UNITS;
}

/** Throws unless all sums over the account are exact. */
export function assertExact(arrays: RiskArrays, account: Account): void {
  let largestCash = 0;
  for (const { cash } of account.orders) largestCash = Math.max(largestCash, -cash);
  assert(isExact(arrays, grossLots(account), largestCash), 'lots × largest cell below 2^51');
}

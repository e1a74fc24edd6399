/**
 * The average price at which a notional would trade with one side of a book.
 *
 * Source: design/exchange.md §4. Orders younger than the age limit and hidden lots do not count: what
 * moves funding must have stood where it could be hit. Levels are taken best first, the last in part.
 */
import { mulDivFloor } from '../core/math.ts';
import type { TimestampMs } from '../core/units.ts';
import type { RestingOrder } from '../matching/order.ts';

/** Orders looked at; a side that has not the notional in so many counts as empty. ~10 µs. */
export const MAX_IMPACT_ORDERS = 500;

/** What an impact price is asked for. */
export type ImpactQuestion = {
  /** Micro-USD. */
  readonly notional: bigint;
  /** Orders placed later than this do not count. */
  readonly placedBy: TimestampMs;
  /** Micro-USD of one tick for one lot. */
  readonly tickValue: number;
  readonly tickMicroUsd: number;
};

/**
 * Micro-USD per coin, rounded down; `undefined` where the side has not the notional. `orders`: of one
 * side, best first. O(orders), at most `MAX_IMPACT_ORDERS`.
 */
export function impactPrice(
  orders: Iterable<Pick<RestingOrder, 'price' | 'shown' | 'placedAt'>>,
  { notional, placedBy, tickValue, tickMicroUsd }: ImpactQuestion,
): number | undefined {
  let seen = 0;
  let left = notional;
  /** Σ lots × price of whole orders, in ticks × lots, and their lots. */
  let lots = 0n;
  for (const { price, shown, placedAt } of orders) {
    seen += 1;
    if (seen > MAX_IMPACT_ORDERS) return undefined;
    if (placedAt > placedBy) continue;
    const value = BigInt(price) * BigInt(tickValue) * BigInt(shown);
    if (value < left) {
      left -= value;
      lots += BigInt(shown);
      continue;
    }
    // The last in part: `left` at this price is left ÷ (price × tickValue) lots. The average is
    // notional ÷ (lots + that) in micro-USD per lot.
    const perLot = BigInt(price) * BigInt(tickValue);
    const average = mulDivFloor(
      notional * BigInt(tickMicroUsd),
      perLot,
      (lots * perLot + left) * BigInt(tickValue),
    );
    return Number(average);
  }
  return undefined;
}

/**
 * What limits a resting order beside its lots: asked only of orders whose row says that they have
 * such a limit.
 *
 * A quote trades no more than its maker's protection leaves (`quoting/protection.ts`).
 *
 * A reduce-only order trades no more than its owner's position on the other side, as it is after
 * the fills planned so far.
 */

import { SIDE } from '../actions/order-terms.ts';
import type { OrderId, PortfolioId } from '../core/units.ts';
import { CLOSE_REASON, type CloseReason } from '../event.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import { quoteCapacity } from '../quoting/protection.ts';
import type { State } from '../state/state.ts';
import type { PlannedFill } from './match-plan.ts';
import type { RestingOrder } from './order.ts';

/** Lots that the order can trade yet, and why it is closed when it is asked for more. */
export type MakerCap = { readonly lots: number; readonly reason: CloseReason };

/** Of an order without a limit. */
export const UNLIMITED: MakerCap = {
  lots: Number.MAX_SAFE_INTEGER,
  reason: CLOSE_REASON.cancelled,
};

/** Of an order whose time is over. */
export const OVERDUE: MakerCap = { lots: 0, reason: CLOSE_REASON.time };

/**
 * What limited makers ask of a plan's fills: lots by maker, and the orders filled. Each fill is
 * counted once, when it is first asked for, so that a plan of any makers costs O(fills).
 */
export type FillTally = {
  counted: number;
  readonly lots: Map<PortfolioId, number>;
  readonly orders: Set<OrderId>;
};

export function fillTally(): FillTally {
  return { counted: 0, lots: new Map(), orders: new Set() };
}

/** Counts the fills that are new since the last time. O(new fills). */
export function countFills(tally: FillTally, fills: readonly PlannedFill[]): void {
  const { lots, orders } = tally;
  for (; tally.counted < fills.length; tally.counted++) {
    const fill = fills[tally.counted];
    if (fill === undefined) return;
    const { id, portfolio } = fill.maker;
    lots.set(portfolio, (lots.get(portfolio) ?? 0) + fill.lots);
    orders.add(id);
  }
}

/** The limit of a quote. O(1). */
export function quoteCap(state: State, order: RestingOrder): MakerCap {
  return { lots: quoteCapacity(state, order), reason: CLOSE_REASON.protection };
}

/** The limit of a reduce-only order after the fills counted. O(1). */
export function reduceOnlyCap(state: State, tally: FillTally, order: RestingOrder): MakerCap {
  const { side, portfolio, instrument } = order;
  // All makers of a plan are on one side.
  const planned = tally.lots.get(portfolio) ?? 0;
  const position = positionOf(state, portfolio, instrument);
  const lots = side === SIDE.buy ? -position - planned : position - planned;
  return { lots: lots > 0 ? lots : 0, reason: CLOSE_REASON.reduceOnly };
}

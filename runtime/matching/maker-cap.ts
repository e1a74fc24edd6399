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
import type { OrderId } from '../core/units.ts';
import { CLOSE_REASON, type CloseReason } from '../event.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import { quoteCapacity } from '../quoting/protection.ts';
import type { State } from '../state/state.ts';
import type { PlannedFill } from './match-plan.ts';
import type { RestingOrder } from './order.ts';

/** Lots that the order can trade yet, and why it is closed when it is asked for more. */
export type MakerCap = { readonly lots: number; readonly reason: CloseReason };

const UNLIMITED: MakerCap = { lots: Number.MAX_SAFE_INTEGER, reason: CLOSE_REASON.cancelled };

/** Signed lots that the planned fills change the position of an order's owner by. */
function plannedChange(fills: readonly PlannedFill[], order: RestingOrder): number {
  let lots = 0;
  for (const { maker, lots: filled } of fills) {
    // All makers of a plan are on one side.
    if (maker.portfolio === order.portfolio) lots += filled;
  }
  return order.side === SIDE.buy ? lots : -lots;
}

/** The limit of an order in a plan with these fills so far. O(fills). */
export function makerCap(
  state: State,
  fills: readonly PlannedFill[],
  order: RestingOrder,
): MakerCap {
  if (order.isQuote) {
    return { lots: quoteCapacity(state, order), reason: CLOSE_REASON.protection };
  }
  if (!order.reduceOnly) return UNLIMITED;
  const position =
    positionOf(state, order.portfolio, order.instrument) + plannedChange(fills, order);
  const lots = order.side === SIDE.buy ? -position : position;
  return { lots: lots > 0 ? lots : 0, reason: CLOSE_REASON.reduceOnly };
}

/** Whether the other half of a pair of linked orders is filled by the plan. O(fills). */
export function isLinkedToFill(fills: readonly PlannedFill[], other: OrderId): boolean {
  for (const { maker } of fills) if (maker.id === other) return true;
  return false;
}

/**
 * Closes the orders and triggers whose `expiresAt` has come, before anything trades in the block: a
 * bounded number. What is left keeps its place in the queue and does not trade (`overdue.ts`).
 */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { assert } from '../core/result.ts';
import { orderId } from '../core/units.ts';
import { CLOSE_REASON, TRIGGER_END } from '../event.ts';
import { MAX_TIME_CLOSES } from '../limits.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import { closeTrigger } from './close-trigger.ts';

/** By (time, number). Cost: O(1) where nothing is due; about 2 µs each, at most `MAX_TIME_CLOSES`. */
export function expireOrders(state: State, context: BlockContext): void {
  const { due } = state.derived.orders;
  for (let closed = 0; closed < MAX_TIME_CLOSES; closed++) {
    const key = firstDue(due, context.timestamp);
    if (key === undefined) return;
    const id = orderId(key);
    const order = state.orders.get(id);
    if (order !== undefined) closeOrder(state, context, order, CLOSE_REASON.time);
    else {
      const trigger = state.triggers.get(id);
      assert(trigger !== undefined, `order ${id} is due and neither open nor waiting`);
      closeTrigger(state, context, trigger, { reason: TRIGGER_END.time });
    }
  }
}

/** Closes the orders and triggers whose `expiresAt` has come, before anything trades in the block. */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { assert } from '../core/result.ts';
import { orderId } from '../core/units.ts';
import { CLOSE_REASON, TRIGGER_END } from '../event.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import { closeTrigger } from './close-trigger.ts';

/**
 * By (time, number). Cost: O(1) where nothing is due; about 1 µs each otherwise, which the weight
 * of the action that placed it paid for.
 */
export function expireOrders(state: State, context: BlockContext): void {
  const { due } = state.derived.orders;
  for (
    let key = firstDue(due, context.timestamp);
    key !== undefined;
    key = firstDue(due, context.timestamp)
  ) {
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

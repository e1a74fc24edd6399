/**
 * One cancels the other: what is linked with an order that traded, or a trigger that fired.
 *
 * A link names a number on both sides. One half that is cancelled, refused or expires leaves the
 * other as it is, with a link to a number that is never given again.
 */
import type { BlockContext } from '../block-context.ts';
import { type OrderId, orderId } from '../core/units.ts';
import { CLOSE_REASON, TRIGGER_END } from '../event.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import { closeTrigger } from './close-trigger.ts';

/** Cancels the other half of an order or trigger, if it is still there, and the link. O(1). */
export function cancelLinked(
  state: State,
  context: BlockContext,
  half: { cancelsOther: OrderId },
): void {
  const other = half.cancelsOther;
  half.cancelsOther = orderId(0);
  const order = state.orders.get(other);
  if (order !== undefined) {
    closeOrder(state, context, order, CLOSE_REASON.oco);
    return;
  }
  const trigger = state.triggers.get(other);
  if (trigger !== undefined) closeTrigger(state, context, trigger, { reason: TRIGGER_END.oco });
}

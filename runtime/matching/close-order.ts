/** Takes an order out of the book for good. */
import type { BlockContext } from '../block-context.ts';
import { type CloseReason, EVENT } from '../event.ts';
import type { State } from '../state/state.ts';
import type { RestingOrder } from './order.ts';
import { leaveBook } from './rest-order.ts';

/** Removes an open order from table, book and portfolio, and says so. O(1). */
export function closeOrder(
  state: State,
  context: BlockContext,
  order: RestingOrder,
  reason: CloseReason,
): void {
  leaveBook(state, order);
  context.events.push({ selector: EVENT.orderClosed, value: { orderId: order.id, reason } });
}

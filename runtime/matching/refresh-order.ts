/** An iceberg whose shown lots are filled shows the next of its hidden ones, last in its queue. */
import type { BlockContext } from '../block-context.ts';
import { sizeLots } from '../core/units.ts';
import { EVENT } from '../event.ts';
import type { State } from '../state/state.ts';
import { requeueInBook } from './book.ts';
import type { RestingOrder } from './order.ts';
import { takeOrderId } from './order-number.ts';

/** Takes the next number for its priority. The caller has touched the row. O(1). */
export function refreshOrder(state: State, context: BlockContext, order: RestingOrder): void {
  order.shown = sizeLots(Math.min(order.displaySize, order.remaining));
  order.priority = takeOrderId(state);
  requeueInBook(order);
  const { id: orderId, shown, priority } = order;
  context.events.push({ selector: EVENT.orderRefreshed, value: { orderId, shown, priority } });
}

/** Lowers an open order without a trade: it keeps its place in the queue. */
import { noteBookChange } from '../auction/auction-index.ts';
import type { BlockContext } from '../block-context.ts';
import { sizeLots } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { indexReduction } from '../margin/portfolio-index.ts';
import type { State } from '../state/state.ts';
import { reduceInBook } from './book.ts';
import type { Order, RestingOrder } from './order.ts';

/** Says what an order is from here on. */
export function announceAmendment(context: BlockContext, order: Order): void {
  const { id: orderId, price, size, remaining, shown, priority } = order;
  const value = { orderId, price, size, remaining, shown, priority };
  context.events.push({ selector: EVENT.orderAmended, value });
}

/**
 * Takes some, not all, of the open lots away, hidden ones first. The size falls with them, so that
 * size less open lots stays what was filled. O(1).
 */
export function decrementOrder(
  state: State,
  context: BlockContext,
  order: RestingOrder,
  lots: number,
): void {
  indexReduction(state, order, lots);
  const { shown } = order;
  reduceInBook(order, lots);
  order.size = sizeLots(order.size - lots);
  order.shown = sizeLots(Math.min(shown, order.remaining));
  state.orders.touch(order.id);
  noteBookChange(state, order.instrument);
  announceAmendment(context, order);
}

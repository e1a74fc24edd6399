/** Closes reduce-only orders that have nothing left to reduce. */
import { SIDE } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { CLOSE_REASON } from '../event.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import type { State } from '../state/state.ts';
import { closeOrder } from './close-order.ts';
import type { RestingOrder } from './order.ts';
import { reduceOnlyOrders } from './order-index.ts';

/**
 * Closes, by ascending number, the portfolio's reduce-only orders of a series on the side on which
 * it has no position to close. O(reduce-only orders of the portfolio in the series).
 */
export function closeIdleReduceOnly(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  instrument: InstrumentId,
): void {
  const orders = reduceOnlyOrders(state, portfolio, instrument);
  if (orders === undefined) return;
  const position = positionOf(state, portfolio, instrument);
  const idle: RestingOrder[] = [];
  for (const id of orders) {
    const order = state.orders.must(id);
    const reduces = order.side === SIDE.buy ? position < 0 : position > 0;
    if (!reduces) idle.push(order);
  }
  // Sorted only then: it is asked after every fill of an owner, and most leave something to reduce.
  for (const order of idle.sort((a, b) => a.id - b.id)) {
    closeOrder(state, context, order, CLOSE_REASON.reduceOnly);
  }
}

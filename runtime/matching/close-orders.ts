/** Closes every order and trigger of an instrument: at expiry, and when it stops trading. */
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import type { CloseReason } from '../event.ts';
import type { State } from '../state/state.ts';
import { ordersFromBest } from './book.ts';
import { closeOrder } from './close-order.ts';
import { closeTriggersOfInstrument } from './close-trigger.ts';

/** Closes them by ascending number, orders first; the book is forgotten. O(n log n). */
export function closeOrdersOfInstrument(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  reason: CloseReason,
): void {
  const { byInstrument } = state.derived.books;
  const book = byInstrument.get(instrument);
  if (book === undefined) {
    closeTriggersOfInstrument(state, context, instrument);
    return;
  }
  const orders = [...ordersFromBest(book.bids), ...ordersFromBest(book.asks)];
  for (const order of orders.sort((a, b) => a.id - b.id)) {
    closeOrder(state, context, order, reason);
  }
  byInstrument.delete(instrument);
  closeTriggersOfInstrument(state, context, instrument);
}

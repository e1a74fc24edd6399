/** Takes a combo out of the market for good: its orders, its row, its instrument. */
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { closeOrdersOfInstrument, hasOrders } from '../matching/close-orders.ts';
import type { State } from '../state/state.ts';
import { unindexCombo } from './combo-index.ts';

/**
 * Closes at most `most` of its orders by number, and, when none is left, forgets it: nobody has a
 * position in a combo. The number closed. O(n log n) of those closed.
 */
export function closeCombo(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  most: number,
): number {
  const closed = closeOrdersOfInstrument(state, context, instrument, CLOSE_REASON.expired, most);
  if (hasOrders(state, instrument)) return closed;
  unindexCombo(state, state.combos.must(instrument));
  state.combos.delete(instrument);
  state.instruments.delete(instrument);
  context.events.push({ selector: EVENT.instrumentSettled, value: { instrument } });
  return closed;
}

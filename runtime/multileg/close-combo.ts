/** Takes a combo out of the market for good: its orders, its row, its instrument. */
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { closeOrdersOfInstrument } from '../matching/close-orders.ts';
import type { State } from '../state/state.ts';
import { unindexCombo } from './combo-index.ts';

/** Closes its orders by number, then forgets it: nobody has a position in a combo. O(n log n). */
export function closeCombo(state: State, context: BlockContext, instrument: InstrumentId): void {
  closeOrdersOfInstrument(state, context, instrument, CLOSE_REASON.expired);
  unindexCombo(state, state.combos.must(instrument));
  state.combos.delete(instrument);
  state.instruments.delete(instrument);
  context.events.push({ selector: EVENT.instrumentSettled, value: { instrument } });
}

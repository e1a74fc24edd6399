/** Last trades of series that are settled: from version 2 of matching on they are not kept. */
import { INSTRUMENT_STATE } from '../options/instrument.ts';
import type { State } from '../state/state.ts';

/** Drops those that are there. O(last trades), at most those of 32 expiries for each underlying. */
export function forgetSettledTrades(state: State): void {
  for (const id of state.lastTrades.sortedKeys()) {
    const instrument = state.instruments.get(id);
    if (instrument === undefined || instrument.state === INSTRUMENT_STATE.settled) {
      state.lastTrades.delete(id);
    }
  }
}

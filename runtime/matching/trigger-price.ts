/** The price that a trigger watches, in micro-USD per coin. */
import { TRIGGER_SOURCE, type TriggerSource } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import type { Instrument } from '../options/instrument.ts';
import { freshIndex, freshMark } from '../oracle/freshness.ts';
import type { State } from '../state/state.ts';

/** The price as it is now, or `undefined` when it is not known or stale. O(1). */
export function watchedPrice(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  source: TriggerSource,
): number | undefined {
  switch (source) {
    case TRIGGER_SOURCE.mark:
      return freshMark(state, context, instrument.id)?.price;
    case TRIGGER_SOURCE.index:
      return freshIndex(state, context, instrument.underlying);
    case TRIGGER_SOURCE.last: {
      const row = state.lastTrades.get(instrument.id);
      const underlying = state.underlyings.must(instrument.underlying);
      const tick = contractTerms(underlying, instrument.kind).optionTickMicroUsd;
      return row === undefined ? undefined : row.price * tick;
    }
  }
}

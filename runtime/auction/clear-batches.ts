/**
 * The end of a block for books that orders were collected in: batch-mode books clear, running call
 * auctions publish where they would.
 *
 * Source: design/exchange.md §2; Budish, Cramton and Shim 2015. Only a book that an order entered can
 * cross, so only those are looked at. `indicative.ts` says how often a price is published.
 */
import type { BlockContext } from '../block-context.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { endQuietAuction, isCrossed, settleAuction, viewAuction } from './clear-book.ts';
import { publishIndicatives } from './indicative.ts';

function ascending(ids: ReadonlySet<InstrumentId>): InstrumentId[] {
  return [...ids].sort((a, b) => a - b);
}

/** Clears one batch-mode book. A book without anyone to trade or to leave is passed over. */
function clearBatch(state: State, context: BlockContext, id: InstrumentId): void {
  const instrument = state.instruments.must(id);
  if (!isCrossed(state, instrument)) {
    if (state.derived.auctions.leaving.has(id)) endQuietAuction(state, context, instrument);
    return;
  }
  const view = viewAuction(state, context, instrument, 'batch');
  assert(view !== undefined, 'an order enters a batch only while there is a fresh mark');
  settleAuction(state, context, view);
}

/**
 * Clears every batch-mode book that took an order in this block, by ascending number, then publishes
 * the indicative prices of running auctions. O(1) when neither happened.
 */
export function clearBatches(state: State, context: BlockContext): void {
  const { collected, searched } = state.derived.auctions;
  searched.clear();
  if (collected.size > 0) {
    for (const id of ascending(collected)) clearBatch(state, context, id);
    collected.clear();
  }
  publishIndicatives(state, context);
}

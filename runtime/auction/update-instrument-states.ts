/**
 * The step of a block that moves instrument states by time: outages, halts, restarts, openings.
 *
 * Source: design/exchange.md §2, §4; design/chain.md §2. After oracle and marks, before anything that
 * trades. Order: underlyings ascending; series that got their first mark; phases that are over, by
 * time and then instrument. Cost: O(underlyings + expiries with pending series) when nothing is due.
 */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { type InstrumentId, instrumentId } from '../core/units.ts';
import { MAX_CLEARED_ORDERS_PER_BLOCK } from '../limits.ts';
import { INSTRUMENT_STATE } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { changeState, setPhase, statusOf } from './change-state.ts';
import { type ClearingBudget, endOwnAuction, timeAfter } from './end-auction.ts';
import { startOpening } from './start-auction.ts';
import { updateUnderlying } from './update-underlying.ts';

/** Series whose expiry has marks now start their opening auction. */
function startPending(state: State, context: BlockContext): void {
  const { pending } = state.derived.auctions;
  if (pending.size === 0) return;
  for (const key of [...pending.keys()].sort((a, b) => a - b)) {
    if (!state.markInputs.has(key)) continue;
    const waiting = [...(pending.get(key) ?? [])].sort((a, b) => a - b);
    for (const id of waiting) startOpening(state, context, state.instruments.must(id));
  }
}

/** Ends the phase of one instrument. */
function endPhase(
  state: State,
  context: BlockContext,
  id: InstrumentId,
  budget: ClearingBudget,
): void {
  const instrument = state.instruments.must(id);
  const phase = state.phases.must(id);
  const { automatic, governed } = statusOf(state, instrument.underlying);
  const { halted, auction, open } = INSTRUMENT_STATE;
  if (governed === halted || automatic === halted || automatic === auction) {
    // It goes on with its underlying: asked again in every block would not be O(1).
    const { isOpening, extended } = phase;
    const until = timeAfter(context, Math.max(1, context.parameters.auctionExtensionMs));
    setPhase(state, instrument, { until, isOpening, extended });
    return;
  }
  if (instrument.state === auction) endOwnAuction(state, context, instrument, phase, budget);
  else changeState(state, context, instrument, open);
}

/** Moves every state that is due. `sinceParentMs`: time since the parent block. */
export function updateInstrumentStates(
  state: State,
  context: BlockContext,
  sinceParentMs: number,
): void {
  const budget: ClearingBudget = { left: MAX_CLEARED_ORDERS_PER_BLOCK };
  for (const underlying of state.underlyings.sortedKeys()) {
    updateUnderlying(state, context, underlying, { sinceParentMs, budget });
  }
  startPending(state, context);
  const { due } = state.derived.auctions;
  for (;;) {
    const id = firstDue(due, context.timestamp);
    // What is beyond the budget stays due, and in auction: it comes first in the next block.
    if (id === undefined || budget.left <= 0) return;
    // Every end of a phase takes it away or puts it into the future, so this ends.
    endPhase(state, context, instrumentId(id), budget);
  }
}

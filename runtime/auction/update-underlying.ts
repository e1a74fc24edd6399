/**
 * What an oracle outage and a gap between blocks do to all trading of an underlying.
 *
 * Source: design/exchange.md §4 ("by age and quorum first reduce-only, then halt; restart by
 * auction"), design/chain.md §2 ("after a gap of more than 60 s trading restarts by auction"). Only a
 * quorum of votes renews the index, so its age measures both.
 *
 *   index older than oracleReduceOnlyMs                     reduceOnly
 *   index older than oracleStaleMs                          halted
 *   fresh again after a halt; a gap                         auction for restartAuctionMs
 *   its end                                                 postOnly for postOnlyAfterHaltMs, then open
 *
 * What governance has halted waits for it before it restarts. One row per underlying, however many
 * series; the books are looked at when a restart begins and ends.
 */
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, timestampMs, type UnderlyingId } from '../core/units.ts';
import { RESTART_GAP_MS } from '../limits.ts';
import { isEmptyBook } from '../matching/book.ts';
import { INSTRUMENT_STATE, type Instrument, type InstrumentState } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { changeState, changeStatus, statusOf } from './change-state.ts';
import { clearingWork, closeLeaving, isCrossed } from './clear-book.ts';
import { type ClearingBudget, timeAfter, tryClear } from './end-auction.ts';
import type { TradingStatus } from './phase.ts';
import { closeContinuousOnly } from './start-auction.ts';

const { open, auction, postOnly, reduceOnly, halted } = INSTRUMENT_STATE;

/** States of an instrument's own layer that its underlying's auction collects orders in. */
const COLLECTING: readonly InstrumentState[] = [open, postOnly, reduceOnly];

/**
 * Instruments of an underlying with orders, ascending. O(books). A book that emptied says no more than
 * one that never was: a node that reloaded has not got it.
 */
function withOrders(state: State, underlying: UnderlyingId): Instrument[] {
  const found: InstrumentId[] = [];
  for (const [id, book] of state.derived.books.byInstrument) {
    if (isEmptyBook(book)) continue;
    const instrument = state.instruments.get(id);
    if (instrument?.underlying === underlying && COLLECTING.includes(instrument.state)) {
      found.push(id);
    }
  }
  return found.sort((a, b) => a - b).map((id) => state.instruments.must(id));
}

/** From halted, or at a gap: the restart auction, or what follows it when that has no length. */
export function restartUnderlying(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  budget: ClearingBudget,
): void {
  const { restartAuctionMs } = context.parameters;
  if (restartAuctionMs === 0) {
    // A halt may have stopped an auction that had a length.
    const instruments = withOrders(state, underlying);
    for (const one of instruments) if (!isCrossed(state, one)) closeLeaving(state, context, one);
    const crossed = instruments.filter((one) => isCrossed(state, one));
    endAuctions(state, context, crossed, budget);
    openUnderlying(state, context, underlying);
    return;
  }
  for (const instrument of withOrders(state, underlying)) {
    closeContinuousOnly(state, context, instrument);
  }
  const until = timeAfter(context, restartAuctionMs);
  changeStatus(state, context, underlying, { automatic: auction, until });
}

function openUnderlying(state: State, context: BlockContext, underlying: UnderlyingId): void {
  const { postOnlyAfterHaltMs } = context.parameters;
  const { automatic } = statusOf(state, underlying);
  const next =
    postOnlyAfterHaltMs === 0
      ? { automatic: open, until: timestampMs(0) }
      : { automatic: postOnly, until: timeAfter(context, postOnlyAfterHaltMs) };
  if (automatic !== next.automatic) changeStatus(state, context, underlying, next);
}

/**
 * Clears the books; one far from its mark, or without one, goes on alone, and so do those beyond the
 * block's budget, which are due in the next.
 */
function endAuctions(
  state: State,
  context: BlockContext,
  instruments: readonly Instrument[],
  budget: ClearingBudget,
): void {
  const { auctionExtensionMs } = context.parameters;
  for (const instrument of instruments) {
    const isBeyond = budget.left <= 0;
    if (!isBeyond) budget.left -= clearingWork(state, instrument);
    const end = isBeyond ? 'beyond' : tryClear(state, context, instrument, 'may extend');
    if (end === 'cleared') continue;
    const until = timeAfter(context, isBeyond ? 1 : Math.max(1, auctionExtensionMs));
    const phase = { until, isOpening: false, extended: end === 'extended' };
    changeState(state, context, instrument, auction, phase);
  }
}

/** Back from reduce-only: to the rest of the post-only time, if it is not over. */
function relax(state: State, context: BlockContext, status: Readonly<TradingStatus>): void {
  const stillPostOnly = status.until > context.timestamp;
  const automatic = stillPostOnly ? postOnly : open;
  const until = stillPostOnly ? status.until : timestampMs(0);
  changeStatus(state, context, status.underlying, { automatic, until });
}

/** What is due of an underlying whose index is fresh. */
function updateFresh(
  state: State,
  context: BlockContext,
  status: Readonly<TradingStatus>,
  isAging: boolean,
  budget: ClearingBudget,
): void {
  const { underlying, automatic, governed, until } = status;
  const isDue = until !== 0 && until <= context.timestamp;
  switch (automatic) {
    case halted:
      if (governed !== halted) restartUnderlying(state, context, underlying, budget);
      return;
    case auction:
      if (!isDue || governed === halted) return;
      endAuctions(state, context, withOrders(state, underlying), budget);
      openUnderlying(state, context, underlying);
      return;
    case reduceOnly:
      if (!isAging) relax(state, context, status);
      return;
    case open:
    case postOnly:
      if (isAging) changeStatus(state, context, underlying, { automatic: reduceOnly });
      else if (isDue) relax(state, context, status);
  }
}

/**
 * Brings one underlying up to date. `sinceParentMs`: time since the parent block; `budget`: what is
 * left of the block's. O(1) unless a restart begins or ends.
 */
export function updateUnderlying(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  { sinceParentMs, budget }: { readonly sinceParentMs: number; readonly budget: ClearingBudget },
): void {
  const row = state.indexPrices.get(underlying);
  // Before the first index there is no mark, so nothing has ever traded.
  if (row === undefined || row.index === 0) return;
  const { oracleReduceOnlyMs, oracleStaleMs } = context.parameters;
  const ageMs = context.timestamp - row.updatedAt;
  const status = statusOf(state, underlying);
  if (ageMs > oracleStaleMs) {
    if (status.automatic === halted) return;
    changeStatus(state, context, underlying, { automatic: halted, until: timestampMs(0) });
    return;
  }
  const isOpen = status.automatic !== halted && status.automatic !== auction;
  if (sinceParentMs > RESTART_GAP_MS && isOpen) {
    restartUnderlying(state, context, underlying, budget);
    return;
  }
  updateFresh(state, context, status, ageMs > oracleReduceOnlyMs, budget);
}

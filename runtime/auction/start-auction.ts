/**
 * The start of trading: of a series just listed, and after a halt.
 *
 * Source: design/exchange.md §2, §4. A listed series waits (`pending`) until its first mark, since
 * without one there is neither a band nor a price that draws; then its opening auction runs. With
 * `openingAuctionMs` 0 it is open at once, and an order without a mark is refused as such.
 *
 * Orders good for continuous trading only (GFN) leave when an auction starts.
 */
import type { BlockContext } from '../block-context.ts';
import { timestampMs } from '../core/units.ts';
import { CLOSE_REASON } from '../event.ts';
import { ordersFromBest } from '../matching/book.ts';
import { bookOf } from '../matching/books.ts';
import { closeOrder } from '../matching/close-order.ts';
import { INSTRUMENT_STATE, type Instrument, type InstrumentState } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { changeState, type NextPhase, setPhase } from './change-state.ts';
import { closeLeaving, isCrossed } from './clear-book.ts';
import { openAfter, timeAfter } from './end-auction.ts';

/** The state that a series is listed in. */
export function listingState(context: BlockContext): InstrumentState {
  return context.parameters.openingAuctionMs === 0
    ? INSTRUMENT_STATE.open
    : INSTRUMENT_STATE.pending;
}

/** Notes a series just listed, in the state of `listingState`. O(1). */
export function awaitOpening(state: State, instrument: Instrument): void {
  if (instrument.state !== INSTRUMENT_STATE.pending) return;
  setPhase(state, instrument, { until: timestampMs(0), isOpening: true, extended: false });
}

/** Starts the opening auction of a pending instrument; open at once when it has no length. */
export function startOpening(state: State, context: BlockContext, instrument: Instrument): void {
  const { openingAuctionMs } = context.parameters;
  if (openingAuctionMs === 0) {
    changeState(state, context, instrument, INSTRUMENT_STATE.open);
    return;
  }
  const until = timeAfter(context, openingAuctionMs);
  const phase: NextPhase = { until, isOpening: true, extended: false };
  changeState(state, context, instrument, INSTRUMENT_STATE.auction, phase);
}

/**
 * Restarts one instrument: an auction, or what follows it when that has no length and the halt did
 * not leave a book that crosses.
 */
export function startRestart(state: State, context: BlockContext, instrument: Instrument): void {
  const { restartAuctionMs } = context.parameters;
  if (restartAuctionMs === 0 && !isCrossed(state, instrument)) {
    // Of an auction that the halt stopped: there is none for them to wait for.
    closeLeaving(state, context, instrument);
    openAfter(state, context, instrument, 'restart');
    return;
  }
  closeContinuousOnly(state, context, instrument);
  const until = timeAfter(context, Math.max(1, restartAuctionMs));
  const phase: NextPhase = { until, isOpening: false, extended: false };
  changeState(state, context, instrument, INSTRUMENT_STATE.auction, phase);
}

/** Closes the orders of a book that are good for continuous trading only. O(orders of the book). */
export function closeContinuousOnly(
  state: State,
  context: BlockContext,
  instrument: Instrument,
): void {
  const book = bookOf(state, instrument.id);
  const orders = [...ordersFromBest(book.bids), ...ordersFromBest(book.asks)]
    .filter(({ continuousOnly }) => continuousOnly)
    .sort((a, b) => a.id - b.id);
  for (const order of orders) closeOrder(state, context, order, CLOSE_REASON.auctionEnd);
}

/**
 * The end of a call auction: cleared, extended once, or put off until there is a mark.
 *
 * Source: design/exchange.md §2: one extension if the price is over `auctionMaxDeviationBps` (2 %)
 * from the mark. A tick is allowed in any case: on an option of a few dollars it is more than 2 %.
 * What the extension ends with counts, however far away.
 */
import type { BlockContext } from '../block-context.ts';
import { type TimestampMs, timestampMs } from '../core/units.ts';
import { INSTRUMENT_STATE, type Instrument } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { changeState, setPhase } from './change-state.ts';
import {
  type AuctionView,
  clearingWork,
  endQuietAuction,
  isCrossed,
  settleAuction,
  viewAuction,
} from './clear-book.ts';
import type { InstrumentPhase } from './phase.ts';

const BPS_PER_ONE = 10_000n;

/** The block time `delayMs` ahead. */
export function timeAfter(context: BlockContext, delayMs: number): TimestampMs {
  return timestampMs(context.timestamp + delayMs);
}

function isFarFromMark(context: BlockContext, { plan, mark, underlying }: AuctionView): boolean {
  if (plan.clearing === undefined) return false;
  const price = plan.clearing.price * underlying.optionTickMicroUsd;
  const away = Math.abs(price - mark.price);
  if (away <= underlying.optionTickMicroUsd) return false;
  const { auctionMaxDeviationBps } = context.parameters;
  return BigInt(away) * BPS_PER_ONE > BigInt(mark.price) * BigInt(auctionMaxDeviationBps);
}

/** Orders that ends of auctions may still meet in this block. */
export type ClearingBudget = { left: number };

/** What became of an auction that was due. */
export type AuctionEnd = 'cleared' | 'extended' | 'no_mark';

/**
 * Clears the book of an instrument in a call auction, unless its price is far from the mark and it
 * may be extended, or it crosses and there is no fresh mark to clear it by.
 */
export function tryClear(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  mayExtend: 'may extend' | 'last try',
): AuctionEnd {
  if (!isCrossed(state, instrument)) {
    endQuietAuction(state, context, instrument);
    return 'cleared';
  }
  const view = viewAuction(state, context, instrument, 'call');
  if (view === undefined) return 'no_mark';
  if (mayExtend === 'may extend' && isFarFromMark(context, view)) return 'extended';
  settleAuction(state, context, view);
  return 'cleared';
}

/** What follows an auction or a halt: the post-only time after a restart, or at once open. */
export function openAfter(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  after: 'opening' | 'restart',
): void {
  const { postOnlyAfterHaltMs } = context.parameters;
  if (after === 'opening' || postOnlyAfterHaltMs === 0) {
    changeState(state, context, instrument, INSTRUMENT_STATE.open);
    return;
  }
  const until = timeAfter(context, postOnlyAfterHaltMs);
  const phase = { until, isOpening: false, extended: false };
  changeState(state, context, instrument, INSTRUMENT_STATE.postOnly, phase);
}

/** Ends an instrument's own auction, which is due. */
export function endOwnAuction(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  phase: InstrumentPhase,
  budget: ClearingBudget,
): void {
  budget.left -= clearingWork(state, instrument);
  const end = tryClear(state, context, instrument, phase.extended ? 'last try' : 'may extend');
  const { isOpening } = phase;
  if (end === 'cleared') {
    openAfter(state, context, instrument, isOpening ? 'opening' : 'restart');
    return;
  }
  // Without a mark it waits as long again and again: that is no extension of its own.
  const until = timeAfter(context, Math.max(1, context.parameters.auctionExtensionMs));
  setPhase(state, instrument, { until, isOpening, extended: phase.extended || end === 'extended' });
}

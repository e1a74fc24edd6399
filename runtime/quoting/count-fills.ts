/** What the fills of quotes do to their makers' protections: counts them, and fires those met. */

import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, timestampMs, type UnderlyingId } from '../core/units.ts';
import { CLOSE_REASON, type CloseReason, EVENT, PROTECTION_CHANGE } from '../event.ts';
import { closeOrder } from '../matching/close-order.ts';
import type { Order } from '../matching/order.ts';
import { protectionKey, type State } from '../state/state.ts';
import {
  greeksOf,
  isFrozen,
  lotsAllowed,
  type Protection,
  protectionOver,
  UNTIL_RESET,
  useAfter,
} from './protection.ts';
import { quotesOf } from './quote-index.ts';

/** A fill of a resting order; the row as it is after it, in the book or not. */
export type MakerFill = { readonly maker: Order; readonly lots: number };
/** A resting order that a plan took out of the book, and why. */
export type MakerDrop = { readonly order: Order; readonly reason: CloseReason };

/** Adds a fill to the window that it falls into. */
function addFill(state: State, context: BlockContext, row: Protection, fill: MakerFill): void {
  const { limits } = row;
  if (context.timestamp >= row.windowEndsAt) {
    row.windowEndsAt = timestampMs(context.timestamp + limits.windowMs);
    row.quantity = 0;
    row.delta = 0;
    row.vega = 0;
    row.fills = 0;
  }
  const { maker, lots } = fill;
  const greeks = greeksOf(state, maker.instrument);
  Object.assign(row, useAfter(limits, row, greeks, { side: maker.side, lots }));
  state.protections.touch(protectionKey.pack(row.portfolio, row.underlying));
}

/** Withdraws every quote of the protection and freezes it. O(n log n) in its quotes. */
function trigger(state: State, context: BlockContext, row: Protection): void {
  const { portfolio, underlying, limits } = row;
  row.frozenUntil =
    limits.frozenMs === 0 ? UNTIL_RESET : timestampMs(context.timestamp + limits.frozenMs);
  // The next fill after the freeze starts a window.
  row.windowEndsAt = timestampMs(0);
  state.protections.touch(protectionKey.pack(portfolio, underlying));
  const { frozenUntil } = row;
  context.events.push({
    selector: EVENT.protection,
    value: { portfolio, underlying, change: PROTECTION_CHANGE.triggered, frozenUntil },
  });
  withdrawQuotes(state, context, portfolio, underlying);
}

function withdrawQuotes(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  underlying: UnderlyingId,
): void {
  for (const quote of quotesOf(state, portfolio, underlying)) {
    closeOrder(state, context, quote, CLOSE_REASON.protection);
  }
}

/**
 * Counts those of a match's fills that are of quotes, in the order in which they traded, then fires
 * every protection of which a limit is met, or that kept a quote from trading what it was asked for:
 * a drop for the reason `protection`. Cost: O(fills + drops), and for each protection that fires its
 * quotes. Nothing to do while `state.protections` is empty.
 *
 * To be called once a match, after all of its fills: firing takes orders out of books.
 */
export function countQuoteFills(
  state: State,
  context: BlockContext,
  fills: readonly MakerFill[],
  drops: readonly MakerDrop[],
): void {
  const met: Protection[] = [];
  for (const fill of fills) {
    const row = fill.maker.isQuote ? protectionOver(state, fill.maker) : undefined;
    if (row === undefined) continue;
    addFill(state, context, row, fill);
    const { instrument, side } = fill.maker;
    if (lotsAllowed(row.limits, row, greeksOf(state, instrument), side) === 0) met.push(row);
  }
  for (const { order, reason } of drops) {
    if (reason !== CLOSE_REASON.protection) continue;
    const row = protectionOver(state, order);
    if (row !== undefined) met.push(row);
  }
  for (const row of met) {
    if (!isFrozen(row, context.timestamp)) trigger(state, context, row);
  }
}

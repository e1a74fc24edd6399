/** Ends requests and quotes whose time has come, before any action of the block. */

import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { assert } from '../core/result.ts';
import { orderId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { closeQuote, closeRequest } from './close-quote.ts';
import { QUOTE_END } from './events.ts';

/**
 * Closes what is due, by (expiry, number): a block's time at the expiry is too late. O(log n) each;
 * nothing due costs O(1).
 */
export function expireQuotes(state: State, context: BlockContext): void {
  const { due } = state.derived.requests;
  for (
    let key = firstDue(due, context.timestamp);
    key !== undefined;
    key = firstDue(due, context.timestamp)
  ) {
    const id = orderId(key);
    const request = state.quoteRequests.get(id);
    const quote = state.requestQuotes.get(id);
    assert(request !== undefined || quote !== undefined, 'what is due is a request or a quote');
    if (request !== undefined) closeRequest(state, context, request, QUOTE_END.expired);
    if (quote !== undefined) closeQuote(state, context, quote, QUOTE_END.expired);
  }
}

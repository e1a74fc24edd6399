/** Takes quotes and requests out of the tables for good, and says so. */

import type { BlockContext } from '../block-context.ts';
import { EVENT } from '../event.ts';
import type { State } from '../state/state.ts';
import type { QuoteEnd } from './events.ts';
import type { LiveQuote, LiveRequest } from './live-quote.ts';
import { quotesOn, unindexQuote, unindexRequest } from './request-index.ts';

/** Closes a live quote. O(log n). */
export function closeQuote(
  state: State,
  context: BlockContext,
  quote: LiveQuote,
  reason: QuoteEnd,
): void {
  unindexQuote(state, quote);
  state.requestQuotes.delete(quote.id);
  context.events.push({ selector: EVENT.quoteClosed, value: { id: quote.id, reason } });
}

/** Closes a live request: first its quotes by number, with the same reason. O(quotes on it). */
export function closeRequest(
  state: State,
  context: BlockContext,
  request: LiveRequest,
  reason: QuoteEnd,
): void {
  for (const id of [...quotesOn(state, request.id)].sort((a, b) => a - b)) {
    closeQuote(state, context, state.requestQuotes.must(id), reason);
  }
  unindexRequest(state, request);
  state.quoteRequests.delete(request.id);
  context.events.push({ selector: EVENT.requestClosed, value: { id: request.id, reason } });
}

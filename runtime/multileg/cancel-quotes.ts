/** The `cancelQuotes` action: withdraws a sub-account's quotes and requests. */

import type { CancelQuotes } from '../actions/multileg.ts';
import type { BlockContext } from '../block-context.ts';
import { ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioId } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { closeQuote, closeRequest } from './close-quote.ts';
import { QUOTE_END } from './events.ts';
import { quotesOfAccount, requestsOfAccount } from './request-index.ts';

/**
 * Withdraws quotes, then requests, by ascending number: those of one request, or all when `request`
 * is 0. None is no error; the result counts both, not the quotes of others that a request takes along.
 * Cost: O(n log n), at most 256 quotes and 16 requests of 64 quotes.
 */
export function cancelQuotes(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, request: wanted }: CancelQuotes,
): Result<ActionResult, Refusal> {
  const portfolio = portfolioId(account, subAccount);
  let cancelled = 0;
  for (const id of [...quotesOfAccount(state, account)].sort((a, b) => a - b)) {
    const quote = state.requestQuotes.must(id);
    if (quote.portfolio !== portfolio || (wanted !== 0 && quote.request !== wanted)) continue;
    closeQuote(state, context, quote, QUOTE_END.withdrawn);
    cancelled += 1;
  }
  for (const id of [...requestsOfAccount(state, account)].sort((a, b) => a - b)) {
    const request = state.quoteRequests.must(id);
    if (request.portfolio !== portfolio || (wanted !== 0 && id !== wanted)) continue;
    closeRequest(state, context, request, QUOTE_END.withdrawn);
    cancelled += 1;
  }
  return ok({ selector: ACTION_RESULT.cancelled, value: { cancelled } });
}

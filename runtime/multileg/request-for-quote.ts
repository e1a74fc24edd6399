/**
 * The `requestForQuote` action: asks makers for net prices on a structure.
 *
 * Source: design/exchange.md §2. A request says neither side nor limit: what it does not say nobody
 * can trade against. It ends when it is traded, withdrawn or expired, and its quotes with it.
 */
import type { RequestForQuote } from '../actions/multileg.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioId, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { MAX_QUOTE_LIFE_MS, MAX_REQUESTS, MAX_REQUESTS_PER_ACCOUNT } from '../limits.ts';
import { takeOrderId } from '../matching/order-number.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { legsRefusal, valueLegs } from './check-legs.ts';
import type { LiveRequest } from './live-quote.ts';
import { indexRequest, requestsOfAccount } from './request-index.ts';

/** `bad_quote_expiry` unless above the block's time by at most `MAX_QUOTE_LIFE_MS`. */
export function quoteLifeRefusal(context: BlockContext, expiresAt: number): Refusal | undefined {
  const latest = timestampMs(context.timestamp + MAX_QUOTE_LIFE_MS);
  if (expiresAt > context.timestamp && expiresAt <= latest) return undefined;
  return refusal('bad_quote_expiry', { given: expiresAt, allowed: latest });
}

function countRefusal(state: State, account: AccountId): Refusal | undefined {
  const own = requestsOfAccount(state, account).size;
  if (own >= MAX_REQUESTS_PER_ACCOUNT) {
    return refusal('too_many_requests', { given: own, allowed: MAX_REQUESTS_PER_ACCOUNT });
  }
  const all = state.quoteRequests.size;
  if (all >= MAX_REQUESTS)
    return refusal('too_many_requests', { given: all, allowed: MAX_REQUESTS });
  return undefined;
}

/**
 * Opens a request. Errors in order: those of `legsRefusal`, those of `valueLegs` for all units,
 * bad_quote_expiry, too_many_requests. Cost: ~1 µs a leg.
 */
export function requestForQuote(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, legs, units, expiresAt }: RequestForQuote,
): Result<ActionResult, Refusal> {
  const badLegs = legsRefusal(state, context, legs);
  if (badLegs !== undefined) return err(badLegs);
  const valued = valueLegs(state, context, legs, units);
  if (!valued.ok) return valued;
  const refused = quoteLifeRefusal(context, expiresAt) ?? countRefusal(state, account);
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  const request: LiveRequest = {
    id: takeOrderId(state),
    portfolio: portfolioId(account, subAccount),
    legs: legs.map((leg) => ({ ...leg })),
    units,
    placedAt: context.timestamp,
    expiresAt,
  };
  state.quoteRequests.set(request.id, request);
  indexRequest(state, request);
  context.events.push({ selector: EVENT.quoteRequested, value: request });
  return ok({ selector: ACTION_RESULT.numbered, value: { id: request.id } });
}

/**
 * The `quoteRequest` action: a maker's net prices on a live request.
 *
 * Source: design/exchange.md §2. A quote that its maker could not carry now is refused, so a request
 * cannot be filled with quotes that mean nothing; it is judged again when it is accepted.
 */

import { QUOTE_SIDES, type QuoteRequest } from '../actions/multileg.ts';
import { SIDE } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  type AccountId,
  type OrderId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { MAX_QUOTES_PER_REQUEST, MAX_REQUEST_QUOTES_PER_ACCOUNT } from '../limits.ts';
import { takeOrderId } from '../matching/order-number.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { allocateNet } from './allocate-net.ts';
import { legsRefusal, netBandRefusal, type ValuedLegs, valueLegs } from './check-legs.ts';
import { closeQuote } from './close-quote.ts';
import { QUOTE_END } from './events.ts';
import { type LegTrade, legTradeRefusal, priceLegs } from './leg-trade.ts';
import type { LiveQuote, LiveRequest } from './live-quote.ts';
import { quoteLifeRefusal } from './request-for-quote.ts';
import { indexQuote, quotesOfAccount, quotesOn } from './request-index.ts';

/** Fields that need nothing but the request: bad_quote, bad_size. */
function fieldRefusal(request: LiveRequest, action: QuoteRequest): Refusal | undefined {
  const { sides, bid, ask, units } = action;
  const known =
    sides === QUOTE_SIDES.both || sides === QUOTE_SIDES.bid || sides === QUOTE_SIDES.ask;
  const crossed = sides === QUOTE_SIDES.both && bid >= ask;
  const surplus =
    (sides === QUOTE_SIDES.bid && ask !== 0n) || (sides === QUOTE_SIDES.ask && bid !== 0n);
  if (!known || crossed || surplus) return refusal('bad_quote', { given: bid, allowed: ask });
  if (units < 1 || units > request.units) {
    return refusal('bad_size', { given: units, allowed: request.units });
  }
  return undefined;
}

/** The portfolio's quote on the request, which a new one replaces. */
function quoteOf(state: State, request: OrderId, portfolio: PortfolioId): LiveQuote | undefined {
  for (const id of quotesOn(state, request)) {
    const quote = state.requestQuotes.must(id);
    if (quote.portfolio === portfolio) return quote;
  }
  return undefined;
}

function countRefusal(state: State, account: AccountId, request: OrderId): Refusal | undefined {
  const onRequest = quotesOn(state, request).size;
  if (onRequest >= MAX_QUOTES_PER_REQUEST) {
    return refusal('too_many_quotes', { given: onRequest, allowed: MAX_QUOTES_PER_REQUEST });
  }
  const own = quotesOfAccount(state, account).size;
  if (own >= MAX_REQUEST_QUOTES_PER_ACCOUNT) {
    return refusal('too_many_quotes', { given: own, allowed: MAX_REQUEST_QUOTES_PER_ACCOUNT });
  }
  return undefined;
}

/** The trade that an acceptance of a quote makes: `side` is the requester's. */
export function tradeOfQuote(
  request: LiveRequest,
  { underlying, legs }: ValuedLegs,
  quote: { readonly portfolio: PortfolioId; readonly side: 'buy' | 'sell'; readonly net: bigint },
): LegTrade {
  const premiums = allocateNet(legs, quote.net);
  const traded = priceLegs(underlying, legs, premiums, SIDE[quote.side]);
  return { taker: request.portfolio, maker: quote.portfolio, legs: traded };
}

/** Each price that is quoted: inside the net band, and what the maker can carry. */
function priceRefusal(
  state: State,
  request: LiveRequest,
  valued: ValuedLegs,
  portfolio: PortfolioId,
  { sides, bid, ask, units }: QuoteRequest,
): Refusal | undefined {
  const prices = [];
  if (sides !== QUOTE_SIDES.ask) prices.push({ side: 'sell', price: bid } as const);
  if (sides !== QUOTE_SIDES.bid) prices.push({ side: 'buy', price: ask } as const);
  for (const { price } of prices) {
    const outside = netBandRefusal(valued.legs, price * BigInt(units));
    if (outside !== undefined) return outside;
  }
  for (const { side, price } of prices) {
    const net = price * BigInt(units);
    const trade = tradeOfQuote(request, valued, { portfolio, side, net });
    const refused = legTradeRefusal(state, trade, 'maker');
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/**
 * Quotes a request. Errors in order: unknown_request, own_request, bad_quote, bad_size,
 * bad_quote_expiry, too_many_quotes, those of the legs as they are now (a leg may have expired),
 * no_mark, net_band, those of `legTradeRefusal`.
 *
 * Cost: O(quotes on the request + legs × settlements).
 */
export function quoteRequest(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: QuoteRequest,
): Result<ActionResult, Refusal> {
  const request = state.quoteRequests.get(action.request);
  if (request === undefined) return err(refusal('unknown_request', { given: action.request }));
  if (portfolioAccount(request.portfolio) === account) {
    return err(refusal('own_request', { given: action.request }));
  }
  const badField = fieldRefusal(request, action) ?? quoteLifeRefusal(context, action.expiresAt);
  if (badField !== undefined) return err(badField);
  const portfolio = portfolioId(account, action.subAccount);
  const replaced = quoteOf(state, request.id, portfolio);
  const tooMany = replaced === undefined ? countRefusal(state, account, request.id) : undefined;
  if (tooMany !== undefined) return err(tooMany);
  const badLegs = legsRefusal(state, context, request.legs);
  if (badLegs !== undefined) return err(badLegs);
  const valued = valueLegs(state, context, request.legs, action.units);
  if (!valued.ok) return valued;
  const refused = priceRefusal(state, request, valued.value, portfolio, action);
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  if (replaced !== undefined) closeQuote(state, context, replaced, QUOTE_END.replaced);
  const { sides, bid, ask, units, expiresAt } = action;
  const id = takeOrderId(state);
  const placedAt = context.timestamp;
  const quote = { id, request: request.id, portfolio, sides, bid, ask, units, placedAt, expiresAt };
  state.requestQuotes.set(id, quote);
  indexQuote(state, quote);
  context.events.push({ selector: EVENT.requestQuoted, value: quote });
  return ok({ selector: ACTION_RESULT.numbered, value: { id } });
}

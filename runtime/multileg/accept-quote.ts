/**
 * The `acceptQuote` action: trades a request with the best live quote inside the taker's limit.
 *
 * Source: design/exchange.md §2. The chain picks at execution: best net price, then the earliest.
 * A maker that cannot carry the trade is passed over, for at most `MAX_QUOTES_TRIED`. An account
 * never trades with itself: it cannot quote its own request.
 */

import { type AcceptQuote, QUOTE_SIDES } from '../actions/multileg.ts';
import { SIDE } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, type OrderId, portfolioAccount } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { MAX_QUOTES_TRIED } from '../limits.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { legsRefusal, netBandRefusal, type ValuedLegs, valueLegs } from './check-legs.ts';
import { closeRequest } from './close-quote.ts';
import { LEG_TRADE, QUOTE_END } from './events.ts';
import {
  applyLegTrade,
  feesOf,
  type LegTrade,
  legInterestRefusal,
  legTradeRefusal,
  netOf,
} from './leg-trade.ts';
import type { LiveQuote, LiveRequest } from './live-quote.ts';
import { tradeOfQuote } from './quote-request.ts';
import { quotesOn } from './request-index.ts';

/** A quote's price for the side that takes it, in micro-USD a unit. */
type Candidate = { readonly quote: LiveQuote; readonly price: bigint };

/** Live quotes inside the limit for all the units, best first: then the lower number. */
function candidatesOf(state: State, action: AcceptQuote): Candidate[] {
  const isBuy = action.side === SIDE.buy;
  const wrongSide = isBuy ? QUOTE_SIDES.bid : QUOTE_SIDES.ask;
  const candidates: Candidate[] = [];
  for (const id of quotesOn(state, action.request)) {
    const quote = state.requestQuotes.must(id);
    const price = isBuy ? quote.ask : quote.bid;
    if (quote.sides === wrongSide || quote.units < action.units) continue;
    if (isBuy ? price > action.limit : price < action.limit) continue;
    candidates.push({ quote, price });
  }
  return candidates.sort((a, b) => {
    if (a.price === b.price) return a.quote.id - b.quote.id;
    return a.price < b.price === isBuy ? -1 : 1;
  });
}

/** The first quote whose maker can carry the trade, or the last maker's refusal. */
function pickQuote(
  state: State,
  action: AcceptQuote,
  request: LiveRequest,
  valued: ValuedLegs,
): { readonly id: OrderId; readonly trade: LegTrade } | undefined {
  const side = action.side === SIDE.buy ? 'buy' : 'sell';
  for (const { quote, price } of candidatesOf(state, action).slice(0, MAX_QUOTES_TRIED)) {
    const net = price * BigInt(action.units);
    // Marks move while a quote lives: outside the band it does not trade.
    if (netBandRefusal(valued.legs, net) !== undefined) continue;
    const trade = tradeOfQuote(request, valued, { portfolio: quote.portfolio, side, net });
    if (legTradeRefusal(state, trade, 'maker') === undefined) return { id: quote.id, trade };
  }
  return undefined;
}

/**
 * Accepts the best quote; the request and all its quotes end. Errors in order: unknown_request,
 * not_owner, bad_side, bad_size, those of the legs as they are now, no_mark, no_quote (given: the
 * limit), those of `legInterestRefusal`, those of `legTradeRefusal` for the taker.
 *
 * Cost: O(quotes log quotes) and at most `MAX_QUOTES_TRIED` + 1 margin checks of the legs.
 */
export function acceptQuote(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: AcceptQuote,
): Result<ActionResult, Refusal> {
  const { side, limit, units } = action;
  const request = state.quoteRequests.get(action.request);
  if (request === undefined) return err(refusal('unknown_request', { given: action.request }));
  if (portfolioAccount(request.portfolio) !== account) {
    return err(refusal('not_owner', { given: action.request }));
  }
  if (side !== SIDE.buy && side !== SIDE.sell) {
    return err(refusal('bad_side', { given: side, allowed: SIDE.sell }));
  }
  if (units < 1 || units > request.units) {
    return err(refusal('bad_size', { given: units, allowed: request.units }));
  }
  const badLegs = legsRefusal(state, context, request.legs);
  if (badLegs !== undefined) return err(badLegs);
  const valued = valueLegs(state, context, request.legs, units);
  if (!valued.ok) return valued;
  const picked = pickQuote(state, action, request, valued.value);
  if (picked === undefined) return err(refusal('no_quote', { given: limit }));
  const { trade } = picked;
  const refused =
    legInterestRefusal(state, valued.value.underlying, trade) ??
    legTradeRefusal(state, trade, 'taker');
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  applyLegTrade(state, context, trade, { kind: LEG_TRADE.quote, reference: picked.id });
  closeRequest(state, context, request, QUOTE_END.traded);
  const { maker, legs } = trade;
  const cash = -netOf(legs, 'taker');
  const fee = feesOf(legs, 'taker');
  return ok({
    selector: ACTION_RESULT.legsTraded,
    value: { reference: picked.id, counterparty: maker, cash, fee },
  });
}

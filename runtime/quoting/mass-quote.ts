/**
 * The `massQuote` action: two-sided quotes on many series at once, each in the place of the maker's
 * last on its series.
 *
 * Source: design/exchange.md §2; Deribit, "Mass quotes". A side is post-only: where it would take it
 * rests just outside. Two passes: first everything that will not stay is withdrawn, on all series,
 * so that the new quotes are margined and priced without the old; then the new ones enter, in the
 * order of the action, bid before ask. A side of the same price with no more lots than it has open
 * is lowered in its place in the queue. A side that is refused leaves no old one behind: what a
 * maker no longer means must not trade.
 */

import { POST_ONLY, SIDE, type Side } from '../actions/order-terms.ts';
import { PLAIN_TERMS, type PlaceOrder } from '../actions/orders.ts';
import type { MassQuote, Quote } from '../actions/quoting.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, type PortfolioId, portfolioId } from '../core/units.ts';
import { errorEntry, type Refusal, refusal } from '../error.ts';
import { CLOSE_REASON } from '../event.ts';
import { checkOrder } from '../matching/check-order.ts';
import { closeOrder } from '../matching/close-order.ts';
import { decrementOrder } from '../matching/decrement-order.ts';
import { type EntryOptions, enterOrder, NEW_ORDER } from '../matching/enter-order.ts';
import type { RestingOrder } from '../matching/order.ts';
import { ACTION_RESULT, type ActionResult, type QuoteRefusal } from '../receipt.ts';
import { protectionKey, type State } from '../state/state.ts';
import { isFrozen } from './protection.ts';
import { quoteOn, quoteSide } from './quote-index.ts';

const NEW_QUOTE: EntryOptions = { ...NEW_ORDER, isQuote: true };

/** What becomes of the sides of an action. */
type Tally = { placed: number; kept: number; withdrawn: number; readonly refused: QuoteRefusal[] };

/** An action in progress. */
type Quoting = {
  readonly state: State;
  readonly context: BlockContext;
  readonly portfolio: PortfolioId;
  readonly tally: Tally;
};

/** One side of an entry that says so: its order, without size where there is none. */
function sideOf(action: MassQuote, quote: Quote, side: Side): PlaceOrder {
  const isBid = side === SIDE.buy;
  return {
    ...PLAIN_TERMS,
    subAccount: action.subAccount,
    instrument: quote.instrument,
    side,
    postOnly: POST_ONLY.slide,
    price: isBid ? quote.bidPrice : quote.askPrice,
    size: isBid ? quote.bidSize : quote.askSize,
  };
}

/** The series that stands in the action a second time, if any. O(quotes). */
function repeatedSeries({ quotes }: MassQuote): number | undefined {
  const seen = new Set<number>();
  for (const { instrument } of quotes) {
    if (seen.has(instrument)) return instrument;
    seen.add(instrument);
  }
  return undefined;
}

/**
 * Why no side of an entry may enter. Errors in order: unknown_instrument, auction_frozen (an old quote
 * stays), crossed_quote, protection_frozen.
 */
function entryRefusal({ state, context, portfolio }: Quoting, quote: Quote): Refusal | undefined {
  const { instrument, bidPrice, bidSize, askPrice, askSize } = quote;
  const listed = state.instruments.get(instrument);
  if (listed === undefined) return refusal('unknown_instrument', { given: instrument });
  if (quoteOn(state, portfolio, instrument) !== undefined) {
    const frozen = cancelRefusal(state, context, instrument);
    if (frozen !== undefined) return frozen;
  }
  if (bidSize > 0 && askSize > 0 && bidPrice >= askPrice) {
    return refusal('crossed_quote', { given: bidPrice, allowed: askPrice });
  }
  const row = state.protections.get(protectionKey.pack(portfolio, listed.underlying));
  if (row !== undefined && isFrozen(row, context.timestamp)) {
    return refusal('protection_frozen', { given: context.timestamp, allowed: row.frozenUntil });
  }
  return undefined;
}

/** Whether the side can stay where it is in its queue: the same price, and no more lots. */
function canKeep(old: RestingOrder, order: PlaceOrder): boolean {
  return order.size > 0 && order.price === old.price && order.size <= old.remaining;
}

/** The maker's quote on a side of a series that is listed. */
function oldSide({ state, portfolio }: Quoting, order: PlaceOrder): RestingOrder | undefined {
  if (!state.instruments.has(order.instrument)) return undefined;
  return quoteSide(quoteOn(state, portfolio, order.instrument), order.side);
}

/** First pass: takes a side's old quote out of the book, unless it can be kept. */
function withdraw({ state, context, tally }: Quoting, order: PlaceOrder, old: RestingOrder): void {
  const reason = order.size === 0 ? CLOSE_REASON.cancelled : CLOSE_REASON.quoteReplaced;
  closeOrder(state, context, old, reason);
  tally.withdrawn += 1;
}

/** Lowers a quote in its place, where the market would still take it. */
function keep(quoting: Quoting, order: PlaceOrder, old: RestingOrder): Refusal | undefined {
  const { state, context, portfolio, tally } = quoting;
  const checked = checkOrder(state, context, portfolio, order, old);
  if (!checked.ok) {
    withdraw(quoting, order, old);
    return checked.error;
  }
  if (order.size < old.remaining) decrementOrder(state, context, old, old.remaining - order.size);
  tally.kept += 1;
  return undefined;
}

/** Second pass: a side that asks for a quote. */
function enter(quoting: Quoting, order: PlaceOrder): Refusal | undefined {
  const old = oldSide(quoting, order);
  if (old !== undefined) return keep(quoting, order, old);
  const { state, context, portfolio, tally } = quoting;
  const entered = enterOrder(state, context, portfolio, order, NEW_QUOTE);
  if (!entered.ok) return entered.error;
  tally.placed += 1;
  return undefined;
}

const SIDES: readonly Side[] = [SIDE.buy, SIDE.sell];

/**
 * Replaces quotes. Errors of the action: duplicate_quote. Errors of a side, in its result, in order:
 * unknown_instrument, auction_frozen, crossed_quote, protection_frozen, then those of `enterOrder`.
 *
 * `withdrawn` counts old quotes taken out, also those that new ones followed. Cost: O(quotes); each
 * side that of an order that trades with nobody, and of a cancel.
 */
export function massQuote(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: MassQuote,
): Result<ActionResult, Refusal> {
  const repeated = repeatedSeries(action);
  if (repeated !== undefined) return err(refusal('duplicate_quote', { given: repeated }));

  // From here it must succeed: what is refused is refused by side.
  const portfolio = portfolioId(account, action.subAccount);
  const tally: Tally = { placed: 0, kept: 0, withdrawn: 0, refused: [] };
  const quoting: Quoting = { state, context, portfolio, tally };
  const entries = action.quotes.map((quote) => ({
    sides: SIDES.map((side) => sideOf(action, quote, side)),
    refused: entryRefusal(quoting, quote),
  }));
  for (const { sides, refused } of entries) {
    if (refused?.code === 'auction_frozen') continue;
    for (const order of sides) {
      const old = oldSide(quoting, order);
      if (old === undefined || (refused === undefined && canKeep(old, order))) continue;
      withdraw(quoting, order, old);
    }
  }
  for (const [entry, { sides, refused: ofEntry }] of entries.entries()) {
    for (const order of sides) {
      // A side without size has an old quote only where it may not be withdrawn.
      if (order.size === 0 && oldSide(quoting, order) === undefined) continue;
      const refused = ofEntry ?? enter(quoting, order);
      if (refused === undefined) continue;
      const { number } = errorEntry(refused.code);
      tally.refused.push({ entry, side: order.side, number });
    }
  }
  return ok({ selector: ACTION_RESULT.massQuoted, value: tally });
}

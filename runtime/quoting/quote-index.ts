/**
 * The quotes in the book by portfolio, underlying and series: an index over the rows of `orders`
 * with `isQuote`.
 *
 * Invariants: at most one quote per side, series and portfolio; the index equals the one rebuilt
 * from the table. Nothing here is iterated where the order could show: callers sort.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId, PortfolioId, UnderlyingId } from '../core/units.ts';
import type { RestingOrder } from '../matching/order.ts';
import { protectionKey, type State } from '../state/state.ts';

/** Both sides of a maker's quote on one series. */
export type QuotePair = { bid: RestingOrder | undefined; ask: RestingOrder | undefined };

/** Quotes by `protectionKey`, then by series. */
export type MakerQuotes = { readonly byGroup: Map<number, Map<InstrumentId, QuotePair>> };

export function makerQuotes(): MakerQuotes {
  return { byGroup: new Map() };
}

function groupOf(state: State, portfolio: PortfolioId, instrument: InstrumentId): number {
  return protectionKey.pack(portfolio, state.instruments.must(instrument).underlying);
}

/** The maker's quote on a series, or `undefined`. O(1). */
export function quoteOn(
  state: State,
  portfolio: PortfolioId,
  instrument: InstrumentId,
): QuotePair | undefined {
  const group = state.derived.makerQuotes.byGroup.get(groupOf(state, portfolio, instrument));
  return group?.get(instrument);
}

/** One side of a quote. */
export function quoteSide(pair: QuotePair | undefined, side: Side): RestingOrder | undefined {
  return side === SIDE.buy ? pair?.bid : pair?.ask;
}

/** Notes a quote that now rests. O(1). */
export function indexQuote(state: State, order: RestingOrder): void {
  const { byGroup } = state.derived.makerQuotes;
  const key = groupOf(state, order.portfolio, order.instrument);
  let group = byGroup.get(key);
  if (group === undefined) {
    group = new Map();
    byGroup.set(key, group);
  }
  let pair = group.get(order.instrument);
  if (pair === undefined) {
    pair = { bid: undefined, ask: undefined };
    group.set(order.instrument, pair);
  }
  assert(quoteSide(pair, order.side) === undefined, `quote ${order.id} joins another of its side`);
  if (order.side === SIDE.buy) pair.bid = order;
  else pair.ask = order;
}

/** Notes that a quote left the book. O(1). */
export function unindexQuote(state: State, order: RestingOrder): void {
  const { byGroup } = state.derived.makerQuotes;
  const key = groupOf(state, order.portfolio, order.instrument);
  const group = byGroup.get(key);
  const pair = group?.get(order.instrument);
  assert(
    group !== undefined && pair !== undefined && quoteSide(pair, order.side) === order,
    `quote ${order.id} is not indexed`,
  );
  if (order.side === SIDE.buy) pair.bid = undefined;
  else pair.ask = undefined;
  if (pair.bid !== undefined || pair.ask !== undefined) return;
  group.delete(order.instrument);
  if (group.size === 0) byGroup.delete(key);
}

/** Series of an underlying that a portfolio quotes, ascending. O(n log n). */
export function quotedSeries(
  state: State,
  portfolio: PortfolioId,
  underlying: UnderlyingId,
): InstrumentId[] {
  const group = state.derived.makerQuotes.byGroup.get(protectionKey.pack(portfolio, underlying));
  return group === undefined ? [] : [...group.keys()].sort((a, b) => a - b);
}

/** Every quote of a portfolio on an underlying, by ascending number. O(n log n). */
export function quotesOf(
  state: State,
  portfolio: PortfolioId,
  underlying: UnderlyingId,
): RestingOrder[] {
  const group = state.derived.makerQuotes.byGroup.get(protectionKey.pack(portfolio, underlying));
  if (group === undefined) return [];
  const quotes: RestingOrder[] = [];
  for (const { bid, ask } of group.values()) {
    if (bid !== undefined) quotes.push(bid);
    if (ask !== undefined) quotes.push(ask);
  }
  return quotes.sort((a, b) => a.id - b.id);
}

/** Fills the index from the table. */
export function rebuildMakerQuotes(state: State): void {
  state.derived.makerQuotes.byGroup.clear();
  for (const [, order] of state.orders.unorderedEntries()) {
    if (order.isQuote) indexQuote(state, order);
  }
}

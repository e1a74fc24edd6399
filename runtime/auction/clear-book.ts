/**
 * Ends an auction over a book: trades at one price, and leaves the book uncrossed.
 *
 * Source: design/exchange.md §2. Orders that take part in this auction only (GFA; in batch mode IOC;
 * market orders) leave with it. Needs a fresh mark when the book crosses: it gives the band and the
 * price that draws. A book that does not cross needs nothing.
 */
import type { BlockContext } from '../block-context.ts';
import { priceTicks } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import { bestPrice } from '../matching/book.ts';
import { bookOf } from '../matching/books.ts';
import { closeOrder } from '../matching/close-order.ts';
import type { Instrument } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import { freshMark } from '../oracle/freshness.ts';
import type { Mark } from '../oracle/marks.ts';
import { type PriceBand, priceBand } from '../oracle/price-band.ts';
import { quoteCapacity } from '../quoting/protection.ts';
import { roundToTickDown, roundToTickUp } from '../rules/tick-table.ts';
import type { State } from '../state/state.ts';
import { applyAuction } from './apply-auction.ts';
import { type Clearing, clearedLots } from './clearing-price.ts';
import { clipOpenInterest } from './clip-open-interest.ts';
import type { AuctionKind } from './fill-side.ts';
import {
  type AuctionFacts,
  type AuctionPlan,
  crossingOrders,
  leftCrossing,
  planAuction,
  planClearing,
} from './plan-auction.ts';

/** An auction as it would end now. */
export type AuctionView = {
  readonly instrument: Instrument;
  readonly underlying: Underlying;
  readonly mark: Mark;
  readonly band: PriceBand;
  readonly plan: AuctionPlan;
};

/** Whether the best bid meets the best ask. O(1). */
export function isCrossed(state: State, instrument: Instrument): boolean {
  const book = bookOf(state, instrument.id);
  const bid = bestPrice(book.bids);
  const ask = bestPrice(book.asks);
  return bid !== undefined && ask !== undefined && bid >= ask;
}

/** An auction as far as it is known before it is planned. */
type AuctionSetting = Omit<AuctionView, 'plan'> & { readonly facts: AuctionFacts };

/** What a plan needs to know, or `undefined` without a fresh mark. */
function settingOf(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  kind: AuctionKind,
): AuctionSetting | undefined {
  const mark = freshMark(state, context, instrument.id);
  const band = priceBand(state, context, instrument.id);
  if (mark === undefined || band === undefined) return undefined;
  const underlying = contractTerms(state.underlyings.must(instrument.underlying), instrument.kind);
  const { optionTicks, optionTickMicroUsd } = underlying;
  const facts: AuctionFacts = {
    kind,
    now: context.timestamp,
    rules: {
      low: band.low,
      high: band.high,
      reference: mark.price,
      tickMicroUsd: optionTickMicroUsd,
      ticks: {
        atOrBelow: (price) => roundToTickDown(optionTicks, price),
        atOrAbove: (price) => roundToTickUp(optionTicks, price),
      },
    },
    positionOf: (portfolio) => positionOf(state, portfolio, instrument.id),
    quoteCapacity: (quote) => quoteCapacity(state, quote),
  };
  return { instrument, underlying, mark, band, facts };
}

/** Plans the auction of an instrument, or `undefined` without a fresh mark. Changes nothing. */
export function viewAuction(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  kind: AuctionKind,
): AuctionView | undefined {
  const setting = settingOf(state, context, instrument, kind);
  if (setting === undefined) return undefined;
  const { underlying, mark, band, facts } = setting;
  const plan = planAuction(bookOf(state, instrument.id), facts);
  return { instrument, underlying, mark, band, plan };
}

/** Where the call auction of an instrument would clear, or `undefined` without a fresh mark. */
export function indicativeClearing(
  state: State,
  context: BlockContext,
  instrument: Instrument,
): { readonly clearing: Clearing | undefined } | undefined {
  const setting = settingOf(state, context, instrument, 'call');
  if (setting === undefined) return undefined;
  return { clearing: planClearing(bookOf(state, instrument.id), setting.facts) };
}

/** Price, lots and imbalance as events carry them: 0 where nothing trades. */
export function clearingFacts(clearing: Clearing | undefined): {
  readonly price: number;
  readonly lots: number;
  readonly imbalance: number;
} {
  if (clearing === undefined) return { price: 0, lots: 0, imbalance: 0 };
  const { price, demand, supply } = clearing;
  return { price, lots: clearedLots(clearing), imbalance: demand - supply };
}

/** What the end of an instrument's auction costs: orders that cross or leave, and one. */
export function clearingWork(state: State, { id }: Instrument): number {
  const leaving = state.derived.auctions.leaving.get(id)?.size ?? 0;
  return 1 + leaving + crossingOrders(bookOf(state, id));
}

/** Closes the orders that leave with the auction, by ascending number. */
export function closeLeaving(state: State, context: BlockContext, instrument: Instrument): void {
  const { leaving } = state.derived.auctions;
  const orders = leaving.get(instrument.id);
  if (orders === undefined) return;
  leaving.delete(instrument.id);
  for (const id of [...orders].sort((a, b) => a - b)) {
    closeOrder(state, context, state.orders.must(id), CLOSE_REASON.auctionEnd);
  }
}

/** Writes a planned auction. Nothing here can fail. Cost: O(orders that cross and that leave). */
export function settleAuction(state: State, context: BlockContext, view: AuctionView): void {
  const { instrument, underlying, mark, band, plan } = view;
  for (const order of plan.overdue) closeOrder(state, context, order, CLOSE_REASON.time);
  for (const order of plan.selfCrossed) {
    closeOrder(state, context, order, CLOSE_REASON.selfTrade);
  }
  const trades = clipOpenInterest(state, underlying, instrument, plan.trades);
  if (plan.clearing !== undefined) {
    const price = priceTicks(plan.clearing.price);
    applyAuction(state, context, { instrument, underlying, mark, price }, trades);
  }
  closeLeaving(state, context, instrument);
  const book = bookOf(state, instrument.id);
  for (let left = leftCrossing(book, band); left !== undefined; left = leftCrossing(book, band)) {
    closeOrder(state, context, left, CLOSE_REASON.auctionEnd);
  }
  const { price, imbalance } = clearingFacts(trades.length === 0 ? undefined : plan.clearing);
  const lots = trades.reduce((sum, trade) => sum + trade.lots, 0);
  const value = { instrument: instrument.id, price: priceTicks(price), lots, imbalance };
  context.events.push({ selector: EVENT.auctionCleared, value });
}

/** Ends the auction of a book in which nothing crosses: who came for it only leaves. */
export function endQuietAuction(state: State, context: BlockContext, instrument: Instrument): void {
  closeLeaving(state, context, instrument);
  const facts = clearingFacts(undefined);
  const value = { instrument: instrument.id, ...facts, price: priceTicks(0) };
  context.events.push({ selector: EVENT.auctionCleared, value });
}

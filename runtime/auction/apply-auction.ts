/**
 * Writes the trades of an auction: money, positions, resting orders, events. Nothing here can fail.
 *
 * Source: design/exchange.md §2. Both sides rested, so both pay the maker's fee, and neither gets a
 * rebate: there is no taker whose fee could pay it. Of a trade the order of earlier priority is
 * called the maker.
 *
 * No fill needs a check. An order was margined with its worst fill at its limit; the clearing price is
 * no worse for it than its limit, and a better one is no worse in money: what it costs or brings moves
 * by the whole difference, the fee by at most `feeCapBps` of it (docs/spec/margin.md, theorem 2). The
 * theorem asks nothing of the book, so it holds for a crossed one too.
 *
 * Conservation: every lot bought is sold, every premium paid is received; of futures and perpetuals no
 * premium moves, and both sides trade at one price.
 */
import { SIDE } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, type PriceTicks, portfolioAccount, sizeLots } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { makerRate } from '../fees/fee-tiers.ts';
import { payTradingFee } from '../fees/pay-trading-fee.ts';
import { baseMakerCentiBps, exactProduct, tradeFee } from '../fees/trade-fee.ts';
import { feeTiersOf, notionalCents, tierOf } from '../fees/trading-volume.ts';
import { transfer } from '../ledger/ledger.ts';
import { moveLinearPosition } from '../linear/move-position.ts';
import { changePosition, indexReduction } from '../margin/portfolio-index.ts';
import { reduceInBook } from '../matching/book.ts';
import { cancelLinked } from '../matching/cancel-linked.ts';
import { closeIdleReduceOnly } from '../matching/close-idle.ts';
import { closeOrder } from '../matching/close-order.ts';
import { announceAmendment } from '../matching/decrement-order.ts';
import { noteLastTrade } from '../matching/last-trade.ts';
import type { RestingOrder } from '../matching/order.ts';
import { type Instrument, isLinearKind } from '../options/instrument.ts';
import { microUsdPerTickLot, type Underlying } from '../options/underlying.ts';
import type { Mark } from '../oracle/marks.ts';
import { countQuoteFills } from '../quoting/count-fills.ts';
import type { State } from '../state/state.ts';
import type { AuctionTrade } from './pair-trades.ts';

/** Where the trades of one auction happen: the same for all of them. */
export type AuctionPlace = {
  readonly instrument: Instrument;
  readonly underlying: Underlying;
  readonly mark: Mark;
  readonly price: PriceTicks;
};

/** A portfolio's fee for a part of an auction, in micro-USD, not negative. */
function feeOf(
  state: State,
  context: BlockContext,
  place: AuctionPlace,
  facts: { readonly portfolio: PortfolioId; readonly lots: number; readonly premium: bigint },
): bigint {
  const { underlying, instrument, mark } = place;
  const { lots, premium, portfolio } = facts;
  const tier = tierOf(state, portfolioAccount(portfolio), context.timestamp);
  const base = baseMakerCentiBps(underlying, instrument.kind);
  const centiBps = Math.max(0, makerRate(feeTiersOf(state), tier, base));
  return tradeFee({ underlying, index: mark.index, lots, premium, centiBps });
}

/** One side of a trade: its fee, its position, its order. */
function applySide(
  state: State,
  context: BlockContext,
  place: AuctionPlace,
  side: { readonly order: RestingOrder; readonly lots: number; readonly fee: bigint },
): void {
  const { order, lots, fee } = side;
  const { portfolio, id } = order;
  const volumeCents = notionalCents(place.underlying, lots, place.mark.index);
  payTradingFee(state, context, { portfolio, fee, rebates: 0n, volumeCents });
  const signed = order.side === SIDE.buy ? lots : -lots;
  if (isLinearKind(place.instrument.kind)) {
    const pricePerLot = BigInt(place.price * microUsdPerTickLot(place.underlying));
    const trade = { portfolio, instrument: order.instrument, lots: signed, pricePerLot };
    moveLinearPosition(state, context, trade);
  } else changePosition(state, portfolio, order.instrument, signed);
  if (lots === order.remaining) {
    closeOrder(state, context, order, CLOSE_REASON.filled);
    return;
  }
  const { shown } = order;
  indexReduction(state, order, lots);
  reduceInBook(order, lots);
  state.orders.touch(id);
  if (lots < shown) {
    context.events.push({
      selector: EVENT.orderReduced,
      value: { orderId: id, lots: sizeLots(lots) },
    });
    return;
  }
  // An iceberg takes part with all its lots at once, so it shows the next of them where it stands.
  const { displaySize, remaining } = order;
  order.shown = sizeLots(displaySize === 0 ? remaining : Math.min(displaySize, remaining));
  announceAmendment(context, order);
}

function applyTrade(
  state: State,
  context: BlockContext,
  place: AuctionPlace,
  { buyer, seller, lots }: AuctionTrade,
): void {
  const { instrument, underlying, price } = place;
  const premium = exactProduct(price * microUsdPerTickLot(underlying), lots);
  if (!isLinearKind(instrument.kind)) {
    transfer(state, {
      from: buyer.portfolio,
      to: seller.portfolio,
      denomination: DENOMINATION.usd,
      amount: premium,
      reason: 'premium',
    });
  }
  const [maker, taker] = buyer.priority < seller.priority ? [buyer, seller] : [seller, buyer];
  const makerFee = feeOf(state, context, place, { portfolio: maker.portfolio, lots, premium });
  const takerFee = feeOf(state, context, place, { portfolio: taker.portfolio, lots, premium });
  context.events.push({
    selector: EVENT.trade,
    value: {
      instrument: instrument.id,
      price,
      lots: sizeLots(lots),
      side: taker.side,
      makerOrder: maker.id,
      takerOrder: taker.id,
      maker: maker.portfolio,
      taker: taker.portfolio,
      makerFee,
      takerFee,
    },
  });
  applySide(state, context, place, { order: maker, lots, fee: makerFee });
  applySide(state, context, place, { order: taker, lots, fee: takerFee });
}

/** Lots that each order traded, in the order in which they first did. */
function filledOrders(trades: readonly AuctionTrade[]): Map<RestingOrder, number> {
  const filled = new Map<RestingOrder, number>();
  for (const { buyer, seller, lots } of trades) {
    filled.set(buyer, (filled.get(buyer) ?? 0) + lots);
    filled.set(seller, (filled.get(seller) ?? 0) + lots);
  }
  return filled;
}

/**
 * Writes all trades, then what follows from fills: linked orders and quotes under protection leave,
 * and reduce-only orders that have nothing left to close. Cost: O(trades), a few µs each.
 */
export function applyAuction(
  state: State,
  context: BlockContext,
  place: AuctionPlace,
  trades: readonly AuctionTrade[],
): void {
  if (trades.length === 0) return;
  for (const trade of trades) applyTrade(state, context, place, trade);
  noteLastTrade(state, context, place.instrument.id, place.price);
  const filled = filledOrders(trades);
  for (const [order] of filled) {
    if (order.cancelsOther !== 0) cancelLinked(state, context, order);
  }
  if (state.derived.orders.reduceOnly.size > 0) {
    for (const [order] of filled) {
      closeIdleReduceOnly(state, context, order.portfolio, place.instrument.id);
    }
  }
  const quotes = [...filled].filter(([order]) => order.isQuote);
  if (quotes.length === 0) return;
  // Once an order: what a protection allowed it was for one fill, however many it traded with.
  const fills = quotes.map(([maker, lots]) => ({ maker, lots }));
  countQuoteFills(state, context, fills, []);
}

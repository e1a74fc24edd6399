/** The mirror's rows as the interface shows them (`schemas/market.ts`, `schemas/account.ts`). */

import { SIDE } from '../../runtime/actions/order-terms.ts';
import type { InstrumentId, PortfolioId, UnderlyingId } from '../../runtime/core/units.ts';
import { portfolioSubAccount } from '../../runtime/core/units.ts';
import { CLOSE_REASON } from '../../runtime/event.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import { expiryPricing, priceSeries } from '../../runtime/pricing/price-series.ts';
import { expiryKey } from '../../runtime/state/state.ts';
import { displayGreeks } from './greeks.ts';
import { bestLevel, bestLevels, type MirrorBook, mirrorBook } from './mirror/book.ts';
import type { MarketMirror, MirrorInstrument, MirrorOrder, MirrorTrade } from './mirror/market.ts';
import { moneyText, usd } from './present-money.ts';
import type { OrderInfo } from './schemas/account.ts';
import type {
  BookLevel,
  BookOrder,
  Greeks,
  IndexPriceInfo,
  InstrumentInfo,
  InstrumentStateName,
  Ticker,
  TradeInfo,
  UserTradeInfo,
} from './schemas/market.ts';

/** USD per coin of a price in ticks. */
export function priceOf(ticks: number, { optionTickMicroUsd }: Underlying): number {
  return usd(ticks * optionTickMicroUsd);
}

/** Coins of lots. */
export function amountOf(lots: number, { optionLotsPerCoin }: Underlying): number {
  return lots / optionLotsPerCoin;
}

export function sideName(side: number): 'buy' | 'sell' {
  return side === SIDE.buy ? 'buy' : 'sell';
}

/** `btc_usd` of `BTC`. */
export function indexName(underlyingName: string): string {
  return `${underlyingName.toLowerCase()}_usd`;
}

/** An open row past its expiry no longer trades, before a block has said so. */
export function stateName(instrument: MirrorInstrument, timestamp: number): InstrumentStateName {
  const { row } = instrument;
  if (row.state === INSTRUMENT_STATE.settled) return 'settled';
  return row.state === INSTRUMENT_STATE.expired || row.expiry <= timestamp ? 'expired' : 'open';
}

function optionType(instrument: MirrorInstrument): 'call' | 'put' | null {
  switch (instrument.row.kind) {
    case INSTRUMENT_KIND.call:
      return 'call';
    case INSTRUMENT_KIND.put:
      return 'put';
    case INSTRUMENT_KIND.future:
    case INSTRUMENT_KIND.perpetual:
      return null;
  }
}

/** Settlement period as Deribit names it, by how the underlying lists. */
function settlementPeriod({ expiryIntervalMs }: Underlying): string {
  return expiryIntervalMs > 0 ? 'intraday' : 'calendar';
}

export function instrumentInfo(mirror: MarketMirror, instrument: MirrorInstrument): InstrumentInfo {
  const { name, row, underlying, underlyingName } = instrument;
  const option = optionType(instrument);
  const lot = 1 / underlying.optionLotsPerCoin;
  const state = stateName(instrument, mirror.timestamp);
  return {
    instrument_name: name,
    instrument_id: row.id,
    kind: option === null ? 'future' : 'option',
    base_currency: underlyingName,
    quote_currency: 'USD',
    settlement_currency: 'USD',
    option_type: option,
    strike: usd(row.strike),
    strike_micro_usd: row.strike,
    expiration_timestamp: row.expiry,
    creation_timestamp: row.listedAt,
    tick_size: usd(underlying.optionTickMicroUsd),
    tick_micro_usd: underlying.optionTickMicroUsd,
    contract_size: lot,
    min_trade_amount: lot,
    lots_per_coin: underlying.optionLotsPerCoin,
    maker_commission: underlying.makerFeeCentiBps / 1_000_000,
    taker_commission: underlying.takerFeeCentiBps / 1_000_000,
    is_active: state === 'open',
    state,
    price_index: indexName(underlyingName),
    settlement_period: settlementPeriod(underlying),
    open_interest: amountOf(row.openInterest, underlying),
    delivery_price: row.deliveryPrice > 0 ? usd(row.deliveryPrice) : null,
  };
}

/** Mark of an option as the chain computes it from the same inputs. */
export type DisplayMark = {
  readonly price: number;
  readonly ivPercent: number;
  readonly greeks: Greeks;
  readonly forward: number;
};

/** `undefined` where the expiry has no inputs, or the series is settled or no option. */
export function displayMark(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
): DisplayMark | undefined {
  const { row } = instrument;
  const kind = optionType(instrument);
  const inputs = mirror.markInputs.get(expiryKey.pack(row.underlying, row.expiry));
  if (kind === null || inputs === undefined || row.state === INSTRUMENT_STATE.settled) return;
  const { price, volatility, delta } = priceSeries(expiryPricing(inputs), kind, row.strike);
  const more = displayGreeks({
    forward: usd(inputs.forward),
    strike: usd(row.strike),
    volatility: volatility / 1_000_000,
    timeToExpiryMs: row.expiry - inputs.markedAt,
  });
  return {
    price: usd(price),
    ivPercent: volatility / 10_000,
    greeks: {
      delta: delta / 1_000_000,
      gamma: more?.gamma ?? null,
      vega: more?.vega ?? null,
      theta: more?.theta ?? null,
    },
    forward: usd(inputs.forward),
  };
}

const EMPTY_BOOK: MirrorBook = mirrorBook(0);

export function ticker(mirror: MarketMirror, instrument: MirrorInstrument): Ticker {
  const { name, row, underlying, underlyingName, stats } = instrument;
  const book = mirror.books.get(row.id) ?? EMPTY_BOOK;
  const bid = bestLevel(book, 'bids');
  const ask = bestLevel(book, 'asks');
  const mark = displayMark(mirror, instrument);
  const index = mirror.indexPrices.get(row.underlying)?.index ?? 0;
  const hasTraded = stats.trades > 0;
  return {
    instrument_name: name,
    height: mirror.height,
    timestamp: mirror.timestamp,
    state: stateName(instrument, mirror.timestamp),
    best_bid_price: bid ? priceOf(bid.ticks, underlying) : null,
    best_bid_amount: bid ? amountOf(bid.lots, underlying) : 0,
    best_ask_price: ask ? priceOf(ask.ticks, underlying) : null,
    best_ask_amount: ask ? amountOf(ask.lots, underlying) : 0,
    last_price: hasTraded ? priceOf(stats.last, underlying) : null,
    mark_price: mark?.price ?? null,
    mark_iv: mark?.ivPercent ?? null,
    greeks: mark?.greeks ?? null,
    underlying_price: mark?.forward ?? null,
    underlying_index: indexName(underlyingName),
    index_price: index > 0 ? usd(index) : null,
    interest_rate: 0,
    open_interest: amountOf(row.openInterest, underlying),
    delivery_price: row.deliveryPrice > 0 ? usd(row.deliveryPrice) : null,
    stats: {
      volume: amountOf(stats.lots, underlying),
      trades: stats.trades,
      low: hasTraded ? priceOf(stats.low, underlying) : null,
      high: hasTraded ? priceOf(stats.high, underlying) : null,
    },
  };
}

/** Levels of one side, best first. */
export function bookLevels(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
  side: 'bids' | 'asks',
  depth: number,
): BookLevel[] {
  const { row, underlying } = instrument;
  const book = mirror.books.get(row.id) ?? EMPTY_BOOK;
  return bestLevels(book, side, depth).map(({ ticks, lots }) => [
    priceOf(ticks, underlying),
    amountOf(lots, underlying),
    ticks,
    lots,
  ]);
}

/** Single orders, bids then asks, each by price–time priority, at most `most` a side. */
export function bookOrders(mirror: MarketMirror, id: InstrumentId, most: number): BookOrder[] {
  const open = [...mirror.orders.values()].filter(({ order }) => order.instrument === id);
  const of = (side: number, sign: number): BookOrder[] =>
    open
      .filter(({ order }) => order.side === side)
      .sort((a, b) => sign * (a.order.price - b.order.price) || a.order.id - b.order.id)
      .slice(0, most)
      .map(({ order }) => ({
        order_id: order.id,
        direction: sideName(order.side),
        price_ticks: order.price,
        remaining_lots: order.remaining,
      }));
  return [...of(SIDE.buy, -1), ...of(SIDE.sell, 1)];
}

export function indexPriceInfo(
  mirror: MarketMirror,
  underlying: UnderlyingId,
  name: string,
): IndexPriceInfo {
  const row = mirror.indexPrices.get(underlying);
  const index = row?.index ?? 0;
  return {
    index_name: indexName(name),
    index_price: index > 0 ? usd(index) : null,
    index_micro_usd: index,
    confidence_bps: row?.confidenceBps ?? 0,
    updated_at: row?.updatedAt ?? 0,
    height: mirror.height,
  };
}

export function tradeInfo(instrument: MirrorInstrument, trade: MirrorTrade): TradeInfo {
  const { event, height, position, sequence, timestamp } = trade;
  return {
    trade_id: `${height}-${position}`,
    trade_seq: sequence,
    instrument_name: instrument.name,
    height,
    timestamp,
    direction: sideName(event.side),
    price: priceOf(event.price, instrument.underlying),
    amount: amountOf(event.lots, instrument.underlying),
    price_ticks: event.price,
    amount_lots: event.lots,
    maker_order_id: event.makerOrder,
    taker_order_id: event.takerOrder,
  };
}

/** The trade as the maker or the taker saw it. */
export function userTradeInfo(
  instrument: MirrorInstrument,
  trade: MirrorTrade,
  side: { readonly role: 'maker' | 'taker'; readonly account: string },
): UserTradeInfo {
  const { event } = trade;
  const isMaker = side.role === 'maker';
  const taken = sideName(event.side);
  const opposite = taken === 'buy' ? 'sell' : 'buy';
  return {
    ...tradeInfo(instrument, trade),
    direction: isMaker ? opposite : taken,
    account: side.account,
    sub_account: portfolioSubAccount(isMaker ? event.maker : event.taker),
    order_id: isMaker ? event.makerOrder : event.takerOrder,
    liquidity: isMaker ? 'M' : 'T',
    fee: moneyText(isMaker ? event.makerFee : event.takerFee),
  };
}

const REASON_NAME: { readonly [reason: number]: string } = Object.fromEntries(
  Object.entries(CLOSE_REASON).map(([name, reason]) => [reason, name]),
);

export function orderInfo(
  mirror: MarketMirror,
  entry: MirrorOrder,
  account: string,
): OrderInfo | undefined {
  const { order, state, reason, height } = entry;
  const instrument = mirror.instruments.get(order.instrument);
  if (instrument === undefined) return undefined;
  return {
    order_id: order.id,
    instrument_name: instrument.name,
    account,
    sub_account: portfolioSubAccount(order.portfolio as PortfolioId),
    direction: sideName(order.side),
    order_state: state,
    reason: reason === undefined ? null : (REASON_NAME[reason] ?? null),
    price: priceOf(order.price, instrument.underlying),
    price_ticks: order.price,
    amount: amountOf(order.size, instrument.underlying),
    amount_lots: order.size,
    // A taker's fills come before it rests, so what is not open is filled, unless it was cancelled.
    filled_lots: order.size - order.remaining,
    remaining_lots: state === 'open' ? order.remaining : 0,
    client_order_id: order.clientOrderId,
    creation_timestamp: order.placedAt,
    height,
  };
}

/** The mirror's rows as the interface shows them (`schemas/market.ts`, `schemas/account.ts`). */

import { SIDE } from '../../runtime/actions/order-terms.ts';
import type { TradingStatus } from '../../runtime/auction/phase.ts';
import type { PortfolioId, UnderlyingId } from '../../runtime/core/units.ts';
import { portfolioSubAccount } from '../../runtime/core/units.ts';
import { CLOSE_REASON } from '../../runtime/event.ts';
import { RATE_SCALE } from '../../runtime/linear/funding.ts';
import { lotGrid } from '../../runtime/linear/mark.ts';
import type { Order } from '../../runtime/matching/order.ts';
import {
  INSTRUMENT_KIND,
  INSTRUMENT_STATE,
  isLinearKind,
} from '../../runtime/options/instrument.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import type { MarkInputs } from '../../runtime/oracle/price.ts';
import { expiryPricing, priceSeries } from '../../runtime/pricing/price-series.ts';
import { expiryKey } from '../../runtime/state/state.ts';
import { displayGreeks } from './greeks.ts';
import { bestLevel, type MirrorBook, mirrorBook } from './mirror/book.ts';
import {
  type MarketMirror,
  type MirrorInstrument,
  type MirrorOrder,
  type MirrorTrade,
  nameOf,
  zeroTicksOf,
} from './mirror/market.ts';
import { moneyText, usd } from './present-money.ts';
import type { OrderInfo, TimeInForceText } from './schemas/account.ts';
import type {
  AuctionInfo,
  CurrencyInfo,
  FundingHour,
  Greeks,
  IndexPriceInfo,
  InstrumentInfo,
  InstrumentStateName,
  Ticker,
  TickStepInfo,
  TradeInfo,
  UserTradeInfo,
} from './schemas/market.ts';

const HOUR_MS = 3_600_000;

/** USD per coin of a price in ticks; of a combo its net price. */
export function priceOf(
  ticks: number,
  { underlying, row }: Pick<MirrorInstrument, 'underlying' | 'row'>,
): number {
  return usd((ticks - zeroTicksOf(row)) * underlying.optionTickMicroUsd);
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

/** States by name, the most restrictive first: of several layers the first found is shown. */
const STATES: readonly (readonly [number, InstrumentStateName])[] = [
  [INSTRUMENT_STATE.settled, 'settled'],
  [INSTRUMENT_STATE.expired, 'expired'],
  [INSTRUMENT_STATE.halted, 'halted'],
  [INSTRUMENT_STATE.pending, 'pending'],
  [INSTRUMENT_STATE.auction, 'auction'],
  [INSTRUMENT_STATE.reduceOnly, 'reduce_only'],
  [INSTRUMENT_STATE.postOnly, 'post_only'],
];

function mostRestrictive(layers: readonly number[]): InstrumentStateName {
  return STATES.find(([state]) => layers.includes(state))?.[1] ?? 'open';
}

/** The state over all series of an underlying. */
export function layerName({ automatic, governed }: TradingStatus): InstrumentStateName {
  return mostRestrictive([automatic, governed]);
}

/**
 * What a trader may do: the most restrictive of the instrument's own state and those over all series
 * of its underlying. An open row past its expiry no longer trades, before a block has said so.
 */
export function stateName(mirror: MarketMirror, { row }: MirrorInstrument): InstrumentStateName {
  const status = mirror.statuses.get(row.underlying);
  const found = mostRestrictive(
    status === undefined ? [row.state] : [row.state, status.automatic, status.governed],
  );
  const isPast = row.kind !== INSTRUMENT_KIND.perpetual && row.expiry <= mirror.timestamp;
  return found !== 'settled' && isPast ? 'expired' : found;
}

/** What an auction last said; null before any, and once continuous trading goes on. */
export function auctionInfo(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
): AuctionInfo | null {
  const { row, name, underlying } = instrument;
  const found = mirror.auctions.get(row.id);
  if (found === undefined) return null;
  const { state, price, lots, imbalance, height, timestamp } = found;
  const endsAt = mirror.phaseEnds.get(row.id) ?? 0;
  return {
    instrument_name: name,
    state,
    height,
    timestamp,
    price: lots === 0 ? null : priceOf(price, instrument),
    price_ticks: lots === 0 ? null : price,
    amount: amountOf(lots, underlying),
    amount_lots: lots,
    imbalance: amountOf(imbalance, underlying),
    imbalance_lots: imbalance,
    ends_at: state === 'cleared' || endsAt === 0 ? null : endsAt,
  };
}

function optionType(instrument: MirrorInstrument): 'call' | 'put' | null {
  switch (instrument.row.kind) {
    case INSTRUMENT_KIND.call:
      return 'call';
    case INSTRUMENT_KIND.put:
      return 'put';
    case INSTRUMENT_KIND.future:
    case INSTRUMENT_KIND.perpetual:
    case INSTRUMENT_KIND.combo:
      return null;
  }
}

/** Settlement period as Deribit names it, by how the underlying lists. */
function settlementPeriod({ expiryIntervalMs }: Underlying, isPerpetual: boolean): string {
  if (isPerpetual) return 'perpetual';
  return expiryIntervalMs > 0 ? 'intraday' : 'calendar';
}

export function instrumentInfo(mirror: MarketMirror, instrument: MirrorInstrument): InstrumentInfo {
  const { name, row, underlying, underlyingName } = instrument;
  const option = optionType(instrument);
  const lot = 1 / underlying.optionLotsPerCoin;
  const state = stateName(mirror, instrument);
  return {
    instrument_name: name,
    instrument_id: row.id,
    kind:
      row.kind === INSTRUMENT_KIND.combo ? 'option_combo' : option === null ? 'future' : 'option',
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
    tick_size_steps: tickSteps(underlying),
    price_zero_ticks: zeroTicksOf(row),
    contract_size: lot,
    min_trade_amount: amountOf(underlying.minOrderLots, underlying),
    max_trade_amount: amountOf(underlying.maxOrderLots, underlying),
    lots_per_coin: underlying.optionLotsPerCoin,
    maker_commission: underlying.makerFeeCentiBps / 1_000_000,
    taker_commission: underlying.takerFeeCentiBps / 1_000_000,
    is_active: state === 'open',
    state,
    price_index: indexName(underlyingName),
    settlement_period: settlementPeriod(underlying, row.kind === INSTRUMENT_KIND.perpetual),
    open_interest: amountOf(row.openInterest, underlying),
    delivery_price: row.deliveryPrice > 0 ? usd(row.deliveryPrice) : null,
  };
}

/** The steps of a tick table above the first. */
function tickSteps({ optionTicks, optionTickMicroUsd }: Underlying): TickStepInfo[] {
  return optionTicks.slice(1).map(({ from, multiple }) => ({
    above_price: usd(from * optionTickMicroUsd),
    tick_size: usd(multiple * optionTickMicroUsd),
    above_micro_usd: from * optionTickMicroUsd,
    tick_micro_usd: multiple * optionTickMicroUsd,
  }));
}

/** The tick at the lowest prices, in micro-USD. */
function lowestTick({ optionTicks, optionTickMicroUsd }: Underlying): number {
  return (optionTicks[0]?.multiple ?? 1) * optionTickMicroUsd;
}

/** An underlying with the rules of its series. */
export function currencyInfo(underlying: Underlying): CurrencyInfo {
  const name = nameOf(underlying);
  const limit = (lots: number): number | null => (lots === 0 ? null : amountOf(lots, underlying));
  return {
    currency: name,
    underlying_id: underlying.id,
    lots_per_coin: underlying.optionLotsPerCoin,
    tick_size: usd(lowestTick(underlying)),
    tick_micro_usd: underlying.optionTickMicroUsd,
    tick_size_steps: tickSteps(underlying),
    min_trade_amount: amountOf(underlying.minOrderLots, underlying),
    min_trade_lots: underlying.minOrderLots,
    max_trade_amount: amountOf(underlying.maxOrderLots, underlying),
    max_trade_lots: underlying.maxOrderLots,
    max_series_open_interest: limit(underlying.maxSeriesOpenInterestLots),
    max_open_interest: limit(underlying.maxOpenInterestLots),
    max_position: limit(underlying.maxPositionLots),
    max_account: limit(underlying.maxAccountLots),
    maker_commission: underlying.makerFeeCentiBps / 1_000_000,
    taker_commission: underlying.takerFeeCentiBps / 1_000_000,
    fee_cap: underlying.feeCapBps / 10_000,
    price_index: indexName(name),
  };
}

/** Mark as the chain computes it from the same inputs; a future has no volatility. */
export type DisplayMark = {
  readonly price: number;
  readonly ivPercent: number | null;
  readonly greeks: Greeks;
  readonly forward: number;
};

/** A future or a perpetual: its price is the forward of its inputs, and its greeks those of a coin. */
function linearMark({ forward }: MarkInputs, { optionLotsPerCoin }: Underlying): DisplayMark {
  return {
    price: usd(lotGrid(forward, optionLotsPerCoin)),
    ivPercent: null,
    greeks: { delta: 1, gamma: 0, vega: 0, theta: 0 },
    forward: usd(forward),
  };
}

/** `undefined` where the expiry has no inputs, or the instrument is settled or a combo. */
export function displayMark(
  mirror: MarketMirror,
  instrument: MirrorInstrument,
): DisplayMark | undefined {
  const { row } = instrument;
  const kind = optionType(instrument);
  const inputs = mirror.markInputs.get(expiryKey.pack(row.underlying, row.expiry));
  if (inputs === undefined || row.state === INSTRUMENT_STATE.settled) return;
  if (isLinearKind(row.kind)) return linearMark(inputs, instrument.underlying);
  if (kind === null) return;
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

/** What an instrument without orders has. */
export const EMPTY_BOOK: MirrorBook = mirrorBook(0);

/** Rates of a perpetual: now per 8 hours, and what was paid in the hours remembered, of the index. */
function fundingOf(
  mirror: MarketMirror,
  { row, underlying }: MirrorInstrument,
): { current_funding: number | null; funding_8h: number | null } {
  const found = mirror.perpetuals.get(row.underlying);
  const index = mirror.indexPrices.get(row.underlying)?.index ?? 0;
  if (row.kind !== INSTRUMENT_KIND.perpetual || found === undefined) {
    return { current_funding: null, funding_8h: null };
  }
  const paidPerLot = found.cumulative - (found.hourly[0] ?? found.cumulative);
  return {
    current_funding: found.rate / RATE_SCALE,
    funding_8h: index === 0 ? null : (paidPerLot * underlying.optionLotsPerCoin) / index,
  };
}

/** Funding of a perpetual by hour, oldest first. */
export function fundingHours(
  mirror: MarketMirror,
  { row, underlying }: MirrorInstrument,
): FundingHour[] {
  const found = mirror.perpetuals.get(row.underlying);
  if (found === undefined) return [];
  const index = mirror.indexPrices.get(row.underlying)?.index ?? 0;
  const { hourly, hour, cumulative } = found;
  return hourly.map((start, i) => {
    const paid = ((hourly[i + 1] ?? cumulative) - start) * underlying.optionLotsPerCoin;
    return {
      timestamp: (hour - (hourly.length - 1 - i)) * HOUR_MS,
      paid_per_coin: moneyText(BigInt(paid)),
      interest_1h: index === 0 ? null : paid / index,
    };
  });
}

export function ticker(mirror: MarketMirror, instrument: MirrorInstrument): Ticker {
  const { name, row, underlying, underlyingName, stats } = instrument;
  const book = mirror.books.get(row.id) ?? EMPTY_BOOK;
  const bid = bestLevel(book, 'bids');
  const ask = bestLevel(book, 'asks');
  const mark = displayMark(mirror, instrument);
  const index = mirror.indexPrices.get(row.underlying)?.index ?? 0;
  const hasPrice = stats.last > 0;
  return {
    instrument_name: name,
    height: mirror.height,
    timestamp: mirror.timestamp,
    state: stateName(mirror, instrument),
    best_bid_price: bid ? priceOf(bid.ticks, instrument) : null,
    best_bid_amount: bid ? amountOf(bid.lots, underlying) : 0,
    best_ask_price: ask ? priceOf(ask.ticks, instrument) : null,
    best_ask_amount: ask ? amountOf(ask.lots, underlying) : 0,
    last_price: hasPrice ? priceOf(stats.last, instrument) : null,
    mark_price: mark?.price ?? null,
    mark_iv: mark?.ivPercent ?? null,
    greeks: mark?.greeks ?? null,
    underlying_price: mark?.forward ?? null,
    underlying_index: indexName(underlyingName),
    index_price: index > 0 ? usd(index) : null,
    interest_rate: 0,
    ...fundingOf(mirror, instrument),
    open_interest: amountOf(row.openInterest, underlying),
    delivery_price: row.deliveryPrice > 0 ? usd(row.deliveryPrice) : null,
    stats: {
      volume: amountOf(stats.lots, underlying),
      trades: stats.trades,
      low: hasPrice ? priceOf(stats.low, instrument) : null,
      high: hasPrice ? priceOf(stats.high, instrument) : null,
    },
  };
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
    price:
      event.price === undefined
        ? usd(Number(event.premium)) / amountOf(event.lots, instrument.underlying)
        : priceOf(event.price, instrument),
    amount: amountOf(event.lots, instrument.underlying),
    price_ticks: event.price ?? null,
    amount_lots: event.lots,
    premium: moneyText(event.premium),
    kind: event.kind,
    reference: event.kind === 'book' ? null : event.reference,
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

/** How long a resting order stays, by its row. */
function restingTimeInForce({ auctionOnly, continuousOnly, expiresAt }: Order): TimeInForceText {
  if (auctionOnly) return 'good_for_auction';
  if (continuousOnly) return 'good_for_normal';
  return expiresAt === 0 ? 'good_til_cancelled' : 'good_til_time';
}

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
    price: priceOf(order.price, instrument),
    price_ticks: order.price,
    amount: amountOf(order.size, instrument.underlying),
    amount_lots: order.size,
    filled_amount: amountOf(order.size - order.remaining, instrument.underlying),
    // A taker's fills come before it rests, so what is not open is filled, unless it was cancelled.
    filled_lots: order.size - order.remaining,
    remaining_lots: state === 'open' ? order.remaining : 0,
    // What takes at once never rests, so what rests is a limit order.
    order_type: 'limit',
    time_in_force: restingTimeInForce(order),
    valid_until: order.expiresAt === 0 ? null : order.expiresAt,
    post_only: order.postOnly,
    reduce_only: order.reduceOnly,
    display_amount:
      order.displaySize === 0 ? null : amountOf(order.displaySize, instrument.underlying),
    display_lots: order.displaySize === 0 ? null : order.displaySize,
    shown_lots: state === 'open' ? order.shown : 0,
    quote: order.isQuote,
    replaced: order.priority !== order.id,
    oco_ref: order.cancelsOther === 0 ? null : order.cancelsOther,
    client_order_id: order.clientOrderId,
    label: order.label,
    creation_timestamp: order.placedAt,
    height,
  };
}

/** What a block means to a channel: the data of its notification. Pure over the mirror. */

import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  type AccountId,
  type InstrumentId,
  portfolioAccount,
  portfolioSubAccount,
  type UnderlyingId,
} from '../../runtime/core/units.ts';
import type { FeedBlock } from './feed.ts';
import type { MarketChanges } from './mirror/apply-block.ts';
import { type BookChanges, bestLevels, mirrorBook, type SideChanges } from './mirror/book.ts';
import type { MarketMirror, MirrorInstrument } from './mirror/market.ts';
import { nameOf } from './mirror/market.ts';
import {
  amountOf,
  indexPriceInfo,
  orderInfo,
  priceOf,
  ticker,
  tradeInfo,
  userTradeInfo,
} from './present.ts';
import { moneyText } from './present-money.ts';
import type { OrderInfo } from './schemas/account.ts';
import type { TradeInfo, UserTradeInfo } from './schemas/market.ts';
import type { BookChange, BookData, Channel, UserChange } from './schemas/subscription.ts';

/** What a channel's name stands for. */
export type ChannelTarget = {
  readonly instrument?: InstrumentId;
  readonly underlying?: UnderlyingId;
  readonly user?: {
    readonly hex: string;
    readonly text: string;
    /** Unknown until the account is created. */
    account: AccountId | undefined;
  };
};

type User = NonNullable<ChannelTarget['user']>;

/** Book data without its place, which differs between subscribers. */
export type BookBody = Omit<BookData, 'change_id' | 'prev_change_id'>;

function sideChanges(changes: SideChanges, { underlying }: MirrorInstrument): BookChange[] {
  const found: BookChange[] = [];
  for (const [ticks, { before, after }] of changes) {
    if (before === after) continue;
    const action = after === 0 ? 'delete' : before === 0 ? 'new' : 'change';
    found.push([action, priceOf(ticks, underlying), amountOf(after, underlying), ticks, after]);
  }
  return found;
}

/** Changes of a book; `undefined` when they cancel out. */
export function bookData(
  instrument: MirrorInstrument,
  changes: BookChanges,
  timestamp: number,
): BookBody | undefined {
  const bids = sideChanges(changes.bids, instrument);
  const asks = sideChanges(changes.asks, instrument);
  if (bids.length === 0 && asks.length === 0) return undefined;
  return { type: 'change', instrument_name: instrument.name, timestamp, bids, asks };
}

/** The whole book as `new` levels, best first. */
export function snapshotBook(mirror: MarketMirror, instrument: MirrorInstrument): BookBody {
  const book = mirror.books.get(instrument.row.id) ?? mirrorBook(0);
  const { underlying, name } = instrument;
  const side = (which: 'bids' | 'asks'): BookChange[] =>
    bestLevels(book, which, Number.POSITIVE_INFINITY).map(({ ticks, lots }) => [
      'new',
      priceOf(ticks, underlying),
      amountOf(lots, underlying),
      ticks,
      lots,
    ]);
  return {
    type: 'snapshot',
    instrument_name: name,
    timestamp: mirror.timestamp,
    bids: side('bids'),
    asks: side('asks'),
  };
}

function tradesFor(
  mirror: MarketMirror,
  market: MarketChanges,
  target: ChannelTarget,
): TradeInfo[] | undefined {
  const trades = market.trades.flatMap((trade) => {
    const instrument = mirror.instruments.get(trade.event.instrument);
    if (instrument === undefined) return [];
    if (target.instrument !== undefined && instrument.row.id !== target.instrument) return [];
    if (target.underlying !== undefined && instrument.row.underlying !== target.underlying)
      return [];
    return tradeInfo(instrument, trade);
  });
  return trades.length === 0 ? undefined : trades;
}

function userOrders(mirror: MarketMirror, market: MarketChanges, user: User): OrderInfo[] {
  return [...market.orders.values()].flatMap((entry) =>
    portfolioAccount(entry.order.portfolio) === user.account
      ? (orderInfo(mirror, entry, user.text) ?? [])
      : [],
  );
}

function userTrades(mirror: MarketMirror, market: MarketChanges, user: User): UserTradeInfo[] {
  return market.trades.flatMap((trade) => {
    const instrument = mirror.instruments.get(trade.event.instrument);
    if (instrument === undefined) return [];
    return (['taker', 'maker'] as const)
      .filter((role) => portfolioAccount(trade.event[role]) === user.account)
      .map((role) => userTradeInfo(instrument, trade, { role, account: user.text }));
  });
}

function userCash(mirror: MarketMirror, market: MarketChanges, user: User): UserChange[] {
  return market.cash
    .filter(({ portfolio }) => portfolioAccount(portfolio) === user.account)
    .map(({ kind, portfolio, instrument, denomination, amount, fee }) => ({
      type: kind,
      sub_account: portfolioSubAccount(portfolio),
      instrument_name:
        instrument === undefined ? null : (mirror.instruments.get(instrument)?.name ?? null),
      currency: denomination === DENOMINATION.usd ? 'USD' : 'MIL',
      amount: moneyText(amount),
      fee: moneyText(fee),
    }));
}

/** What the block brings to a channel without an interval; `undefined` for nothing. */
export function channelChange(
  channel: Channel,
  target: ChannelTarget,
  { block, market }: FeedBlock,
  mirror: MarketMirror | undefined,
): object | undefined {
  if (channel.kind === 'blocks') return block;
  if (mirror === undefined || market === undefined) return undefined;
  const instrument =
    target.instrument === undefined ? undefined : mirror.instruments.get(target.instrument);
  if (target.user !== undefined) {
    target.user.account ??= mirror.accountByAddress.get(target.user.hex);
    if (target.user.account === undefined) return undefined;
  }
  switch (channel.kind) {
    case 'book': {
      const changes = instrument && market.books.get(instrument.row.id);
      return instrument && changes && bookData(instrument, changes, market.timestamp);
    }
    case 'ticker':
      return instrument && market.tickers.has(instrument.row.id)
        ? ticker(mirror, instrument)
        : undefined;
    case 'trades':
      return tradesFor(mirror, market, target);
    case 'price_index': {
      const { underlying } = target;
      const row = underlying === undefined ? undefined : mirror.underlyings.get(underlying);
      return row && market.indexes.has(row.id)
        ? indexPriceInfo(mirror, row.id, nameOf(row))
        : undefined;
    }
    case 'user.orders': {
      const orders = target.user ? userOrders(mirror, market, target.user) : [];
      return orders.length === 0 ? undefined : orders;
    }
    case 'user.trades': {
      const trades = target.user ? userTrades(mirror, market, target.user) : [];
      return trades.length === 0 ? undefined : trades;
    }
    case 'user.changes': {
      if (target.user === undefined) return undefined;
      const orders = userOrders(mirror, market, target.user);
      const trades = userTrades(mirror, market, target.user);
      const cash = userCash(mirror, market, target.user);
      const isEmpty = orders.length + trades.length + cash.length === 0;
      return isEmpty ? undefined : { orders, trades, cash };
    }
    case 'transaction':
      return undefined;
  }
}

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
import type { MarketMirror } from './mirror/market.ts';
import { nameOf } from './mirror/market.ts';
import {
  auctionInfo,
  indexPriceInfo,
  orderInfo,
  ticker,
  tradeInfo,
  userTradeInfo,
} from './present.ts';
import { bookData, level3Data } from './present-book.ts';
import { moneyText } from './present-money.ts';
import { rfqChanges, stateChanges, userNotice } from './present-trading.ts';
import { triggerInfo } from './present-trigger.ts';
import type { OrderInfo, TriggerInfo } from './schemas/account.ts';
import type { TradeInfo, UserTradeInfo } from './schemas/market.ts';
import type { Channel, UserChange } from './schemas/subscription.ts';
import type { RfqChange, UserNotice } from './schemas/trading.ts';

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

function userTriggers(mirror: MarketMirror, market: MarketChanges, user: User): TriggerInfo[] {
  return market.triggers.flatMap(({ trigger, end }) => {
    if (portfolioAccount(trigger.portfolio) !== user.account) return [];
    const place = { account: user.text, height: market.height };
    return triggerInfo(mirror, trigger, end === undefined ? place : { ...place, end }) ?? [];
  });
}

function userNotices(mirror: MarketMirror, market: MarketChanges, user: User): UserNotice[] {
  return market.notices
    .filter(({ account }) => account === user.account)
    .map((notice) => userNotice(mirror, notice, market.timestamp));
}

/** Changes of requests on series of an underlying, or of any. */
function rfqsFor(
  mirror: MarketMirror,
  market: MarketChanges,
  { underlying }: ChannelTarget,
): RfqChange[] {
  const requests = market.requests.filter(({ entry }) => {
    if (underlying === undefined || !('legs' in entry)) return true;
    const leg = entry.legs[0]?.instrument;
    return leg !== undefined && mirror.instruments.get(leg)?.row.underlying === underlying;
  });
  return rfqChanges(mirror, { ...market, requests });
}

const unlessEmpty = <T>(list: T[]): T[] | undefined => (list.length === 0 ? undefined : list);

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
    case 'book':
    case 'level3': {
      const changes = instrument && market.books.get(instrument.row.id);
      if (instrument === undefined || changes === undefined) return undefined;
      return channel.kind === 'book'
        ? bookData(mirror, instrument, changes, market.timestamp)
        : level3Data(mirror, instrument, changes, market.timestamp);
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
    case 'auction':
      return instrument && market.auctions.has(instrument.row.id)
        ? (auctionInfo(mirror, instrument) ?? undefined)
        : undefined;
    case 'instrument.state':
      return unlessEmpty(stateChanges(mirror, market, target.underlying));
    case 'rfq':
      return unlessEmpty(rfqsFor(mirror, market, target));
    case 'user.triggers':
      return target.user && unlessEmpty(userTriggers(mirror, market, target.user));
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
      const triggers = userTriggers(mirror, market, target.user);
      const notices = userNotices(mirror, market, target.user);
      const changes = { orders, triggers, trades, cash, notices };
      const isEmpty = Object.values(changes).every(({ length }) => length === 0);
      return isEmpty ? undefined : changes;
    }
    case 'transaction':
      return undefined;
  }
}

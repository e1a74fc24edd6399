/** Market data methods, answered from the mirror. */
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../../runtime/options/instrument.ts';
import { QUESTION } from '../../query/format.ts';
import type { Handlers } from '../context.ts';
import { failure } from '../errors.ts';
import { instrumentOf, underlyingOf } from '../lookup.ts';
import { type MarketMirror, type MirrorInstrument, marketMirror } from '../mirror/market.ts';
import {
  auctionInfo,
  currencyInfo,
  fundingHours,
  indexPriceInfo,
  instrumentInfo,
  stateName,
  ticker,
  tradeInfo,
} from '../present.ts';
import { bookLevels, bookOrders, levelsChecksum } from '../present-book.ts';
import { usd } from '../present-money.ts';
import type { ExpirationsAnswer, TradeInfo } from '../schemas/market.ts';
import { MAX_INSTRUMENTS, MAX_PAGE } from '../schemas/market.ts';

const DEFAULT_DEPTH = 10;
const DEFAULT_COUNT = 10;

/** Whether an instrument will not trade any more. */
function isOver(mirror: MarketMirror, instrument: MirrorInstrument): boolean {
  const state = stateName(mirror, instrument);
  return state === 'expired' || state === 'settled';
}

/** Instruments by underlying, expiry, strike, calls first. */
function ordered(mirror: MarketMirror): MirrorInstrument[] {
  return [...mirror.instruments.values()].sort(
    ({ row: a }, { row: b }) =>
      a.underlying - b.underlying ||
      a.expiry - b.expiry ||
      a.strike - b.strike ||
      a.kind - b.kind ||
      a.id - b.id,
  );
}

export const marketMethods: Handlers<
  | 'public/get_currencies'
  | 'public/get_instruments'
  | 'public/get_instrument'
  | 'public/get_order_book'
  | 'public/ticker'
  | 'public/get_auction'
  | 'public/get_index_price'
  | 'public/get_last_trades_by_instrument'
  | 'public/get_expirations'
  | 'public/get_funding_rate_history'
  | 'public/get_delivery_prices'
> = {
  async 'public/get_currencies'(_params, { feed }) {
    const mirror = await feed.market();
    return [...mirror.underlyings.values()].sort((a, b) => a.id - b.id).map(currencyInfo);
  },

  async 'public/get_instruments'({ currency, kind, expired = false }, { feed }) {
    const mirror = await feed.market();
    await feed.refreshOpenInterest();
    const wanted =
      currency === undefined ? undefined : underlyingOf(mirror, 'currency', currency).id;
    return ordered(mirror)
      .filter((instrument) => {
        if (wanted !== undefined && instrument.row.underlying !== wanted) return false;
        return isOver(mirror, instrument) === expired;
      })
      .map((instrument) => instrumentInfo(mirror, instrument))
      .filter((info) => kind === undefined || info.kind === kind)
      .slice(0, MAX_INSTRUMENTS);
  },

  async 'public/get_instrument'({ instrument_name }, { feed }) {
    const mirror = await feed.market();
    await feed.refreshOpenInterest();
    return instrumentInfo(mirror, instrumentOf(mirror, instrument_name));
  },

  async 'public/get_order_book'({ instrument_name, depth, detail }, { feed }) {
    const mirror = await feed.market();
    await feed.refreshOpenInterest();
    const instrument = instrumentOf(mirror, instrument_name);
    const levels = depth ?? DEFAULT_DEPTH;
    const orders = detail === 'orders' ? bookOrders(mirror, instrument, MAX_PAGE) : undefined;
    return {
      ...ticker(mirror, instrument),
      change_id: mirror.books.get(instrument.row.id)?.changedAt ?? mirror.height,
      checksum: levelsChecksum(mirror, instrument.row.id),
      bids: bookLevels(mirror, instrument, 'bids', levels),
      asks: bookLevels(mirror, instrument, 'asks', levels),
      ...(orders === undefined ? {} : { orders }),
    };
  },

  async 'public/ticker'({ instrument_name }, { feed }) {
    const mirror = await feed.market();
    await feed.refreshOpenInterest();
    return ticker(mirror, instrumentOf(mirror, instrument_name));
  },

  async 'public/get_auction'({ instrument_name }, { feed }) {
    const mirror = await feed.market();
    return auctionInfo(mirror, instrumentOf(mirror, instrument_name));
  },

  async 'public/get_index_price'({ index_name }, { feed }) {
    const mirror = await feed.market();
    const { id, name } = underlyingOf(mirror, 'index_name', index_name);
    return indexPriceInfo(mirror, id, name);
  },

  async 'public/get_last_trades_by_instrument'({ instrument_name, count }, { feed }) {
    const mirror = await feed.market();
    const instrument = instrumentOf(mirror, instrument_name);
    const most = count ?? DEFAULT_COUNT;
    const trades: TradeInfo[] = [];
    for (let i = mirror.trades.length - 1; i >= 0 && trades.length <= most; i--) {
      const trade = mirror.trades[i];
      if (trade?.event.instrument === instrument.row.id) trades.push(tradeInfo(instrument, trade));
    }
    return { trades: trades.slice(0, most), has_more: trades.length > most };
  },

  async 'public/get_expirations'({ currency }, { feed, ask }) {
    // What feeders ask. A node that nobody asks for more need not keep the books.
    const mirror =
      feed.builtMarket() ??
      marketMirror(await ask({ selector: QUESTION.market, value: { unused: 0 } }));
    const wanted =
      currency === undefined ? undefined : underlyingOf(mirror, 'currency', currency).name;
    const answer: ExpirationsAnswer = {};
    for (const instrument of ordered(mirror)) {
      const { underlyingName, row } = instrument;
      if (wanted !== undefined && underlyingName !== wanted) continue;
      if (row.state === INSTRUMENT_STATE.settled || row.expiry <= mirror.timestamp) continue;
      answer[underlyingName] ??= [];
      const expiries = answer[underlyingName];
      if (expiries.at(-1) !== row.expiry) expiries.push(row.expiry);
    }
    return answer;
  },

  async 'public/get_funding_rate_history'({ instrument_name }, { feed }) {
    const mirror = await feed.market();
    const instrument = instrumentOf(mirror, instrument_name);
    if (instrument.row.kind !== INSTRUMENT_KIND.perpetual) {
      throw failure('invalid_instrument', {
        field: 'instrument_name',
        given: instrument_name,
        allowed: 'a perpetual, such as BTC-PERPETUAL',
      });
    }
    return fundingHours(mirror, instrument);
  },

  async 'public/get_delivery_prices'({ index_name, count }, { feed }) {
    const mirror = await feed.market();
    const { id } = underlyingOf(mirror, 'index_name', index_name);
    const all = [...mirror.deliveries.values()]
      .filter(({ underlying }) => underlying === id)
      .sort((a, b) => b.expiry - a.expiry);
    return {
      data: all.slice(0, count ?? DEFAULT_COUNT).map(({ expiry, deliveryPrice }) => ({
        date: new Date(expiry).toISOString().slice(0, 10),
        timestamp: expiry,
        delivery_price: usd(deliveryPrice),
        delivery_micro_usd: String(deliveryPrice),
      })),
      records_total: all.length,
    };
  },
};

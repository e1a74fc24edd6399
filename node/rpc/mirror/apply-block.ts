/**
 * Applies the events of one block to the mirror, and says what changed, for subscribers.
 *
 * Orders of a snapshot were read in pages, each at its own height; an event of an order whose page
 * already counts that block is skipped (`isCounted`).
 */

import { toHex } from '../../../runtime/core/bytes.ts';
import {
  accountId,
  type InstrumentId,
  instrumentId,
  type OrderId,
  type TimestampMs,
  type UnderlyingId,
} from '../../../runtime/core/units.ts';
import { EVENT, type Event, type TradeEvent } from '../../../runtime/event.ts';
import type { Order } from '../../../runtime/matching/order.ts';
import { INSTRUMENT_STATE } from '../../../runtime/options/instrument.ts';
import { expiryKey } from '../../../runtime/state/state.ts';
import { addLots, type BookChanges, bookChanges, type MirrorBook, mirrorBook } from './book.ts';
import {
  closedState,
  type MarketMirror,
  type MirrorCash,
  type MirrorOrder,
  type MirrorTrade,
  pruneInstruments,
  putInstrument,
} from './market.ts';

/** What one block did to the market. */
export type MarketChanges = {
  readonly height: number;
  readonly timestamp: TimestampMs;
  readonly books: Map<InstrumentId, BookChanges>;
  readonly trades: MirrorTrade[];
  /** Orders opened, reduced or closed, as they then were. */
  readonly orders: Map<OrderId, MirrorOrder>;
  readonly cash: MirrorCash[];
  readonly indexes: Set<UnderlyingId>;
  /** Instruments whose ticker changed. */
  readonly tickers: Set<InstrumentId>;
};

export type ApplyOptions = {
  readonly rememberedTrades: number;
  readonly rememberedOrders: number;
  /** Whether the mirror already holds this order as the block left it. */
  readonly isCounted: (order: OrderId) => boolean;
};

/** The block as events and place. */
export type BlockEvents = {
  readonly height: number;
  readonly timestamp: TimestampMs;
  readonly events: readonly Event[];
};

export function bookOf(mirror: MarketMirror, instrument: InstrumentId): MirrorBook {
  const known = mirror.books.get(instrument);
  if (known !== undefined) return known;
  const book = mirrorBook(mirror.height);
  mirror.books.set(instrument, book);
  return book;
}

/** Adds an open order, as a snapshot or an event gives it. */
export function putOrder(
  mirror: MarketMirror,
  order: Order,
  height: number,
  changes?: BookChanges,
): MirrorOrder {
  const entry: MirrorOrder = { order: { ...order }, state: 'open', reason: undefined, height };
  mirror.orders.set(order.id, entry);
  const { side, price: ticks, remaining: lots } = order;
  addLots(bookOf(mirror, order.instrument), { side, ticks, lots }, changes);
  return entry;
}

function rememberClosed(mirror: MarketMirror, entry: MirrorOrder, most: number): void {
  mirror.closedOrders.set(entry.order.id, entry);
  if (mirror.closedOrders.size <= most) return;
  const oldest = mirror.closedOrders.keys().next().value;
  if (oldest !== undefined) mirror.closedOrders.delete(oldest);
}

function applyTrade(
  mirror: MarketMirror,
  event: TradeEvent,
  changes: MarketChanges,
  most: number,
): void {
  const { height, timestamp } = changes;
  const sequence = ++mirror.tradeCount;
  const trade = { height, position: changes.trades.length, sequence, timestamp, event };
  changes.trades.push(trade);
  changes.tickers.add(event.instrument);
  mirror.trades.push(trade);
  // Cut in chunks, so that the cost per trade is constant.
  if (mirror.trades.length > 2 * most) mirror.trades.splice(0, mirror.trades.length - most);
  mirror.isOpenInterestStale = true;
  const stats = mirror.instruments.get(event.instrument)?.stats;
  if (stats === undefined) return;
  stats.low = stats.trades === 0 ? event.price : Math.min(stats.low, event.price);
  stats.high = Math.max(stats.high, event.price);
  stats.last = event.price;
  stats.lots += event.lots;
  stats.trades++;
}

/** Marks every series of an expiry as changed. */
function touchExpiry(mirror: MarketMirror, key: number, changes: MarketChanges): void {
  for (const { row } of mirror.instruments.values()) {
    if (expiryKey.pack(row.underlying, row.expiry) === key) changes.tickers.add(row.id);
  }
}

/** Applies one block above the mirror's height. */
export function applyBlock(
  mirror: MarketMirror,
  block: BlockEvents,
  options: ApplyOptions,
): MarketChanges {
  const { height, timestamp, events } = block;
  mirror.height = height;
  mirror.timestamp = timestamp;
  const changes: MarketChanges = {
    height,
    timestamp,
    books: new Map(),
    trades: [],
    orders: new Map(),
    cash: [],
    indexes: new Set(),
    tickers: new Set(),
  };
  const bookChange = (instrument: InstrumentId): BookChanges => {
    const known = changes.books.get(instrument);
    if (known !== undefined) return known;
    const fresh = bookChanges();
    changes.books.set(instrument, fresh);
    changes.tickers.add(instrument);
    bookOf(mirror, instrument).changedAt = height;
    return fresh;
  };
  const note = (entry: MirrorOrder): void => {
    entry.height = height;
    changes.orders.set(entry.order.id, { ...entry, order: { ...entry.order } });
  };

  for (const event of events) {
    switch (event.selector) {
      case EVENT.trade:
        applyTrade(mirror, event.value, changes, options.rememberedTrades);
        break;
      case EVENT.orderOpened: {
        const order = event.value;
        if (options.isCounted(order.id)) break;
        note(putOrder(mirror, order, height, bookChange(order.instrument)));
        break;
      }
      case EVENT.orderReduced: {
        const entry = mirror.orders.get(event.value.orderId);
        if (entry === undefined || options.isCounted(event.value.orderId)) break;
        const { order } = entry;
        const lots = -event.value.lots;
        const at = { side: order.side, ticks: order.price, lots };
        addLots(bookOf(mirror, order.instrument), at, bookChange(order.instrument));
        order.remaining = (order.remaining + lots) as typeof order.remaining;
        note(entry);
        break;
      }
      case EVENT.orderClosed: {
        const { orderId, reason } = event.value;
        const entry = mirror.orders.get(orderId);
        if (entry === undefined || options.isCounted(orderId)) break;
        const { order } = entry;
        const at = { side: order.side, ticks: order.price, lots: -order.remaining };
        addLots(bookOf(mirror, order.instrument), at, bookChange(order.instrument));
        mirror.orders.delete(orderId);
        entry.state = closedState(reason);
        entry.reason = reason;
        note(entry);
        rememberClosed(mirror, entry, options.rememberedOrders);
        break;
      }
      case EVENT.transfer: {
        const { from, to, denomination, amount } = event.value;
        const base = { kind: 'transfer', instrument: undefined, denomination, fee: 0n } as const;
        changes.cash.push({ ...base, portfolio: from, amount: -amount });
        changes.cash.push({ ...base, portfolio: to, amount });
        break;
      }
      case EVENT.accountCreated:
        mirror.accountByAddress.set(toHex(event.value.address), accountId(event.value.account));
        break;
      case EVENT.index: {
        const { underlying, index } = event.value;
        const known = mirror.indexPrices.get(underlying);
        const confidenceBps = known?.confidenceBps ?? 0;
        mirror.indexPrices.set(underlying, {
          underlying,
          index,
          confidenceBps,
          updatedAt: timestamp,
        });
        changes.indexes.add(underlying);
        break;
      }
      case EVENT.marks: {
        const key = expiryKey.pack(event.value.underlying, event.value.expiry);
        mirror.markInputs.set(key, event.value);
        touchExpiry(mirror, key, changes);
        break;
      }
      case EVENT.instrumentListed:
        putInstrument(mirror, event.value);
        changes.tickers.add(event.value.id);
        break;
      case EVENT.delivery: {
        const key = expiryKey.pack(event.value.underlying, event.value.expiry);
        mirror.deliveries.set(key, event.value);
        touchExpiry(mirror, key, changes);
        break;
      }
      case EVENT.settled: {
        const { portfolio, instrument, cash, fee } = event.value;
        changes.cash.push({
          kind: 'settlement',
          portfolio,
          instrument,
          denomination: 0,
          amount: cash,
          fee,
        });
        break;
      }
      case EVENT.instrumentSettled: {
        const id = instrumentId(event.value.instrument);
        const known = mirror.instruments.get(id);
        if (known === undefined) break;
        const key = expiryKey.pack(known.row.underlying, known.row.expiry);
        known.row.state = INSTRUMENT_STATE.settled;
        known.row.deliveryPrice = mirror.deliveries.get(key)?.deliveryPrice ?? 0;
        known.row.openInterest = 0;
        changes.tickers.add(id);
        pruneInstruments(mirror);
        break;
      }
      case EVENT.epochStarted:
        break;
    }
  }
  return changes;
}

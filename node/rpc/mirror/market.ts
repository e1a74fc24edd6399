/**
 * The market as the RPC thread mirrors it: instruments, books, trades, indexes, marks.
 *
 * Built from a snapshot of the state and kept by the events of each block. It is a cache: what it
 * says at height h is what the state says at h. Bounded: orders by the chain's limits, remembered
 * trades and closed orders by the configuration, settled instruments by `MAX_SETTLED`.
 */
import type {
  AccountId,
  InstrumentId,
  OrderId,
  PortfolioId,
  TimestampMs,
  UnderlyingId,
} from '../../../runtime/core/units.ts';
import { CLOSE_REASON, type CloseReason, type TradeEvent } from '../../../runtime/event.ts';
import type { Order } from '../../../runtime/matching/order.ts';
import {
  INSTRUMENT_KIND,
  INSTRUMENT_STATE,
  type Instrument,
} from '../../../runtime/options/instrument.ts';
import { formatInstrumentName } from '../../../runtime/options/instrument-name.ts';
import type { Underlying } from '../../../runtime/options/underlying.ts';
import type { IndexPrice, MarkInputs } from '../../../runtime/oracle/price.ts';
import { expiryKey } from '../../../runtime/state/state.ts';
import type { MarketAnswer } from '../../query/format.ts';
import type { MirrorBook } from './book.ts';

/** Settled instruments that are remembered. */
export const MAX_SETTLED = 5_000;

/** An instrument with its name; `row` is the mirror's own and mutable. */
export type MirrorInstrument = {
  readonly name: string;
  readonly underlying: Underlying;
  readonly underlyingName: string;
  readonly row: Instrument;
  /** Trades since the mirror began. */
  readonly stats: { lots: number; trades: number; low: number; high: number; last: number };
};

/** An open or remembered order. */
export type MirrorOrder = {
  readonly order: Order;
  state: 'open' | 'filled' | 'cancelled';
  reason: CloseReason | undefined;
  /** Height of its last change. */
  height: number;
};

export type MirrorTrade = {
  readonly height: number;
  /** Position among the trades of its block. */
  readonly position: number;
  /** Ascending over all trades of the mirror's life. */
  readonly sequence: number;
  readonly timestamp: TimestampMs;
  readonly event: TradeEvent;
};

/** Money that moved to or from a portfolio. */
export type MirrorCash = {
  readonly kind: 'transfer' | 'settlement';
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId | undefined;
  readonly denomination: number;
  readonly amount: bigint;
  readonly fee: bigint;
};

export type MarketMirror = {
  height: number;
  timestamp: TimestampMs;
  readonly underlyings: Map<UnderlyingId, Underlying>;
  readonly instruments: Map<InstrumentId, MirrorInstrument>;
  readonly instrumentByName: Map<string, InstrumentId>;
  readonly books: Map<InstrumentId, MirrorBook>;
  readonly orders: Map<OrderId, MirrorOrder>;
  /** Closed orders, oldest first. */
  readonly closedOrders: Map<OrderId, MirrorOrder>;
  readonly indexPrices: Map<UnderlyingId, IndexPrice>;
  /** By `expiryKey`. */
  readonly markInputs: Map<number, MarkInputs>;
  /** Delivery prices by `expiryKey`. */
  readonly deliveries: Map<
    number,
    { underlying: UnderlyingId; expiry: TimestampMs; deliveryPrice: number }
  >;
  /** Oldest first, bounded. */
  readonly trades: MirrorTrade[];
  tradeCount: number;
  /** Accounts created since the mirror began, by the hex of their addresses. */
  readonly accountByAddress: Map<string, AccountId>;
  /** A trade happened since open interests were last read. */
  isOpenInterestStale: boolean;
};

/** ASCII of an underlying's name. */
export function nameOf(underlying: Underlying): string {
  return String.fromCharCode(...underlying.name);
}

function seriesName(row: Instrument, underlyingName: string): string {
  const { kind, expiry, strike } = row;
  switch (kind) {
    case INSTRUMENT_KIND.call:
    case INSTRUMENT_KIND.put:
      return formatInstrumentName({
        underlying: underlyingName,
        expiry,
        strike,
        kind: kind === INSTRUMENT_KIND.call ? 'call' : 'put',
      });
    case INSTRUMENT_KIND.future:
    case INSTRUMENT_KIND.perpetual:
      return `${underlyingName}-${kind === INSTRUMENT_KIND.perpetual ? 'PERP' : row.id}`;
  }
}

/** Adds or replaces an instrument; its underlying must be known. */
export function putInstrument(mirror: MarketMirror, row: Instrument): void {
  const underlying = mirror.underlyings.get(row.underlying);
  if (underlying === undefined) return;
  const known = mirror.instruments.get(row.id);
  const underlyingName = nameOf(underlying);
  const name = known?.name ?? seriesName(row, underlyingName);
  const stats = known?.stats ?? { lots: 0, trades: 0, low: 0, high: 0, last: 0 };
  mirror.instruments.set(row.id, { name, underlying, underlyingName, row: { ...row }, stats });
  mirror.instrumentByName.set(name, row.id);
}

/** Forgets the oldest settled instruments beyond `MAX_SETTLED`. */
export function pruneInstruments(mirror: MarketMirror): void {
  const settled = [...mirror.instruments.values()].filter(
    ({ row }) => row.state === INSTRUMENT_STATE.settled,
  );
  for (const { row, name } of settled.slice(0, Math.max(0, settled.length - MAX_SETTLED))) {
    mirror.instruments.delete(row.id);
    mirror.books.delete(row.id);
    if (mirror.instrumentByName.get(name) === row.id) mirror.instrumentByName.delete(name);
  }
}

/** A mirror with the rows of a snapshot and no orders yet. */
export function marketMirror(snapshot: MarketAnswer): MarketMirror {
  const mirror: MarketMirror = {
    height: snapshot.height,
    timestamp: snapshot.timestamp,
    underlyings: new Map(snapshot.underlyings.map((row) => [row.id, row])),
    instruments: new Map(),
    instrumentByName: new Map(),
    books: new Map(),
    orders: new Map(),
    closedOrders: new Map(),
    indexPrices: new Map(snapshot.indexPrices.map((row) => [row.underlying, row])),
    markInputs: new Map(
      snapshot.markInputs.map((row) => [expiryKey.pack(row.underlying, row.expiry), row]),
    ),
    deliveries: new Map(
      snapshot.deliveries.map((row) => [expiryKey.pack(row.underlying, row.expiry), row]),
    ),
    trades: [],
    tradeCount: 0,
    accountByAddress: new Map(),
    isOpenInterestStale: false,
  };
  for (const row of snapshot.instruments) putInstrument(mirror, row);
  return mirror;
}

/** `filled` is what the owner wanted; everything else ends an order early. */
export function closedState(reason: CloseReason): 'filled' | 'cancelled' {
  return reason === CLOSE_REASON.filled ? 'filled' : 'cancelled';
}

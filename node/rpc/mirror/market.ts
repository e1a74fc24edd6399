/**
 * The market as the RPC thread mirrors it: instruments, books, trades, indexes, marks.
 *
 * Built from a snapshot of the state and kept by the events of each block. It is a cache: what it
 * says at height h is what the state says at h. Bounded: orders by the chain's limits, remembered
 * trades and closed orders by the configuration, settled instruments by `MAX_SETTLED`.
 */

import type { TradingStatus } from '../../../runtime/auction/phase.ts';
import type {
  AccountId,
  InstrumentId,
  OrderId,
  PortfolioId,
  PriceTicks,
  TimestampMs,
  UnderlyingId,
} from '../../../runtime/core/units.ts';
import { CLOSE_REASON, type CloseReason, type TradeEvent } from '../../../runtime/event.ts';
import { contractTerms } from '../../../runtime/linear/contract-terms.ts';
import type { Perpetual } from '../../../runtime/linear/perpetual.ts';
import type { Order } from '../../../runtime/matching/order.ts';
import type { Trigger } from '../../../runtime/matching/trigger.ts';
import { COMBO_ZERO_TICKS, type Combo } from '../../../runtime/multileg/combo.ts';
import type { LiveQuote, LiveRequest } from '../../../runtime/multileg/live-quote.ts';
import {
  INSTRUMENT_KIND,
  INSTRUMENT_STATE,
  type Instrument,
} from '../../../runtime/options/instrument.ts';
import {
  formatFutureName,
  formatInstrumentName,
  formatPerpetualName,
} from '../../../runtime/options/instrument-name.ts';
import type { Underlying } from '../../../runtime/options/underlying.ts';
import type { IndexPrice, MarkInputs } from '../../../runtime/oracle/price.ts';
import { expiryKey } from '../../../runtime/state/state.ts';
import type { MarketAnswer } from '../../query/format.ts';
import type { MirrorBook } from './book.ts';
import { comboInstrumentName } from './combo-name.ts';

/** Settled instruments that are remembered. */
export const MAX_SETTLED = 5_000;

/** An instrument with its name; `row` is the mirror's own and mutable. */
export type MirrorInstrument = {
  readonly name: string;
  /** As the instrument's kind has its ticks, lots and fees (`contractTerms`). */
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

/** A trade of a book, of an auction, or of a leg of something larger. */
export type MirrorFill = Omit<TradeEvent, 'price'> & {
  /** Of a book: ticks; legs trade at a premium that need not be whole ticks. */
  readonly price: PriceTicks | undefined;
  /** Micro-USD for all the lots. */
  readonly premium: bigint;
  readonly kind: 'book' | 'combo' | 'rfq' | 'block';
  /** Number of the combo's instrument, of the quote, or of the block; 0 of a book. */
  readonly reference: number;
};

/** Where an auction would clear or did; `price` 0: nowhere. */
export type MirrorAuction = {
  readonly state: 'indicative' | 'cleared';
  readonly price: number;
  readonly lots: number;
  readonly imbalance: number;
  readonly height: number;
  readonly timestamp: TimestampMs;
};

/** Something that concerns one account and is neither order, trade nor money. */
export type MirrorNotice = {
  readonly account: AccountId;
  readonly subAccount: number | undefined;
  readonly underlying: UnderlyingId | undefined;
  readonly type:
    | 'protection_set'
    | 'protection_removed'
    | 'protection_triggered'
    | 'protection_reset'
    | 'dead_man_fired'
    | 'liquidation_started'
    | 'liquidation_insolvent'
    | 'liquidation_ended'
    | 'referrer_set';
  /** Of a protection: when its freeze ends. */
  readonly frozenUntil: TimestampMs | undefined;
  /** Of a dead-man switch: what it closed in this block. */
  readonly closed: number | undefined;
};

export type MirrorTrade = {
  readonly height: number;
  /** Position among the trades of its block. */
  readonly position: number;
  /** Ascending over all trades of the mirror's life. */
  readonly sequence: number;
  readonly timestamp: TimestampMs;
  readonly event: MirrorFill;
};

/** Money that moved to or from a portfolio. */
export type MirrorCash = {
  readonly kind: 'liquidation' | 'transfer' | 'settlement' | 'referral' | 'variation' | 'funding';
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
  /** By the combo's own instrument. */
  readonly combos: Map<InstrumentId, Combo>;
  /** What stands over all series of an underlying; open where there is no row. */
  readonly statuses: Map<UnderlyingId, TradingStatus>;
  /** When the timed state of an instrument ends; 0: with its first mark. */
  readonly phaseEnds: Map<InstrumentId, TimestampMs>;
  /** The last that an auction said, running or cleared. */
  readonly auctions: Map<InstrumentId, MirrorAuction>;
  readonly books: Map<InstrumentId, MirrorBook>;
  readonly orders: Map<OrderId, MirrorOrder>;
  /** Closed orders, oldest first. */
  readonly closedOrders: Map<OrderId, MirrorOrder>;
  readonly triggers: Map<OrderId, Trigger>;
  /** Requests for quote and quotes since the mirror began, live ones only: who hears of their end. */
  readonly requests: Map<OrderId, LiveRequest | LiveQuote>;
  readonly indexPrices: Map<UnderlyingId, IndexPrice>;
  /** As of their last marks; `remainder` and `average` are those of the snapshot. */
  readonly perpetuals: Map<UnderlyingId, Perpetual>;
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

/** Ticks that stand for a price of 0: a combo's net price can be below it. */
export function zeroTicksOf({ kind }: Pick<Instrument, 'kind'>): number {
  return kind === INSTRUMENT_KIND.combo ? COMBO_ZERO_TICKS : 0;
}

/** ASCII of an underlying's name. */
export function nameOf(underlying: Underlying): string {
  return String.fromCharCode(...underlying.name);
}

/** The combo's name; its number stands in for the legs of one whose row is not known yet. */
function comboNameOf(mirror: MarketMirror, row: Instrument, underlyingName: string): string {
  const combo = mirror.combos.get(row.id);
  const legs = combo?.legs.flatMap((leg) => mirror.instruments.get(leg.instrument) ?? []);
  return combo === undefined || legs?.length !== combo.legs.length
    ? `${underlyingName}-COMBO-${row.id}`
    : comboInstrumentName(combo, underlyingName, legs);
}

function seriesName(mirror: MarketMirror, row: Instrument, underlyingName: string): string {
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
      return formatFutureName(underlyingName, expiry);
    case INSTRUMENT_KIND.perpetual:
      return formatPerpetualName(underlyingName);
    case INSTRUMENT_KIND.combo:
      return comboNameOf(mirror, row, underlyingName);
  }
}

/** Adds or replaces an instrument; its underlying must be known. */
export function putInstrument(mirror: MarketMirror, row: Instrument): void {
  const rules = mirror.underlyings.get(row.underlying);
  if (rules === undefined) return;
  const underlying = contractTerms(rules, row.kind);
  const known = mirror.instruments.get(row.id);
  const underlyingName = nameOf(underlying);
  const name = known?.name ?? seriesName(mirror, row, underlyingName);
  const stats = known?.stats ?? { lots: 0, trades: 0, low: 0, high: 0, last: 0 };
  mirror.instruments.set(row.id, { name, underlying, underlyingName, row: { ...row }, stats });
  mirror.instrumentByName.set(name, row.id);
}

/** Adds a combo's legs, by which its instrument gets its name. */
export function putCombo(mirror: MarketMirror, combo: Combo): void {
  mirror.combos.set(combo.instrument, combo);
  const known = mirror.instruments.get(combo.instrument);
  if (known === undefined) return;
  mirror.instrumentByName.delete(known.name);
  mirror.instruments.delete(combo.instrument);
  putInstrument(mirror, known.row);
}

/** Forgets the oldest settled instruments beyond `MAX_SETTLED`. */
export function pruneInstruments(mirror: MarketMirror): void {
  const settled = [...mirror.instruments.values()].filter(
    ({ row }) => row.state === INSTRUMENT_STATE.settled,
  );
  for (const { row, name } of settled.slice(0, Math.max(0, settled.length - MAX_SETTLED))) {
    mirror.instruments.delete(row.id);
    mirror.books.delete(row.id);
    mirror.combos.delete(row.id);
    mirror.auctions.delete(row.id);
    mirror.phaseEnds.delete(row.id);
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
    combos: new Map(snapshot.combos.map((row) => [row.instrument, row])),
    statuses: new Map(snapshot.statuses.map((row) => [row.underlying, row])),
    phaseEnds: new Map(snapshot.phases.map(({ instrument, until }) => [instrument, until])),
    auctions: new Map(),
    books: new Map(),
    orders: new Map(),
    closedOrders: new Map(),
    triggers: new Map(),
    requests: new Map(),
    indexPrices: new Map(snapshot.indexPrices.map((row) => [row.underlying, row])),
    perpetuals: new Map(snapshot.perpetuals.map((row) => [row.underlying, { ...row }])),
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
  // Combos are named after their legs, which may have been listed after them.
  const isCombo = ({ kind }: Instrument): boolean => kind === INSTRUMENT_KIND.combo;
  for (const row of snapshot.instruments) if (!isCombo(row)) putInstrument(mirror, row);
  for (const row of snapshot.instruments) if (isCombo(row)) putInstrument(mirror, row);
  return mirror;
}

/** `filled` is what the owner wanted; everything else ends an order early. */
export function closedState(reason: CloseReason): 'filled' | 'cancelled' {
  return reason === CLOSE_REASON.filled ? 'filled' : 'cancelled';
}

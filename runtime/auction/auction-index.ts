/**
 * What of auctions is due, and which orders leave with them: an index over the tables `phases`,
 * `tradingStatus`, `indicatives` and `orders`, so that a block in which nothing is due costs O(1).
 *
 * Invariants: `due`, `pending`, `leaving`, `indicatives` and `running` equal those rebuilt from the tables; `changed`,
 * `collected` and `searched` are empty between blocks.
 */
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import type { InstrumentId, OrderId, PriceTicks, TimestampMs } from '../core/units.ts';
import type { Order } from '../matching/order.ts';
import { INSTRUMENT_STATE, type Instrument, type InstrumentState } from '../options/instrument.ts';
import { expiryKey, type State } from '../state/state.ts';
import { auctionKind } from './phase.ts';

export type AuctionIndex = {
  /** Instruments whose phase ends by time; keys are instrument numbers. */
  readonly due: DueQueue;
  /** Instruments that wait for their first mark; keys are `expiryKey`s. */
  readonly pending: Map<number, Set<InstrumentId>>;
  /** Orders that take part in the auction that is running and then leave. */
  readonly leaving: Map<InstrumentId, Set<OrderId>>;
  /** Instruments and underlyings whose own layer is a call auction. */
  running: number;
  /** Series by the time from which they may publish an indicative price. */
  readonly indicatives: DueQueue;
  /** Books that changed in this block while a call auction was running. */
  readonly changed: Set<InstrumentId>;
  /** Batch-mode books that orders entered in this block. */
  readonly collected: Set<InstrumentId>;
  /** How far each side of a batch-mode book was searched in this block; `batch-post-only.ts`. */
  readonly searched: Map<number, SearchedSide>;
};

/** What is at prices better than `price` came in the block of `at`. */
export type SearchedSide = { at: TimestampMs; price: PriceTicks };

export function auctionIndex(): AuctionIndex {
  return {
    due: dueQueue(),
    pending: new Map(),
    leaving: new Map(),
    running: 0,
    indicatives: dueQueue(),
    changed: new Set(),
    collected: new Set(),
    searched: new Map(),
  };
}

/** Notes that a layer went from one state to another. O(1). */
export function countAuction(state: State, from: InstrumentState, to: InstrumentState): void {
  const { auctions } = state.derived;
  if (from === INSTRUMENT_STATE.auction) auctions.running -= 1;
  if (to === INSTRUMENT_STATE.auction) auctions.running += 1;
}

/** Notes the phase of an instrument, or (`undefined`) that it has none. O(log n). */
export function indexPhase(state: State, instrument: Instrument, until: number | undefined): void {
  const { due, pending } = state.derived.auctions;
  const key = expiryKey.pack(instrument.underlying, instrument.expiry);
  if (until === 0) {
    const waiting = pending.get(key);
    if (waiting === undefined) pending.set(key, new Set([instrument.id]));
    else waiting.add(instrument.id);
    return;
  }
  const waiting = pending.get(key);
  if (waiting?.delete(instrument.id) && waiting.size === 0) pending.delete(key);
  if (until === undefined) clearDue(due, instrument.id);
  else setDue(due, instrument.id, until);
}

/** Notes an order that leaves with the auction. O(1). */
function indexLeaving(state: State, order: Order): void {
  const { leaving } = state.derived.auctions;
  const orders = leaving.get(order.instrument);
  if (orders === undefined) leaving.set(order.instrument, new Set([order.id]));
  else orders.add(order.id);
}

/** Notes that an order which was to leave with the auction has left before. O(1). */
export function unindexLeaving(state: State, order: Order): void {
  const { leaving } = state.derived.auctions;
  const orders = leaving.get(order.instrument);
  if (orders?.delete(order.id) && orders.size === 0) leaving.delete(order.instrument);
}

/** Notes an order that entered an auction instead of meeting the book. O(1). */
export function collectOrder(state: State, instrument: Instrument, order: Order): void {
  if (order.auctionOnly) indexLeaving(state, order);
  if (auctionKind(state, instrument) === 'batch') {
    state.derived.auctions.collected.add(instrument.id);
  }
}

/** Notes that the book of an instrument changed. A field test unless a call auction is running. */
export function noteBookChange(state: State, instrument: InstrumentId): void {
  const { auctions } = state.derived;
  if (auctions.running > 0) auctions.changed.add(instrument);
}

/** Fills the index from the tables. O(phases + orders). */
export function rebuildAuctionIndex(state: State): void {
  const { auctions } = state.derived;
  resetDue(auctions.due);
  auctions.pending.clear();
  auctions.leaving.clear();
  auctions.running = 0;
  resetDue(auctions.indicatives);
  auctions.changed.clear();
  auctions.collected.clear();
  auctions.searched.clear();
  for (const [id, phase] of state.phases.unorderedEntries()) {
    const instrument = state.instruments.must(id);
    indexPhase(state, instrument, phase.until);
    if (instrument.state === INSTRUMENT_STATE.auction) auctions.running += 1;
  }
  for (const [, status] of state.tradingStatus.unorderedEntries()) {
    if (status.automatic === INSTRUMENT_STATE.auction) auctions.running += 1;
  }
  for (const [id, { nextAt }] of state.indicatives.unorderedEntries()) {
    setDue(auctions.indicatives, id, nextAt);
  }
  for (const [, order] of state.orders.unorderedEntries()) {
    if (order.auctionOnly) indexLeaving(state, order);
  }
}

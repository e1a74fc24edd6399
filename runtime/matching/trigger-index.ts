/**
 * Triggers by the price they wait for, by owner and by instrument: an index over the table
 * `triggers`.
 *
 * Those that wait for one price stand in two lists, for a rise and for a fall, each with the one
 * that fires first at its end: a price that moved is compared with two numbers, and a block in which
 * no watched price moved with none. Those whose price has come wait for their turn in `due`, by
 * (block in which the condition first held, number).
 *
 * Invariants: the index equals the one rebuilt from the tables; lists ascend by (rank, number).
 */
import { TRIGGER_CONDITION, TRIGGER_SOURCE } from '../actions/order-terms.ts';
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId, OrderId, PortfolioId, UnderlyingId } from '../core/units.ts';
import { expiryOf } from '../margin/portfolio-index.ts';
import { metaOf, type State } from '../state/state.ts';
import type { Trigger } from './trigger.ts';

/** `rank`: the trigger price where it waits for a fall, its negative where for a rise. */
type Waiting = { readonly rank: number; readonly id: OrderId };

/** Triggers that wait for one price; the last of each list fires first. */
export type Watch = { readonly above: Waiting[]; readonly below: Waiting[] };

/** Triggers of one portfolio. */
export type PortfolioTriggers = {
  readonly ids: Set<OrderId>;
  readonly clientIds: Map<number, OrderId>;
};

export type TriggerIndex = {
  /** By `expiryKey`, then series: all series of an expiry are marked together. */
  readonly marks: Map<number, Map<InstrumentId, Watch>>;
  readonly indexes: Map<UnderlyingId, Watch>;
  readonly lastTrades: Map<InstrumentId, Watch>;
  /** Series traded since triggers were last compared with their last trades. */
  readonly traded: Set<InstrumentId>;
  readonly due: DueQueue;
  readonly byPortfolio: Map<PortfolioId, PortfolioTriggers>;
  /** Each set in ascending order of insertion. */
  readonly byInstrument: Map<InstrumentId, Set<OrderId>>;
};

export function triggerIndex(): TriggerIndex {
  return {
    marks: new Map(),
    indexes: new Map(),
    lastTrades: new Map(),
    traded: new Set(),
    due: dueQueue(),
    byPortfolio: new Map(),
    byInstrument: new Map(),
  };
}

function watchOf<K>(watches: Map<K, Watch>, key: K): Watch {
  const existing = watches.get(key);
  if (existing !== undefined) return existing;
  const watch: Watch = { above: [], below: [] };
  watches.set(key, watch);
  return watch;
}

/** Position of the first entry not before (rank, id). */
function positionIn(list: readonly Waiting[], { rank, id }: Waiting): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = list[middle];
    const isBefore =
      entry !== undefined && (entry.rank < rank || (entry.rank === rank && entry.id < id));
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

function listOf(watch: Watch, { condition }: Trigger): Waiting[] {
  return condition === TRIGGER_CONDITION.above ? watch.above : watch.below;
}

function entryOf({ id, condition, triggerPrice }: Trigger): Waiting {
  return { id, rank: condition === TRIGGER_CONDITION.above ? -triggerPrice : triggerPrice };
}

function startWaiting(state: State, trigger: Trigger): void {
  const { marks, indexes, lastTrades } = state.derived.triggers;
  const { instrument } = trigger.order;
  let watch: Watch;
  switch (trigger.source) {
    case TRIGGER_SOURCE.mark: {
      const key = expiryOf(state, instrument);
      const ofExpiry = marks.get(key) ?? new Map<InstrumentId, Watch>();
      marks.set(key, ofExpiry);
      watch = watchOf(ofExpiry, instrument);
      break;
    }
    case TRIGGER_SOURCE.index:
      watch = watchOf(indexes, state.instruments.must(instrument).underlying);
      break;
    case TRIGGER_SOURCE.last:
      watch = watchOf(lastTrades, instrument);
      break;
  }
  const list = listOf(watch, trigger);
  const entry = entryOf(trigger);
  list.splice(positionIn(list, entry), 0, entry);
}

/** Takes a trigger off its list, and the list away where it was the last. */
function stopWaiting(state: State, trigger: Trigger): void {
  const { marks, indexes, lastTrades } = state.derived.triggers;
  const { instrument } = trigger.order;
  const leave = <K>(watches: Map<K, Watch> | undefined, key: K): void => {
    const watch = watches?.get(key);
    assert(watches !== undefined && watch !== undefined, 'a waiting trigger is on a list');
    const list = listOf(watch, trigger);
    const position = positionIn(list, entryOf(trigger));
    assert(list[position]?.id === trigger.id, 'a waiting trigger is on its list');
    list.splice(position, 1);
    if (watch.above.length === 0 && watch.below.length === 0) watches.delete(key);
  };
  switch (trigger.source) {
    case TRIGGER_SOURCE.mark: {
      const key = expiryOf(state, instrument);
      const ofExpiry = marks.get(key);
      leave(ofExpiry, instrument);
      if (ofExpiry?.size === 0) marks.delete(key);
      break;
    }
    case TRIGGER_SOURCE.index:
      leave(indexes, state.instruments.must(instrument).underlying);
      break;
    case TRIGGER_SOURCE.last:
      leave(lastTrades, instrument);
      break;
  }
}

/** Notes a trigger of the table. O(log n) and a shift of the list. */
export function indexTrigger(state: State, trigger: Trigger): void {
  const { byPortfolio, byInstrument, due } = state.derived.triggers;
  const { id, portfolio, order } = trigger;
  if (trigger.triggeredAt === 0) startWaiting(state, trigger);
  else setDue(due, id, trigger.triggeredAt);
  let own = byPortfolio.get(portfolio);
  if (own === undefined) {
    own = { ids: new Set(), clientIds: new Map() };
    byPortfolio.set(portfolio, own);
  }
  own.ids.add(id);
  if (order.clientOrderId !== 0) own.clientIds.set(order.clientOrderId, id);
  const ofInstrument = byInstrument.get(order.instrument);
  if (ofInstrument === undefined) byInstrument.set(order.instrument, new Set([id]));
  else ofInstrument.add(id);
}

/** Notes that a trigger left the table. */
export function unindexTrigger(state: State, trigger: Trigger): void {
  const { byPortfolio, byInstrument, due } = state.derived.triggers;
  const { id, portfolio, order } = trigger;
  if (trigger.triggeredAt === 0) stopWaiting(state, trigger);
  else clearDue(due, id);
  const own = byPortfolio.get(portfolio);
  own?.ids.delete(id);
  if (order.clientOrderId !== 0) own?.clientIds.delete(order.clientOrderId);
  if (own?.ids.size === 0) byPortfolio.delete(portfolio);
  const ofInstrument = byInstrument.get(order.instrument);
  ofInstrument?.delete(id);
  if (ofInstrument?.size === 0) byInstrument.delete(order.instrument);
}

/** The numbers on a watch whose condition holds at `price`, first those that fire at the least move. */
export function heldAt({ above, below }: Watch, price: number): OrderId[] {
  const held: OrderId[] = [];
  for (let i = above.length - 1; i >= 0; i--) {
    const entry = above[i];
    if (entry === undefined || entry.rank < -price) break;
    held.push(entry.id);
  }
  for (let i = below.length - 1; i >= 0; i--) {
    const entry = below[i];
    if (entry === undefined || entry.rank < price) break;
    held.push(entry.id);
  }
  return held;
}

/** Moves a trigger from its list to its turn, in the block in which its condition first holds. */
export function markTriggered(state: State, trigger: Trigger): void {
  stopWaiting(state, trigger);
  trigger.triggeredAt = metaOf(state).height;
  state.triggers.touch(trigger.id);
  setDue(state.derived.triggers.due, trigger.id, trigger.triggeredAt);
}

/** Fills the index from the tables. O(n log n). */
export function rebuildTriggerIndex(state: State): void {
  const { marks, indexes, lastTrades, traded, due, byPortfolio, byInstrument } =
    state.derived.triggers;
  for (const map of [marks, indexes, lastTrades, byPortfolio, byInstrument]) map.clear();
  traded.clear();
  resetDue(due);
  const triggers = [...state.triggers.unorderedEntries()].map(([, trigger]) => trigger);
  for (const trigger of triggers.sort((a, b) => a.id - b.id)) indexTrigger(state, trigger);
  if (state.lastTrades.size === 0) return;
  const { height } = metaOf(state);
  for (const [instrument, row] of state.lastTrades.unorderedEntries()) {
    if (row.height === height) traded.add(instrument);
  }
}

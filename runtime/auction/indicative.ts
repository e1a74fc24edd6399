/**
 * When a running call auction says where it would clear.
 *
 * Source: design/exchange.md §2, design/chain.md §1 ("its own budget per block and a stored cursor").
 * A price over a whole book costs as much as its clearing, so a series publishes at most once a
 * second, a book of more than `MAX_INDICATIVE_ORDERS` crossing orders once per that many of them a
 * second, and all series of a block together look at about that many orders. What waits is in the
 * table, so that a node that loaded a checkpoint publishes in the same blocks as one that did not.
 *
 * Invariants: a row stands for at most one interval after the last change of its book; the queue
 * `indicatives` of the auction index holds every row at its `nextAt`.
 */
import type { BlockContext } from '../block-context.ts';
import { clearDue, firstDue, setDue } from '../core/due-queue.ts';
import { type InstrumentId, instrumentId, priceTicks, timestampMs } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { INDICATIVE_INTERVAL_MS, MAX_INDICATIVE_ORDERS } from '../limits.ts';
import { bookOf } from '../matching/books.ts';
import type { State } from '../state/state.ts';
import { clearingFacts, indicativeClearing } from './clear-book.ts';
import { auctionKind } from './phase.ts';
import { crossingOrders } from './plan-auction.ts';

function isCollecting(state: State, id: InstrumentId): boolean {
  const instrument = state.instruments.get(id);
  return instrument !== undefined && auctionKind(state, instrument) === 'call';
}

/** Notes that the book of a series changed in this block. O(log n). */
function noteChange(state: State, context: BlockContext, id: InstrumentId): void {
  const row = state.indicatives.get(id);
  if (row === undefined) {
    state.indicatives.set(id, { instrument: id, nextAt: context.timestamp, isChanged: true });
    setDue(state.derived.auctions.indicatives, id, context.timestamp);
    return;
  }
  if (row.isChanged) return;
  row.isChanged = true;
  state.indicatives.touch(id);
}

/** Publishes a series whose time has come, or forgets it; orders looked at, at least 1. */
function publish(state: State, context: BlockContext, id: InstrumentId): number {
  const { indicatives } = state.derived.auctions;
  const row = state.indicatives.must(id);
  const instrument = state.instruments.get(id);
  const isDone = instrument === undefined || auctionKind(state, instrument) !== 'call';
  if (isDone || !row.isChanged) {
    state.indicatives.delete(id);
    clearDue(indicatives, id);
    return 1;
  }
  const seen = 1 + crossingOrders(bookOf(state, id));
  const intervals = Math.floor((seen - 1) / MAX_INDICATIVE_ORDERS) + 1;
  row.nextAt = timestampMs(context.timestamp + intervals * INDICATIVE_INTERVAL_MS);
  row.isChanged = false;
  state.indicatives.touch(id);
  setDue(indicatives, id, row.nextAt);
  const view = indicativeClearing(state, context, instrument);
  if (view === undefined) return seen;
  const { price, lots, imbalance } = clearingFacts(view.clearing);
  const value = { instrument: id, price: priceTicks(price), lots, imbalance };
  context.events.push({ selector: EVENT.auctionIndicative, value });
  return seen;
}

/**
 * Publishes what is due, by (time, series); what is beyond the budget comes first in the next block.
 * Cost: O(series changed in this block), and about `MAX_INDICATIVE_ORDERS` orders or one book.
 */
export function publishIndicatives(state: State, context: BlockContext): void {
  const { changed, indicatives } = state.derived.auctions;
  if (changed.size > 0) {
    for (const id of changed) if (isCollecting(state, id)) noteChange(state, context, id);
    changed.clear();
  }
  for (let left = MAX_INDICATIVE_ORDERS; left > 0; ) {
    const key = firstDue(indicatives, context.timestamp);
    if (key === undefined) return;
    left -= publish(state, context, instrumentId(key));
  }
}

/**
 * Fade: how much of what makers show is taken away before the taker who came for it is served. Cancels
 * of a block go first (design/chain.md §2), so a maker who sees a taker coming can step aside; this
 * says who does.
 *
 * Of every block with takers, on the book as it stood before the block (shown and hidden lots): each
 * taker order (limit or market, not post-only, accepted or refused as fill-or-kill) walks the other
 * side by price and time, inside its limit and for its size, past its own account and what earlier
 * takers of the block touched. Lots it comes to are *touched*. Of those, the lots that their owner
 * takes away in the same block (cancelled, replaced, made smaller, moved to another price) before they
 * trade are *faded*. Fade of a maker = faded ÷ touched. Not counted: instruments in an auction or
 * matched in batches, orders of triggers, combos and quotes.
 *
 * Invariant: faded ≤ touched. Bounds: 24 hours of block time in buckets of an hour, at most
 * `MAX_MAKERS` (maker, underlying) a bucket; in memory alone, from the first question on.
 */
import { ACTION, type Action } from '../../../runtime/action.ts';
import { POST_ONLY, SIDE } from '../../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../../runtime/actions/orders.ts';
import { assert } from '../../../runtime/core/result.ts';
import {
  type AccountId,
  type InstrumentId,
  type OrderId,
  portfolioAccount,
  type UnderlyingId,
} from '../../../runtime/core/units.ts';
import { RUNTIME_ERRORS } from '../../../runtime/error.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../../runtime/event.ts';
import type { Order } from '../../../runtime/matching/order.ts';
import { INSTRUMENT_STATE } from '../../../runtime/options/instrument.ts';
import { MATCHING } from '../../../runtime/options/underlying.ts';
import { ACTION_RESULT, RECEIPT_STATUS, type Receipt } from '../../../runtime/receipt.ts';
import type { Transaction } from '../../../runtime/transaction.ts';
import type { MarketMirror } from '../mirror/market.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** (maker, underlying) pairs of one hour; further ones of that hour are not counted. */
export const MAX_MAKERS = 4_096;

export type FadeCount = {
  readonly account: AccountId;
  readonly underlying: UnderlyingId;
  touchedLots: number;
  fadedLots: number;
};
type Bucket = { readonly hour: number; readonly counts: Map<string, FadeCount> };

export type FadeTally = {
  /** Height of the first block counted; 0 before it. */
  sinceHeight: number;
  /** Oldest first. */
  readonly buckets: Bucket[];
};

export function fadeTally(): FadeTally {
  return { sinceHeight: 0, buckets: [] };
}

/** A block as it is counted: its transactions with their receipts, and its events. */
export type FadeBlock = {
  readonly height: number;
  readonly timestamp: number;
  readonly transactions: readonly {
    readonly transaction: Transaction;
    readonly receipt: Receipt;
  }[];
  readonly events: readonly Event[];
};

type Taker = { readonly order: PlaceOrder; readonly account: AccountId | undefined };

/** The order of an action that takes, or `undefined`. */
function takingOrder(action: Action): PlaceOrder | undefined {
  const order =
    action.selector === ACTION.placeOrder
      ? action.value
      : action.selector === ACTION.replaceOrder
        ? action.value.order
        : undefined;
  return order?.postOnly === POST_ONLY.none ? order : undefined;
}

/** Accounts by the orders they placed, as the block's events say. */
function accountsOf(events: readonly Event[]): ReadonlyMap<OrderId, AccountId> {
  const accounts = new Map<OrderId, AccountId>();
  for (const event of events) {
    if (event.selector === EVENT.trade) {
      accounts.set(event.value.takerOrder, portfolioAccount(event.value.taker));
    } else if (event.selector === EVENT.orderOpened) {
      accounts.set(event.value.id, portfolioAccount(event.value.portfolio));
    }
  }
  return accounts;
}

function takersOf({ transactions, events }: FadeBlock): Taker[] {
  const accounts = accountsOf(events);
  return transactions.flatMap(({ transaction, receipt }) => {
    if (receipt.status !== RECEIPT_STATUS.applied) return [];
    return transaction.body.actions.flatMap((action, at): Taker[] => {
      const order = takingOrder(action);
      const result = receipt.results[at];
      if (order === undefined || result === undefined) return [];
      if (result.selector === ACTION_RESULT.order) {
        return [{ order, account: accounts.get(result.value.orderId) }];
      }
      const isKilled =
        result.selector === ACTION_RESULT.refused &&
        result.value.number === RUNTIME_ERRORS.not_filled.number;
      return isKilled ? [{ order, account: undefined }] : [];
    });
  });
}

/** Lots of resting orders that traded in the block, and that their owners took away, by order. */
type Fates = {
  readonly traded: ReadonlyMap<OrderId, number>;
  readonly away: ReadonlyMap<OrderId, number>;
};

function fatesOf(mirror: MarketMirror, events: readonly Event[]): Fates {
  const left = new Map<OrderId, number>();
  const away = new Map<OrderId, number>();
  const traded = new Map<OrderId, number>();
  const remaining = (id: OrderId): number =>
    left.get(id) ?? mirror.orders.get(id)?.order.remaining ?? 0;
  const take = (id: OrderId, lots: number): void => {
    if (lots > 0) away.set(id, (away.get(id) ?? 0) + lots);
  };
  for (const { selector, value } of events) {
    switch (selector) {
      case EVENT.trade:
        traded.set(value.makerOrder, (traded.get(value.makerOrder) ?? 0) + value.lots);
        break;
      case EVENT.orderReduced:
        left.set(value.orderId, remaining(value.orderId) - value.lots);
        break;
      case EVENT.orderAmended: {
        const before = mirror.orders.get(value.orderId)?.order;
        const lots = remaining(value.orderId);
        const isMoved = before !== undefined && before.price !== value.price;
        take(value.orderId, isMoved ? lots : lots - value.remaining);
        left.set(value.orderId, value.remaining);
        break;
      }
      case EVENT.orderClosed: {
        const { reason, orderId } = value;
        const isOwn = reason === CLOSE_REASON.cancelled || reason === CLOSE_REASON.quoteReplaced;
        if (isOwn) take(orderId, remaining(orderId));
        break;
      }
    }
  }
  return { traded, away };
}

/** Whether orders of the instrument are matched as they come. */
function isContinuous(mirror: MarketMirror, id: InstrumentId): boolean {
  const instrument = mirror.instruments.get(id);
  if (instrument === undefined) return false;
  const { row, underlying } = instrument;
  const status = mirror.statuses.get(underlying.id);
  const isAuction = [row.state, status?.automatic].includes(INSTRUMENT_STATE.auction);
  return underlying.matching === MATCHING.continuous && !isAuction;
}

/** Open orders of one side before the block, by price and time. */
function queueOf(mirror: MarketMirror, id: InstrumentId, side: number): Order[] {
  const orders: Order[] = [];
  for (const orderId of mirror.books.get(id)?.orders ?? []) {
    const order = mirror.orders.get(orderId)?.order;
    if (order?.side === side) orders.push(order);
  }
  const sign = side === SIDE.buy ? -1 : 1;
  return orders.sort((a, b) => sign * (a.price - b.price) || a.priority - b.priority);
}

/** Lots of each resting order that takers would have come to. */
function touchedBy(mirror: MarketMirror, takers: readonly Taker[]): Map<Order, number> {
  const touched = new Map<Order, number>();
  const queues = new Map<string, Order[]>();
  for (const { order, account } of takers) {
    if (!isContinuous(mirror, order.instrument)) continue;
    const opposite = order.side === SIDE.buy ? SIDE.sell : SIDE.buy;
    const key = `${order.instrument} ${opposite}`;
    const queue = queues.get(key) ?? queueOf(mirror, order.instrument, opposite);
    queues.set(key, queue);
    const sign = order.side === SIDE.buy ? 1 : -1;
    let wanted: number = order.size;
    for (const resting of queue) {
      // A market order without a bound has a price of 0.
      const isInside = order.price === 0 || sign * (order.price - resting.price) >= 0;
      if (wanted === 0 || !isInside) break;
      if (portfolioAccount(resting.portfolio) === account) continue;
      const before = touched.get(resting) ?? 0;
      const lots = Math.min(wanted, resting.remaining - before);
      if (lots > 0) touched.set(resting, before + lots);
      wanted -= lots;
    }
  }
  return touched;
}

function bucketAt({ buckets }: FadeTally, timestamp: number): Bucket {
  const hour = Math.floor(timestamp / HOUR_MS);
  const last = buckets.at(-1);
  if (last?.hour === hour) return last;
  const fresh: Bucket = { hour, counts: new Map() };
  buckets.push(fresh);
  while ((buckets[0]?.hour ?? hour) <= hour - HOURS) buckets.shift();
  return fresh;
}

/**
 * Counts a block, with the mirror as it was before it. Cost: takers × the orders they come to, and a
 * sort of each side that takers come to.
 */
export function countFade(tally: FadeTally, mirror: MarketMirror, block: FadeBlock): void {
  assert(mirror.height < block.height, 'fade is counted before the block is applied');
  if (tally.sinceHeight === 0) tally.sinceHeight = block.height;
  const takers = takersOf(block);
  if (takers.length === 0) return;
  const { traded, away } = fatesOf(mirror, block.events);
  const { counts } = bucketAt(tally, block.timestamp);
  for (const [order, lots] of touchedBy(mirror, takers)) {
    const underlying = mirror.instruments.get(order.instrument)?.row.underlying;
    if (underlying === undefined) continue;
    const account = portfolioAccount(order.portfolio);
    const key = `${account} ${underlying}`;
    const known = counts.get(key);
    if (known === undefined && counts.size >= MAX_MAKERS) continue;
    const count = known ?? { account, underlying, touchedLots: 0, fadedLots: 0 };
    if (known === undefined) counts.set(key, count);
    count.touchedLots += lots;
    const unserved = Math.max(0, lots - (traded.get(order.id) ?? 0));
    count.fadedLots += Math.min(unserved, away.get(order.id) ?? 0);
  }
}

/** Totals of the last 24 hours before `now`, most touched first. */
export function fadeTotals(tally: FadeTally, now: number): FadeCount[] {
  const totals = new Map<string, FadeCount>();
  const oldest = Math.floor(now / HOUR_MS) - HOURS;
  for (const { hour, counts } of tally.buckets) {
    if (hour <= oldest) continue;
    for (const [key, { account, underlying, touchedLots, fadedLots }] of counts) {
      const total = totals.get(key) ?? { account, underlying, touchedLots: 0, fadedLots: 0 };
      total.touchedLots += touchedLots;
      total.fadedLots += fadedLots;
      totals.set(key, total);
    }
  }
  return [...totals.values()].sort(
    (a, b) => b.touchedLots - a.touchedLots || a.account - b.account || a.underlying - b.underlying,
  );
}

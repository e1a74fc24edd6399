/** A client that knows only events: every book order by order, and every position. */
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { sizeLots } from '../../runtime/core/units.ts';
import { EVENT, type Event } from '../../runtime/event.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { orderTermsOf } from '../../runtime/matching/order.ts';
import { positionKey, type State } from '../../runtime/state/state.ts';

/** A trade of lots between two portfolios, as events tell it. */
export type SeenTrade = {
  readonly instrument: number;
  readonly lots: number;
  readonly isBuy: boolean;
  readonly maker: number;
  readonly taker: number;
  /** 0 for trades of several legs at once. */
  readonly makerOrder: number;
  readonly takerOrder: number;
};

export type EventBooks = {
  readonly orders: Map<number, Order>;
  /** Lots by `positionKey`. */
  readonly positions: Map<number, number>;
};

/** What a client takes over from a node before it follows events. */
export function snapshotBooks(state: State): EventBooks {
  const orders = new Map<number, Order>();
  for (const [id, row] of state.orders.unorderedEntries()) orders.set(id, orderTermsOf(row));
  const positions = new Map<number, number>();
  for (const [key, { lots }] of state.positions.unorderedEntries()) positions.set(key, lots);
  return { orders, positions };
}

function seenTrade(event: Event): SeenTrade | undefined {
  if (event.selector === EVENT.trade) {
    const { side, ...trade } = event.value;
    return { ...trade, isBuy: side === SIDE.buy };
  }
  if (event.selector === EVENT.legTrade) {
    const { side, instrument, lots, maker, taker } = event.value;
    return {
      instrument,
      lots,
      maker,
      taker,
      isBuy: side === SIDE.buy,
      makerOrder: 0,
      takerOrder: 0,
    };
  }
  return undefined;
}

function move(
  { positions }: EventBooks,
  portfolio: number,
  instrument: number,
  lots: number,
): void {
  const key = positionKey.pack(portfolio, instrument);
  const after = (positions.get(key) ?? 0) + lots;
  if (after === 0) positions.delete(key);
  else positions.set(key, after);
}

/**
 * Follows events. `onTrade` is told of every trade with the makers' and takers' positions before it.
 * Returns what events said that cannot be.
 */
export function followEvents(
  books: EventBooks,
  events: readonly Event[],
  onTrade: (trade: SeenTrade, before: { readonly maker: number; readonly taker: number }) => void,
): string[] {
  const problems: string[] = [];
  const { orders, positions } = books;
  const known = (id: number): Order | undefined => {
    const row = orders.get(id);
    if (row === undefined) problems.push(`an event names order ${id}, which is not open`);
    return row;
  };
  for (const event of events) {
    switch (event.selector) {
      case EVENT.orderOpened:
        if (orders.has(event.value.id)) problems.push(`order ${event.value.id} opened twice`);
        orders.set(event.value.id, { ...event.value });
        break;
      case EVENT.orderClosed:
        known(event.value.orderId);
        orders.delete(event.value.orderId);
        break;
      case EVENT.orderReduced: {
        const row = known(event.value.orderId);
        if (row === undefined) break;
        row.remaining = sizeLots(row.remaining - event.value.lots);
        row.shown = sizeLots(Math.max(0, row.shown - event.value.lots));
        break;
      }
      case EVENT.orderRefreshed: {
        const row = known(event.value.orderId);
        if (row !== undefined)
          Object.assign(row, { shown: event.value.shown, priority: event.value.priority });
        break;
      }
      case EVENT.orderAmended: {
        const row = known(event.value.orderId);
        const { orderId: _, ...terms } = event.value;
        if (row !== undefined) Object.assign(row, terms);
        break;
      }
      case EVENT.positionMoved: {
        const { from, to, instrument, lots } = event.value;
        move(books, from, instrument, -lots);
        move(books, to, instrument, lots);
        break;
      }
      case EVENT.settled:
        positions.delete(positionKey.pack(event.value.portfolio, event.value.instrument));
        break;
      default: {
        const trade = seenTrade(event);
        if (trade === undefined) break;
        const { maker, taker, instrument, lots, isBuy } = trade;
        const of = (portfolio: number): number =>
          positions.get(positionKey.pack(portfolio, instrument)) ?? 0;
        onTrade(trade, { maker: of(maker), taker: of(taker) });
        move(books, taker, instrument, isBuy ? lots : -lots);
        move(books, maker, instrument, isBuy ? -lots : lots);
      }
    }
  }
  return problems;
}

/** What events tell of an order: not its link, nor how an amendment changed its other terms. */
function publicTerms(row: Order | undefined): Partial<Order> | undefined {
  if (row === undefined) return undefined;
  const { id, portfolio, instrument, side, price, remaining, size, shown, priority } = row;
  const { reduceOnly, isQuote, auctionOnly, continuousOnly, expiresAt, clientOrderId, label } = row;
  const amended = { id, portfolio, instrument, side, price, remaining, size, shown, priority };
  return {
    ...amended,
    reduceOnly,
    isQuote,
    auctionOnly,
    continuousOnly,
    expiresAt,
    clientOrderId,
    label,
  };
}

/** What of the node's orders and positions is not as the events told it. O(rows). */
export function eventProblems(state: State, { orders, positions }: EventBooks): string[] {
  const problems: string[] = [];
  if (orders.size !== state.orders.size) {
    problems.push(`events leave ${orders.size} orders open, the table has ${state.orders.size}`);
  }
  for (const [id, row] of state.orders.unorderedEntries()) {
    const told = publicTerms(orders.get(id));
    const actual = publicTerms(row);
    if (JSON.stringify(told) === JSON.stringify(actual)) continue;
    problems.push(
      `events tell order ${id} as ${JSON.stringify(told)}, it is ${JSON.stringify(actual)}`,
    );
  }
  for (const [key, { lots }] of state.positions.unorderedEntries()) {
    if (positions.get(key) !== lots) {
      problems.push(`events tell position ${key} as ${positions.get(key)}, it is ${lots}`);
    }
  }
  if (positions.size !== state.positions.size) {
    problems.push(
      `events leave ${positions.size} positions, the table has ${state.positions.size}`,
    );
  }
  return problems;
}

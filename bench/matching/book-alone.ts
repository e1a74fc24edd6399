/**
 * The flow for comparison on one book by itself, with the events that market data is made of.
 *
 * An order is found for its cancel as liquibook's is: by reference. The flow's order numbers are
 * dense, so an array from number to row stands for whoever holds the reference; on the chain that is
 * the `orders` table, and `indexed by a Map` measures the book with such a table beside it.
 */

import { SELF_TRADE_PREVENTION, SIDE } from '../../runtime/actions/order-terms.ts';
import {
  accountId,
  instrumentId,
  type OrderId,
  orderId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, type CloseReason, EVENT, type Event } from '../../runtime/event.ts';
import { MAX_FILLS_PER_ORDER } from '../../runtime/limits.ts';
import {
  addToBook,
  type Book,
  emptyBook,
  ordersFromBest,
  reduceInBook,
  removeFromBook,
} from '../../runtime/matching/book.ts';
import { planMatch } from '../../runtime/matching/match-plan.ts';
import { type Order, type RestingOrder, restingOrder } from '../../runtime/matching/order.ts';
import { emptyState } from '../../runtime/state/state.ts';
import type { FlowStep } from './flow.ts';

const INSTRUMENT = instrumentId(1);
const PLACED_AT = timestampMs(0);
const NO_LOTS = sizeLots(0);
const NO_ORDER = orderId(0);
/** Events of a block's worth are handed over and forgotten, as the pipeline does. */
const EVENTS_PER_BLOCK = 4_096;

/** Where the orders that may be cancelled are found. */
export type OrderTable = {
  get(id: number): RestingOrder | undefined;
  set(id: number, order: RestingOrder): void;
  delete(id: number): void;
};

/** As liquibook: whoever cancels has the order itself. */
export function orderReferences(flow: readonly FlowStep[]): OrderTable {
  const rows = new Array<RestingOrder | undefined>(flow.length + 1).fill(undefined);
  return {
    get: (id) => rows[id],
    set(id, order) {
      rows[id] = order;
    },
    delete(id) {
      rows[id] = undefined;
    },
  };
}

/** Each order is its own account's: the flow knows no self-trade. */
const portfolioOf = (id: OrderId): PortfolioId => portfolioId(accountId(id), subAccount(0));
/** Not looked at: no order of the flow has a limit beside its lots. */
const STATE = emptyState(new Uint8Array(32));

function closed(events: Event[], orderId: OrderId, reason: CloseReason): void {
  events.push({ selector: EVENT.orderClosed, value: { orderId, reason } });
}

/** Takes an order through the book; returns its fills. */
function takeOrder(book: Book, table: OrderTable, step: FlowStep, events: Event[]): number {
  const id = orderId(step.id);
  const side = step.isBuy ? SIDE.buy : SIDE.sell;
  const price = priceTicks(step.price);
  const portfolio = portfolioOf(id);
  const plan = planMatch(STATE, book, {
    portfolio,
    side,
    price,
    size: step.size,
    turns: MAX_FILLS_PER_ORDER,
    selfTradePrevention: SELF_TRADE_PREVENTION.cancelMaker,
    replaced: NO_ORDER,
  });
  const { fills } = plan;
  for (let i = 0; i < fills.length; i++) {
    const { maker, lots } = fills[i] as (typeof fills)[number];
    const filled = sizeLots(lots);
    events.push({
      selector: EVENT.trade,
      value: {
        instrument: INSTRUMENT,
        price: maker.price,
        lots: filled,
        side,
        makerOrder: maker.id,
        takerOrder: id,
        maker: maker.portfolio,
        taker: portfolio,
        makerFee: 0n,
        takerFee: 0n,
      },
    });
    if (lots === maker.remaining) {
      removeFromBook(maker);
      table.delete(maker.id);
      closed(events, maker.id, CLOSE_REASON.filled);
    } else {
      reduceInBook(maker, lots);
      events.push({ selector: EVENT.orderReduced, value: { orderId: maker.id, lots: filled } });
    }
  }
  if (plan.openLots > 0) {
    const open = sizeLots(plan.openLots);
    const terms: Order = {
      id,
      portfolio,
      instrument: INSTRUMENT,
      side,
      price,
      remaining: open,
      size: sizeLots(step.size),
      displaySize: NO_LOTS,
      shown: open,
      priority: id,
      postOnly: false,
      reduceOnly: false,
      isQuote: false,
      auctionOnly: false,
      continuousOnly: false,
      expiresAt: PLACED_AT,
      cancelsOther: NO_ORDER,
      clientOrderId: 0,
      label: 0,
      placedAt: PLACED_AT,
    };
    const order = restingOrder(terms);
    addToBook(book, order);
    table.set(id, order);
    events.push({ selector: EVENT.orderOpened, value: terms });
  }
  return plan.fills.length;
}

export type FlowEnd = {
  readonly restingBuys: number;
  readonly restingSells: number;
  readonly fills: number;
};

/** Runs the flow on an empty book; `table` is empty too. */
export function runBookAlone(flow: readonly FlowStep[], table: OrderTable): FlowEnd {
  const book = emptyBook();
  let events: Event[] = [];
  let fills = 0;
  for (const step of flow) {
    if (step.cancel === 0) fills += takeOrder(book, table, step, events);
    else {
      const order = table.get(step.cancel);
      if (order !== undefined) {
        removeFromBook(order);
        table.delete(order.id);
        closed(events, order.id, CLOSE_REASON.cancelled);
      }
    }
    if (events.length >= EVENTS_PER_BLOCK) events = [];
  }
  const restingBuys = [...ordersFromBest(book.bids)].length;
  const restingSells = [...ordersFromBest(book.asks)].length;
  return { restingBuys, restingSells, fills };
}

/** The flow for comparison on one book by itself, with the events that market data is made of. */

import { SIDE } from '../../runtime/actions/order-terms.ts';
import {
  instrumentId,
  type OrderId,
  orderId,
  type PortfolioId,
  priceTicks,
  sizeLots,
  timestampMs,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, type CloseReason, EVENT, type Event } from '../../runtime/event.ts';
import {
  addToBook,
  type Book,
  emptyBook,
  reduceInBook,
  removeFromBook,
} from '../../runtime/matching/book.ts';
import { planMatch } from '../../runtime/matching/match-plan.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { PLAIN_ORDER } from '../../runtime/matching/order.ts';
import type { FlowStep } from './flow.ts';

const INSTRUMENT = instrumentId(1);
const PLACED_AT = timestampMs(0);
/** Events of a block's worth are handed over and forgotten, as the pipeline does. */
const EVENTS_PER_BLOCK = 4_096;

/** Each order is its own portfolio's: the flow knows no self-trade. */
const portfolioOf = (id: OrderId): PortfolioId => id as number as PortfolioId;

function closed(events: Event[], id: OrderId, reason: CloseReason): void {
  events.push({ selector: EVENT.orderClosed, value: { orderId: id, reason } });
}

/** Takes an order through the book; returns its fills. */
function takeOrder(book: Book, step: FlowStep, events: Event[]): number {
  const id = orderId(step.id);
  const side = step.isBuy ? SIDE.buy : SIDE.sell;
  const price = priceTicks(step.price);
  const portfolio = portfolioOf(id);
  const plan = planMatch(book, { portfolio, side, price, size: step.size });
  for (const { maker, lots } of plan.fills) {
    const { order, level } = maker;
    const filled = sizeLots(lots);
    events.push({
      selector: EVENT.trade,
      value: {
        instrument: INSTRUMENT,
        price: order.price,
        lots: filled,
        side,
        makerOrder: order.id,
        takerOrder: id,
        maker: order.portfolio,
        taker: portfolio,
        makerFee: 0n,
        takerFee: 0n,
      },
    });
    if (lots === order.remaining) {
      removeFromBook(book, order.id);
      closed(events, order.id, CLOSE_REASON.filled);
    } else {
      reduceInBook(level, order, lots);
      events.push({ selector: EVENT.orderReduced, value: { orderId: order.id, lots: filled } });
    }
  }
  if (plan.openLots > 0) {
    const order: Order = {
      ...PLAIN_ORDER,
      id,
      priority: id,
      shown: sizeLots(plan.openLots),
      portfolio,
      instrument: INSTRUMENT,
      side,
      price,
      remaining: sizeLots(plan.openLots),
      size: sizeLots(step.size),
      placedAt: PLACED_AT,
    };
    addToBook(book, order);
    events.push({ selector: EVENT.orderOpened, value: { ...order } });
  }
  return plan.fills.length;
}

export type FlowEnd = {
  readonly restingBuys: number;
  readonly restingSells: number;
  readonly fills: number;
};

/** Runs the flow on an empty book. */
export function runBookAlone(flow: readonly FlowStep[]): FlowEnd {
  const book = emptyBook();
  let events: Event[] = [];
  let fills = 0;
  for (const step of flow) {
    if (step.cancel === 0) fills += takeOrder(book, step, events);
    else {
      const id = orderId(step.cancel);
      if (book.nodes.has(id)) {
        removeFromBook(book, id);
        closed(events, id, CLOSE_REASON.cancelled);
      }
    }
    if (events.length >= EVENTS_PER_BLOCK) events = [];
  }
  let restingBuys = 0;
  for (const { order } of book.nodes.values()) if (order.side === SIDE.buy) restingBuys += 1;
  return { restingBuys, restingSells: book.nodes.size - restingBuys, fills };
}

/**
 * A book that is led by recorded orders: rows, their queues and what would trade, without accounts.
 *
 * Every order is of an owner of its own, so that nothing recorded is taken for a self-trade.
 */
import { SELF_TRADE_PREVENTION, SIDE, type Side } from '../../runtime/actions/order-terms.ts';
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
import { MAX_FILLS_PER_ORDER } from '../../runtime/limits.ts';
import {
  addToBook,
  type Book,
  emptyBook,
  reduceInBook,
  removeFromBook,
} from '../../runtime/matching/book.ts';
import { type PlannedFill, planMatch } from '../../runtime/matching/match-plan.ts';
import { PLAIN_ORDER, type RestingOrder, restingOrder } from '../../runtime/matching/order.ts';
import { emptyState, type State } from '../../runtime/state/state.ts';

export type RecordedBook = {
  readonly book: Book;
  /** No rule of a market applies: only orders with limits of their own look at it. */
  readonly state: State;
  /** Orders in the book by the number that the exchange gave them. */
  readonly byNumber: Map<number, RestingOrder>;
  /** The exchange's number of each order. */
  readonly numbers: Map<OrderId, number>;
  nextId: number;
};

export type RecordedOrder = {
  readonly number: number;
  readonly side: Side;
  readonly price: number;
  readonly lots: number;
};

export function recordedBook(): RecordedBook {
  return {
    book: emptyBook(),
    state: emptyState(new Uint8Array(32)),
    byNumber: new Map(),
    numbers: new Map(),
    nextId: 1,
  };
}

const ownerOf = (id: number): PortfolioId => portfolioId(accountId(id), subAccount(0));

/** Lets an order rest at the end of its price's queue. */
export function rest(recorded: RecordedBook, order: RecordedOrder): void {
  const id = orderId(recorded.nextId++);
  const lots = sizeLots(order.lots);
  const row = restingOrder({
    ...PLAIN_ORDER,
    id,
    priority: id,
    portfolio: ownerOf(id),
    instrument: instrumentId(1),
    side: order.side,
    price: priceTicks(order.price),
    remaining: lots,
    size: lots,
    shown: lots,
    placedAt: timestampMs(0),
  });
  addToBook(recorded.book, row);
  recorded.byNumber.set(order.number, row);
  recorded.numbers.set(id, order.number);
}

/** Takes so many lots off an order, and it out of the book when none are left. */
export function take(
  recorded: RecordedBook,
  number: number,
  row: RestingOrder,
  lots: number,
): void {
  if (lots < row.remaining) {
    reduceInBook(row, lots);
    return;
  }
  removeFromBook(row);
  recorded.byNumber.delete(number);
  recorded.numbers.delete(row.id);
}

/** Whom an incoming order would trade with. */
export function wouldFill(
  { book, state }: RecordedBook,
  order: Omit<RecordedOrder, 'number'>,
): readonly PlannedFill[] {
  return planMatch(state, book, {
    portfolio: ownerOf(0),
    side: order.side,
    price: priceTicks(order.price),
    size: order.lots,
    turns: MAX_FILLS_PER_ORDER,
    selfTradePrevention: SELF_TRADE_PREVENTION.cancelMaker,
    replaced: orderId(0),
  }).fills;
}

export function otherSide(side: Side): Side {
  return side === SIDE.buy ? SIDE.sell : SIDE.buy;
}

/** Where an amendment leaves an order in its queue, and the others in theirs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import type { OrderId, PriceTicks } from '../../runtime/core/units.ts';
import { ordersFromBest } from '../../runtime/matching/book.ts';
import type { Order } from '../../runtime/matching/order.ts';
import type { State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { type OrderStep, orderHistories, orderWorld, stepAction, takeStep } from './order-world.ts';

/** Numbers of the orders at a price of a side, in the order in which they trade. */
function queueAt(
  state: State,
  { instrument, side }: Pick<Order, 'instrument' | 'side'>,
  price: PriceTicks,
): OrderId[] {
  const book = state.derived.books.byInstrument.get(instrument);
  if (book === undefined) return [];
  return [...ordersFromBest(side === 0 ? book.bids : book.asks)]
    .filter((row) => row.price === price)
    .map(({ id }) => id);
}

type Named = Pick<Order, 'id' | 'instrument' | 'side' | 'price' | 'size' | 'remaining'>;

/** The open order that an amendment or a reduction names. */
function namedOrder(
  world: ReturnType<typeof orderWorld>,
  step: OrderStep,
): (Named & { readonly newPrice: number; readonly newSize: number }) | undefined {
  const taken = stepAction(world, step);
  if (taken === undefined) return undefined;
  const { action, portfolio } = taken;
  if (action.selector !== ACTION.amendOrder && action.selector !== ACTION.reduceOrder) {
    return undefined;
  }
  const { state } = world.market;
  const { orderId: given, clientOrderId } = action.value.order;
  const client = state.derived.portfolios.byPortfolio.get(portfolio)?.clientOrders;
  const id = given !== 0 ? given : client?.get(clientOrderId)?.id;
  const row = id === undefined ? undefined : state.orders.get(id);
  if (row === undefined) return undefined;
  const newPrice = action.selector === ACTION.amendOrder ? action.value.price : row.price;
  return { ...namedFields(row), newPrice, newSize: action.value.size };
}

function namedFields({ id, instrument, side, price, size, remaining }: Order): Named {
  return { id, instrument, side, price, size, remaining };
}

function without(queue: readonly OrderId[], id: OrderId): OrderId[] {
  return queue.filter((other) => other !== id);
}

test('a smaller size keeps its place, a larger one or another price goes last, others keep theirs', () => {
  let kept = 0;
  let moved = 0;
  fc.assert(
    fc.property(orderHistories, (steps) => {
      const world = orderWorld();
      const { state } = world.market;
      const queue = (order: Named, price: PriceTicks): OrderId[] => queueAt(state, order, price);
      for (const step of steps) {
        const order = namedOrder(world, step);
        const before = order === undefined ? [] : queue(order, order.price);
        const result = takeStep(world, step);
        if (order === undefined) continue;
        const row = state.orders.get(order.id);
        const after = queue(order, order.price);
        if (result?.ok !== true) {
          expect(after).toEqual(before);
        } else if (order.newPrice === order.price && order.newSize <= order.size) {
          expect(after).toEqual(row === undefined ? without(before, order.id) : before);
          if (row !== undefined && order.newSize < order.size) kept += 1;
        } else if (row !== undefined) {
          expect(queue(order, row.price).at(-1)).toBe(order.id);
          // Another price may take on its way in; the queue that it left stays as it was.
          expect(without(after, order.id)).toEqual(without(before, order.id));
          moved += 1;
        }
      }
    }),
    { numRuns: runs(500) },
  );
  expect(kept).toBeGreaterThan(20);
  expect(moved).toBeGreaterThan(20);
});

/** What must hold after every action of random histories of every kind of order. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import {
  type OrderId,
  type PortfolioId,
  portfolioAccount,
  sizeLots,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, type Event, TRIGGER_END } from '../../runtime/event.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { bestPrice, ordersFromBest } from '../../runtime/matching/book.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { rebuildOrderIndex } from '../../runtime/matching/order-index.ts';
import { rebuildTriggerIndex } from '../../runtime/matching/trigger-index.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import type { State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { reloaded } from '../fixtures/state.ts';
import { problemsOf, tablesImage } from './market.ts';
import {
  type OrderStep,
  type OrderWorld,
  orderHistories,
  orderWorld,
  takeStep,
} from './order-world.ts';

/** Runs a history; `check` sees the world and the events of each step. */
function follow(
  steps: readonly OrderStep[],
  check: (world: OrderWorld, events: readonly Event[], step: OrderStep) => void,
): OrderWorld {
  const world = orderWorld();
  for (const step of steps) {
    const { context } = world.market;
    const from = context.events.length;
    takeStep(world, step);
    const isSame = world.market.context === context;
    check(world, world.market.context.events.slice(isSame ? from : 0), step);
  }
  return world;
}

/** A book as a client has it that saw the events alone. */
type Client = Map<OrderId, Order>;

function replay(client: Client, events: readonly Event[]): void {
  const must = (id: OrderId): Order => {
    const row = client.get(id);
    if (row === undefined) throw new Error(`order ${id} is not open`);
    return row;
  };
  for (const { selector, value } of events) {
    switch (selector) {
      case EVENT.orderOpened:
        client.set(value.id, { ...value });
        break;
      case EVENT.orderReduced: {
        const row = must(value.orderId);
        row.remaining = sizeLots(row.remaining - value.lots);
        row.shown = sizeLots(row.shown - value.lots);
        break;
      }
      case EVENT.orderRefreshed: {
        const row = must(value.orderId);
        row.shown = value.shown;
        row.priority = value.priority;
        break;
      }
      case EVENT.orderAmended: {
        const { orderId, ...amended } = value;
        Object.assign(must(orderId), amended);
        break;
      }
      case EVENT.orderClosed:
        must(value.orderId);
        client.delete(value.orderId);
        break;
    }
  }
}

type Line = readonly [OrderId, number, number, number, number];

function lineOf({ id, price, remaining, shown, priority }: Order): Line {
  return [id, price, remaining, shown, priority];
}

/** Open orders by series and side in queue order: number, price, open, shown, priority. */
function linesOf(orders: Iterable<Order>): Record<string, Line[]> {
  const queues: Record<string, Order[]> = {};
  for (const order of orders) {
    const key = `${order.instrument} ${order.side}`;
    queues[key] ??= [];
    queues[key].push(order);
  }
  return Object.fromEntries(
    Object.entries(queues).map(([key, queue]) => {
      const sign = queue[0]?.side === SIDE.buy ? -1 : 1;
      queue.sort((a, b) => sign * (a.price - b.price) || a.priority - b.priority);
      return [key, queue.map(lineOf)];
    }),
  );
}

/** The same, as the orders stand in the books. */
function linesOfBooks(state: State): Record<string, Line[]> {
  const lines: Record<string, Line[]> = {};
  for (const [id, { bids, asks }] of state.derived.books.byInstrument) {
    const sides = [[...ordersFromBest(bids)], [...ordersFromBest(asks)]];
    for (const [side, queue] of sides.entries()) {
      if (queue.length > 0) lines[`${id} ${side}`] = queue.map(lineOf);
    }
  }
  return lines;
}

/** The indexes of terms and triggers as text, in a fixed order. */
function indexImage(state: State): string {
  const { orders, triggers } = state.derived;
  const due = (queue: { readonly keys: readonly number[]; readonly times: readonly number[] }) =>
    queue.keys.map((key, i) => [queue.times[i], key]).sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0));
  const sorted = <K extends number, V>(map: Map<K, V>): [K, V][] =>
    [...map].sort((a, b) => a[0] - b[0]);
  const ids = (set: Set<OrderId>): OrderId[] => [...set].sort((a, b) => a - b);
  return JSON.stringify([
    due(orders.due),
    sorted(orders.reduceOnly).map(([key, set]) => [key, ids(set)]),
    due(triggers.due),
    sorted(triggers.marks).map(([key, watches]) => [key, sorted(watches)]),
    sorted(triggers.indexes),
    sorted(triggers.lastTrades),
    sorted(triggers.byPortfolio).map(([key, own]) => [key, ids(own.ids), sorted(own.clientIds)]),
    sorted(triggers.byInstrument).map(([key, set]) => [key, ids(set)]),
  ]);
}

describe('random histories of every order action', () => {
  test('money and lots are conserved, no book is crossed, every index equals the tables', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const { market } = follow(steps, () => {});
        expect(problemsOf(market.state)).toEqual([]);
        const image = indexImage(market.state);
        rebuildOrderIndex(market.state);
        rebuildTriggerIndex(market.state);
        expect(image).toBe(indexImage(market.state));
      }),
      { numRuns: runs(500) },
    );
  });

  test('no book is crossed after any step, and no queue is out of its order', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        follow(steps, ({ market }) => {
          const rows = [...market.state.orders.unorderedEntries()].map(([, row]) => row);
          expect(linesOfBooks(market.state)).toEqual(linesOf(rows));
          for (const { bids, asks } of market.state.derived.books.byInstrument.values()) {
            const bid = bestPrice(bids) ?? 0;
            const ask = bestPrice(asks) ?? Number.MAX_SAFE_INTEGER;
            expect(bid).toBeLessThan(ask);
          }
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test('a client that replays the events has the same book: open lots, shown lots, queues', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const client: Client = new Map();
        follow(steps, ({ market }, events) => {
          replay(client, events);
          expect(linesOf(client.values())).toEqual(linesOfBooks(market.state));
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test('no trade has one owner on both sides, whatever the sub-accounts', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        follow(steps, (_, events) => {
          for (const { selector, value } of events) {
            if (selector !== EVENT.trade) continue;
            expect(portfolioAccount(value.maker)).not.toBe(portfolioAccount(value.taker));
          }
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test('a FOK order trades whole or not at all', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const world = orderWorld();
        for (const step of steps) {
          const result = takeStep(world, step);
          if (step.kind !== 'place' || step.order.timeInForce !== TIME_IN_FORCE.fok) continue;
          if (result?.ok !== true) continue;
          expect(result.value.selector === ACTION_RESULT.order && result.value.value).toMatchObject(
            {
              filledLots: step.order.lots,
              restingLots: 0,
            },
          );
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('what is refused changes nothing and touches no row', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const world = orderWorld([100_000n, 20_000n, 5_000n, 100_000n]);
        for (const step of steps) {
          for (const store of world.market.state.stores) store.takeChanges();
          const events = world.market.context.events.length;
          const result = takeStep(world, step);
          if (result === undefined || result.ok) continue;
          expect(world.market.state.stores.filter(({ dirtyCount }) => dirtyCount > 0)).toEqual([]);
          expect(world.market.context.events.length).toBe(events);
        }
        expect(problemsOf(world.market.state)).toEqual([]);
      }),
      { numRuns: runs(500) },
    );
  });

  test('a reduce-only order never opens nor flips a position', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const reduceOnly = new Set<OrderId>();
        const positions = new Map<string, number>();
        const move = (portfolio: PortfolioId, instrument: number, lots: number, id: OrderId) => {
          const key = `${portfolio} ${instrument}`;
          const before = positions.get(key) ?? 0;
          positions.set(key, before + lots);
          if (!reduceOnly.has(id)) return;
          expect(Math.sign(before)).toBe(-Math.sign(lots));
          expect(Math.abs(lots)).toBeLessThanOrEqual(Math.abs(before));
        };
        const world = follow(steps, (_, events, step) => {
          // Those that trade without resting first.
          const incoming =
            (step.kind === 'place' || step.kind === 'replace') && step.order.reduceOnly;
          for (const { selector, value } of events) {
            if (selector === EVENT.orderOpened && value.reduceOnly) reduceOnly.add(value.id);
            if (selector === EVENT.triggerPlaced && value.order.reduceOnly) {
              reduceOnly.add(value.id);
            }
            if (selector !== EVENT.trade) continue;
            const { taker, maker, instrument, side, lots, takerOrder, makerOrder } = value;
            if (incoming) reduceOnly.add(takerOrder);
            const signed = side === SIDE.buy ? lots : -lots;
            move(maker, instrument, -signed, makerOrder);
            move(taker, instrument, signed, takerOrder);
          }
        });
        for (const [key, lots] of positions) {
          const [portfolio, instrument] = key.split(' ').map(Number);
          expect(
            positionOf(world.market.state, portfolio as PortfolioId, instrument as never),
          ).toBe(lots);
        }
        // None is left that has nothing to reduce.
        for (const [, row] of world.market.state.orders.unorderedEntries()) {
          if (!row.reduceOnly) continue;
          const lots = positionOf(world.market.state, row.portfolio, row.instrument);
          expect(Math.sign(lots)).toBe(row.side === SIDE.buy ? -1 : 1);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('of two linked orders at most one trades or fires', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const acted = new Set<OrderId>();
        const links = new Map<OrderId, OrderId>();
        const world = orderWorld();
        const check = (events: readonly Event[]): void => {
          for (const { selector, value } of events) {
            const ids: OrderId[] = [];
            if (selector === EVENT.trade) ids.push(value.makerOrder, value.takerOrder);
            if (selector === EVENT.triggerClosed && value.reason === TRIGGER_END.fired) {
              ids.push(value.orderId);
            }
            for (const id of ids) {
              acted.add(id);
              const other = links.get(id);
              if (other !== undefined) expect(acted.has(other)).toBe(false);
            }
          }
        };
        for (const step of steps) {
          const { context } = world.market;
          const from = context.events.length;
          const result = takeStep(world, step);
          const isSame = world.market.context === context;
          check(world.market.context.events.slice(isSame ? from : 0));
          if (result?.ok && result.value.selector === ACTION_RESULT.linked) {
            const { first, second } = result.value.value;
            for (const [a, b] of [
              [first, second],
              [second, first],
            ] as const) {
              links.set(a, b);
              // What it did before does not count.
              acted.delete(a);
            }
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('a trigger fires once, in the order of trigger time and number, and ends for one reason', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const placed = new Set<OrderId>();
        const ended = new Set<OrderId>();
        follow(steps, (_, events) => {
          let last = 0;
          for (const { selector, value } of events) {
            if (selector === EVENT.triggerPlaced) placed.add(value.id);
            if (selector !== EVENT.triggerClosed) continue;
            expect(placed.has(value.orderId)).toBe(true);
            expect(ended.has(value.orderId)).toBe(false);
            ended.add(value.orderId);
            const { reason } = value;
            if (reason !== TRIGGER_END.fired && reason !== TRIGGER_END.refused) continue;
            // All of one block here: the bound on a block is never met.
            expect(value.orderId).toBeGreaterThan(last);
            last = value.orderId;
          }
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test('an iceberg shows at most its display size, and its fills sum to its size', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        follow(steps, ({ market }) => {
          for (const [, row] of market.state.orders.unorderedEntries()) {
            expect(row.shown).toBeGreaterThan(0);
            expect(row.shown).toBeLessThanOrEqual(row.remaining);
            expect(row.remaining).toBeLessThanOrEqual(row.size);
            if (row.displaySize > 0) expect(row.shown).toBeLessThanOrEqual(row.displaySize);
            else expect(row.shown).toBe(row.remaining);
          }
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test('a node that loads the tables at any block does what one does that never stopped', () => {
    fc.assert(
      fc.property(orderHistories, fc.nat({ max: 40 }), (steps, at) => {
        const world = orderWorld();
        let other: OrderWorld | undefined;
        for (const [i, step] of steps.entries()) {
          if (i >= at && step.kind === 'block' && other === undefined) {
            const state = reloaded(world.market.state);
            const context = { ...world.market.context, events: [] };
            other = { ...world, market: { ...world.market, state, context } };
          }
          takeStep(world, step);
          if (other !== undefined) takeStep(other, step);
        }
        if (other === undefined) return;
        expect(tablesImage(other.market.state)).toBe(tablesImage(world.market.state));
        expect(other.market.context.events).toEqual(world.market.context.events);
      }),
      { numRuns: runs(500) },
    );
  });

  test('client order ids are unique among open orders and triggers of a sub-account', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        follow(steps, ({ market: { state } }) => {
          const seen = new Set<string>();
          const add = (portfolio: PortfolioId, clientOrderId: number): void => {
            if (clientOrderId === 0) return;
            expect(seen.has(`${portfolio} ${clientOrderId}`)).toBe(false);
            seen.add(`${portfolio} ${clientOrderId}`);
          };
          for (const [, row] of state.orders.unorderedEntries()) {
            add(row.portfolio, row.clientOrderId);
          }
          for (const [, row] of state.triggers.unorderedEntries()) {
            add(row.portfolio, row.order.clientOrderId);
          }
        });
      }),
      { numRuns: runs(500) },
    );
  });
});

test('histories reach what they are about', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(orderHistories, (steps) => {
      follow(steps, (_, events) => {
        for (const { selector, value } of events) {
          if (selector === EVENT.orderClosed) seen.add(`closed ${value.reason}`);
          if (selector === EVENT.triggerClosed) seen.add(`trigger ${value.reason}`);
          if (selector === EVENT.orderRefreshed) seen.add('refreshed');
          if (selector === EVENT.orderAmended) seen.add('amended');
        }
      });
    }),
    { numRuns: 300, seed: 7 },
  );
  for (const reason of [
    CLOSE_REASON.filled,
    CLOSE_REASON.cancelled,
    CLOSE_REASON.selfTrade,
    CLOSE_REASON.time,
    CLOSE_REASON.oco,
    CLOSE_REASON.reduceOnly,
  ]) {
    expect(seen).toContain(`closed ${reason}`);
  }
  for (const reason of [
    TRIGGER_END.fired,
    TRIGGER_END.refused,
    TRIGGER_END.cancelled,
    TRIGGER_END.time,
    TRIGGER_END.oco,
  ]) {
    expect(seen).toContain(`trigger ${reason}`);
  }
  expect(seen).toContain('refreshed');
  expect(seen).toContain('amended');
});

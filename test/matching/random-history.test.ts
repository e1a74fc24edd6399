/**
 * Random histories of several accounts on few series: what must hold after every action.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { POST_ONLY, SIDE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../runtime/event.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin, bidReserve } from '../../runtime/margin/requirements.ts';
import {
  cancelByClientId,
  cancelOrder,
  cancelOrders,
} from '../../runtime/matching/cancel-order.ts';
import { closeOrdersOfInstrument } from '../../runtime/matching/close-orders.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { emptyState } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import {
  accountOf,
  advance,
  booksImage,
  type Market,
  markAt,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from './market.ts';

const NAMES = ['near100000C', 'near110000C', 'near90000P', 'far100000C'];
/** From nearly nothing to plenty, so that margin binds for some. */
const DOLLARS = [300n, 2_000n, 10_000n, 1_000_000n];

type Step =
  | {
      readonly kind: 'order';
      readonly who: number;
      readonly series: number;
      readonly isBid: boolean;
      readonly offset: number;
      readonly lots: number;
      readonly style: 'gtc' | 'ioc' | 'postOnly';
      readonly clientOrderId: number;
    }
  | { readonly kind: 'cancel'; readonly who: number; readonly nth: number }
  | { readonly kind: 'cancelClient'; readonly who: number; readonly clientOrderId: number }
  | { readonly kind: 'cancelAll'; readonly who: number }
  | { readonly kind: 'mark'; readonly indexUsd: number };

const who = fc.nat({ max: DOLLARS.length - 1 });
const order = fc.record({
  kind: fc.constant('order' as const),
  who,
  series: fc.nat({ max: NAMES.length - 1 }),
  isBid: fc.boolean(),
  offset: fc.integer({ min: -20, max: 20 }),
  lots: fc.integer({ min: 1, max: 30 }),
  style: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const, 'postOnly' as const),
  clientOrderId: fc.constantFrom(0, 0, 0, 0, 1, 2),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: order },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), who, nth: fc.nat(20) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cancelClient' as const),
      who,
      clientOrderId: fc.nat({ max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelAll' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      indexUsd: fc.integer({ min: 85_000, max: 118_000 }),
    }),
  },
);

type World = { readonly market: Market; readonly people: readonly PortfolioId[] };

function newWorld(): World {
  const market = testMarket();
  const people = DOLLARS.map((dollars, i) => fundedPortfolio(market.state, i, dollars));
  return { market, people };
}

function person({ people }: World, index: number): PortfolioId {
  const portfolio = people[index];
  if (portfolio === undefined) throw new Error(`no account ${index}`);
  return portfolio;
}

/** Carries out a step; true when it was refused. */
function take(world: World, action: Step): boolean {
  const { market } = world;
  const { state, context } = market;
  switch (action.kind) {
    case 'order': {
      const instrument = seriesNamed(market, NAMES[action.series] ?? '');
      const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
      const { lots, style, clientOrderId } = action;
      return !place(market, person(world, action.who), {
        instrument,
        side: action.isBid ? 'buy' : 'sell',
        price: Math.max(1, Math.floor(mark / MICRO) + action.offset),
        lots,
        clientOrderId,
        ...(style === 'ioc'
          ? { ioc: true }
          : style === 'postOnly'
            ? { postOnly: POST_ONLY.reject }
            : {}),
      }).ok;
    }
    case 'cancel': {
      const account = accountOf(person(world, action.who));
      return !cancelOrder(state, context, account, { orderId: orderId(action.nth) }).ok;
    }
    case 'cancelClient': {
      const account = accountOf(person(world, action.who));
      const { clientOrderId } = action;
      return !cancelByClientId(state, context, account, {
        subAccount: subAccount(0),
        clientOrderId,
      }).ok;
    }
    case 'cancelAll': {
      const account = accountOf(person(world, action.who));
      return !cancelOrders(state, context, account, cancelAllOf(subAccount(0))).ok;
    }
    case 'mark':
      advance(market);
      markAt(market, action.indexUsd);
      cancelUnsupportedOrders(state, market.context);
      return false;
  }
}

const histories = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' });

/** A client that knows only events: books by instrument, in time order within a price. */
function booksOfEvents(events: readonly Event[]): unknown {
  const open = new Map<number, Order>();
  for (const event of events) {
    if (event.selector === EVENT.orderOpened) open.set(event.value.id, { ...event.value });
    if (event.selector === EVENT.orderClosed) open.delete(event.value.orderId);
    if (event.selector === EVENT.orderReduced) {
      const row = open.get(event.value.orderId);
      if (row === undefined) throw new Error('an unknown order was reduced');
      const { lots } = event.value;
      open.set(row.id, {
        ...row,
        remaining: sizeLots(row.remaining - lots),
        shown: sizeLots(row.shown - lots),
      });
    }
  }
  const image: Record<number, { bids: Order[]; asks: Order[] }> = {};
  for (const row of open.values()) {
    image[row.instrument] ??= { bids: [], asks: [] };
    image[row.instrument]?.[row.side === SIDE.buy ? 'bids' : 'asks'].push(row);
  }
  for (const { bids, asks } of Object.values(image)) {
    bids.sort((a, b) => b.price - a.price || a.id - b.id);
    asks.sort((a, b) => a.price - b.price || a.id - b.id);
  }
  return image;
}

/** A node that starts from what the tables say at a block's end. */
function reloaded({ market, people }: World): World {
  const state = emptyState(market.state.chainId);
  for (const [i, store] of market.state.stores.entries()) {
    for (const [key, value] of store.encodedRows()) state.stores[i]?.loadRow(key, value);
  }
  rebuildDerived(state);
  const context = { ...market.context, events: [...market.context.events] };
  return { market: { ...market, state, context }, people };
}

describe('after every action of a random history', () => {
  test('money and lots are conserved, no book is crossed, indexes equal rebuilt ones', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        for (const action of steps) {
          take(world, action);
          expect(problemsOf(world.market.state)).toEqual([]);
        }
      }),
      { numRuns: runs(120) },
    );
  });

  test('a refused action has changed nothing', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { state } = world.market;
        for (const action of steps) {
          const before = tablesImage(state);
          const books = booksImage(state);
          const events = world.market.context.events.length;
          if (!take(world, action)) continue;
          expect(tablesImage(state)).toBe(before);
          expect(booksImage(state)).toEqual(books);
          expect(world.market.context.events.length).toBe(events);
        }
      }),
      { numRuns: runs(80) },
    );
  });

  test('a node that starts from the tables goes on as the one that ran', () => {
    fc.assert(
      fc.property(histories, histories, (past, future) => {
        const running = newWorld();
        for (const action of past) take(running, action);
        const started = reloaded(running);
        for (const action of future) {
          expect(take(started, action)).toBe(take(running, action));
        }
        expect(tablesImage(started.market.state)).toBe(tablesImage(running.market.state));
        expect(started.market.context.events).toEqual(running.market.context.events);
      }),
      { numRuns: runs(120) },
    );
  });

  test('every changed row is reported to the commitment', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { state } = world.market;
        const committed = new Map<string, string>();
        for (const action of steps) {
          take(world, action);
          for (const store of state.stores) {
            for (const { key, value } of store.takeChanges().rows) {
              const name = `${store.name} ${toHex(key)}`;
              if (value === undefined) committed.delete(name);
              else committed.set(name, toHex(value));
            }
          }
        }
        const rows = [...committed].map(([name, value]) => `${name} ${value}`).sort();
        expect(rows.join('\n')).toBe(tablesImage(state).split('\n').sort().join('\n'));
      }),
      { numRuns: runs(80) },
    );
  });

  test('events alone give the same books', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const events: Event[] = [];
        let { context } = world.market;
        for (const action of steps) {
          take(world, action);
          if (world.market.context !== context) {
            events.push(...context.events);
            ({ context } = world.market);
          }
        }
        events.push(...context.events);
        expect(booksOfEvents(events)).toEqual(booksImage(world.market.state));
      }),
      { numRuns: runs(200) },
    );
  });

  test('a trade goes to the best resting order of another account', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        for (const action of steps) {
          const books = booksImage(world.market.state);
          const { events } = world.market.context;
          const from = events.length;
          take(world, action);
          if (action.kind !== 'order') continue;
          const instrument: InstrumentId = seriesNamed(world.market, NAMES[action.series] ?? '');
          const side = action.isBid ? 'asks' : 'bids';
          const queue = (books[instrument]?.[side] ?? []) as Order[];
          const portfolio = person(world, action.who);
          const others = queue.filter((row) => row.portfolio !== portfolio).map((row) => row.id);
          const makers = events
            .slice(from)
            .flatMap((event) => (event.selector === EVENT.trade ? [event.value.makerOrder] : []));
          expect(makers).toEqual(others.slice(0, makers.length));
        }
      }),
      { numRuns: runs(200) },
    );
  });

  test('fills of resting orders need no check: margin and cash hold at the same marks', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { state } = world.market;
        let met = new Set<PortfolioId>();
        for (const action of steps) {
          take(world, action);
          if (action.kind === 'mark') met = new Set();
          for (const portfolio of world.people) {
            const { cash, initial, maintenance, bareMaintenance } = accountMargin(state, portfolio);
            expect(cash).toBeGreaterThanOrEqual(0n);
            expect(cash).toBeGreaterThanOrEqual(bidReserve(state, portfolio));
            expect(initial).toBeGreaterThanOrEqual(maintenance);
            expect(maintenance).toBeGreaterThanOrEqual(bareMaintenance);
            if (met.has(portfolio)) expect(cash).toBeGreaterThanOrEqual(initial);
            if (cash >= initial) met.add(portfolio);
          }
        }
      }),
      { numRuns: runs(200) },
    );
  });

  test('after new marks no order raises a maintenance requirement that is not met', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 60_000, max: 160_000 }), (steps, indexUsd) => {
        const world = newWorld();
        const { state } = world.market;
        for (const action of steps) take(world, action);
        take(world, { kind: 'mark', indexUsd });
        for (const portfolio of world.people) {
          const { cash, maintenance, bareMaintenance } = accountMargin(state, portfolio);
          if (cash < maintenance) expect(maintenance).toBe(bareMaintenance);
        }
        expect(problemsOf(state)).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });
});

test('expiry closes every order of an instrument, by number, and no other', () => {
  const world = newWorld();
  const { market } = world;
  const rich = person(world, 3);
  const call = seriesNamed(market, 'near100000C');
  const put = seriesNamed(market, 'near90000P');
  const mark = (market.state.derived.marks.byInstrument.get(call)?.price ?? 0) / MICRO;
  const at = Math.floor(mark);
  place(market, rich, { instrument: call, side: 'buy', price: at - 1, lots: 1 });
  place(market, rich, { instrument: call, side: 'sell', price: at + 1, lots: 1 });
  place(market, rich, { instrument: call, side: 'buy', price: at, lots: 1 });
  const other = (market.state.derived.marks.byInstrument.get(put)?.price ?? 0) / MICRO;
  place(market, rich, { instrument: put, side: 'buy', price: Math.floor(other), lots: 1 });
  advance(market);
  const closed = closeOrdersOfInstrument(
    market.state,
    market.context,
    call,
    CLOSE_REASON.expired,
    1_000,
  );
  expect(closed).toBe(3);
  expect(market.context.events).toEqual(
    [1, 2, 3].map((id) => ({
      selector: EVENT.orderClosed,
      value: { orderId: id, reason: CLOSE_REASON.expired },
    })),
  );
  expect([...market.state.orders.sortedKeys()]).toEqual([4]);
  expect(positionOf(market.state, rich, call)).toBe(0);
  expect(problemsOf(market.state)).toEqual([]);
});

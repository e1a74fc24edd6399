/** One table per type of order: what each does to a book that a person can check. */

import { describe, expect, test } from 'vitest';
import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
} from '../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { orderId } from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { changePosition, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { expireOrders } from '../../runtime/matching/expire-orders.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { advance, codeOf, problemsOf } from './market.ts';
import { type OrderWorld, orderWorld, personOf, submit } from './order-world.ts';

const OWNER = 0;
const SIBLING = 1;
const MAKER = 2;
const OTHER = 3;

type Terms = Omit<Parameters<typeof submit>[2], 'instrument' | 'price'> & {
  readonly who: number;
  /** Ticks from the mark. */
  readonly at: number;
};

function seriesOf(world: OrderWorld): PlaceOrder['instrument'] {
  const [instrument] = world.series;
  if (instrument === undefined) throw new Error('no series');
  return instrument;
}

function send(world: OrderWorld, { who, at, ...terms }: Terms): ReturnType<typeof submit> {
  const price = (world.marks[0] ?? 0) + at;
  return submit(world, personOf(world, who), { ...terms, instrument: seriesOf(world), price });
}

/** Trades so far as (maker order, lots, ticks from the mark). */
function trades(world: OrderWorld): [number, number, number][] {
  return world.market.context.events.flatMap(({ selector, value }) =>
    selector === EVENT.trade
      ? [[value.makerOrder, value.lots, value.price - (world.marks[0] ?? 0)]]
      : [],
  );
}

/** Open orders as (number, ticks from the mark, open lots, shown lots), by number. */
function open(world: OrderWorld): [number, number, number, number][] {
  const { state } = world.market;
  return state.orders.sortedKeys().map((id) => {
    const { price, remaining, shown } = state.orders.must(id);
    return [id, price - (world.marks[0] ?? 0), remaining, shown];
  });
}

function closed(world: OrderWorld): [number, number][] {
  return world.market.context.events.flatMap(({ selector, value }) =>
    selector === EVENT.orderClosed ? [[value.orderId, value.reason]] : [],
  );
}

/** Asks 1 (5 lots) and 2 (5 lots) at the mark, 3 (10 lots) two ticks above. */
function withAsks(): OrderWorld {
  const world = orderWorld();
  const ask = { who: MAKER, side: SIDE.sell } as const;
  send(world, { ...ask, at: 0, size: 5 });
  send(world, { ...ask, who: OTHER, at: 0, size: 5 });
  send(world, { ...ask, at: 2, size: 10 });
  return world;
}

const { limit, market } = ORDER_TYPE;
const { gtc, ioc, fok, gfn } = TIME_IN_FORCE;

type Row = {
  readonly name: string;
  readonly terms: Partial<PlaceOrder>;
  readonly at: number;
  readonly size: number;
  readonly filled: number;
  readonly resting: number;
  readonly code?: string;
};

const BUYS: readonly Row[] = [
  { name: 'GTC rests', terms: {}, at: -1, size: 7, filled: 0, resting: 7 },
  { name: 'GTC takes, then rests', terms: {}, at: 0, size: 12, filled: 10, resting: 2 },
  { name: 'GFN while open', terms: { timeInForce: gfn }, at: 0, size: 12, filled: 10, resting: 2 },
  { name: 'IOC', terms: { timeInForce: ioc }, at: 1, size: 12, filled: 10, resting: 0 },
  {
    name: 'IOC that meets none',
    terms: { timeInForce: ioc },
    at: -1,
    size: 1,
    filled: 0,
    resting: 0,
  },
  { name: 'FOK filled', terms: { timeInForce: fok }, at: 2, size: 20, filled: 20, resting: 0 },
  {
    name: 'FOK one lot short',
    terms: { timeInForce: fok },
    at: 2,
    size: 21,
    filled: 0,
    resting: 0,
    code: 'not_filled',
  },
  {
    name: 'market, inside its bound',
    terms: { type: market, timeInForce: ioc },
    at: 1,
    size: 12,
    filled: 10,
    resting: 0,
  },
  {
    name: 'market, all',
    terms: { type: market, timeInForce: fok },
    at: 2,
    size: 20,
    filled: 20,
    resting: 0,
  },
  {
    name: 'post-only outside',
    terms: { postOnly: POST_ONLY.reject },
    at: -1,
    size: 3,
    filled: 0,
    resting: 3,
  },
  {
    name: 'post-only that would take',
    terms: { postOnly: POST_ONLY.reject },
    at: 0,
    size: 3,
    filled: 0,
    resting: 0,
    code: 'would_take',
  },
];

describe('a buy against asks of 5 + 5 lots at the mark and 10 two ticks above', () => {
  test.each(BUYS)('$name', ({ terms, at, size, filled, resting, code }) => {
    const world = withAsks();
    const result = send(world, {
      who: OWNER,
      side: SIDE.buy,
      at,
      type: limit,
      timeInForce: gtc,
      ...terms,
      size,
    } as Terms);
    expect(codeOf(result)).toBe(code ?? 'ok');
    if (result.ok && result.value.selector === ACTION_RESULT.order) {
      expect(result.value.value).toMatchObject({ filledLots: filled, restingLots: resting });
    }
    expect(positionOf(world.market.state, personOf(world, OWNER), seriesOf(world))).toBe(filled);
    expect(problemsOf(world.market.state)).toEqual([]);
  });
});

describe('market orders', () => {
  test.each([
    { side: SIDE.buy, name: 'buy' },
    { side: SIDE.sell, name: 'sell' },
  ])('$name: without a bound, and with one beyond it, to the band’s edge', ({ side }) => {
    const world = orderWorld();
    const band = priceBand(world.market.state, world.market.context, seriesOf(world));
    if (band === undefined) throw new Error('no band');
    const edge = side === SIDE.buy ? band.high : band.low;
    const at = edge - (world.marks[0] ?? 0);
    const other = side === SIDE.buy ? SIDE.sell : SIDE.buy;
    send(world, { who: MAKER, side: other, at, size: 2 });
    const order = { instrument: seriesOf(world), side, type: market, timeInForce: ioc, size: 1 };
    const beyond = side === SIDE.buy ? edge + 100 : 1;
    for (const price of [0, beyond]) {
      const result = submit(world, personOf(world, OWNER), { ...order, price });
      expect(result.ok && result.value.value).toMatchObject({ filledLots: 1 });
    }
    expect(trades(world).map(([, , price]) => price)).toEqual([at, at]);
  });
});

describe('post-only that slides', () => {
  test.each([
    { name: 'a bid', side: SIDE.buy, best: 1, at: 3, rests: 0 },
    { name: 'an ask', side: SIDE.sell, best: -1, at: -3, rests: 0 },
    { name: 'a bid that does not take', side: SIDE.buy, best: 1, at: -2, rests: -2 },
  ])('$name rests one tick outside the best opposite price', ({ side, best, at, rests }) => {
    const world = orderWorld();
    const other = side === SIDE.buy ? SIDE.sell : SIDE.buy;
    send(world, { who: MAKER, side: other, at: best, size: 5 });
    const result = send(world, { who: OWNER, side, at, size: 5, postOnly: POST_ONLY.slide });
    expect(codeOf(result)).toBe('ok');
    expect(trades(world)).toEqual([]);
    expect(open(world)[1]).toEqual([2, rests, 5, 5]);
  });

  test('is refused where the price outside is beyond the band', () => {
    const world = orderWorld();
    const band = priceBand(world.market.state, world.market.context, seriesOf(world));
    if (band === undefined) throw new Error('no band');
    const low = band.low - (world.marks[0] ?? 0);
    send(world, { who: MAKER, side: SIDE.sell, at: low, size: 5 });
    const bid = { who: OWNER, side: SIDE.buy, at: low, size: 5, postOnly: POST_ONLY.slide };
    expect(codeOf(send(world, bid))).toBe('would_take');
  });
});

describe('an iceberg of 10 lots that shows 3', () => {
  /** The iceberg is order 1, an ask of 4 lots behind it order 2. */
  function setUp(): OrderWorld {
    const world = orderWorld();
    send(world, { who: MAKER, side: SIDE.sell, at: 0, size: 10, displaySize: 3 });
    send(world, { who: OTHER, side: SIDE.sell, at: 0, size: 4 });
    return world;
  }
  test.each([
    { take: 2, fills: [[1, 2]], iceberg: [8, 1] },
    // The shown lots are gone: the next three stand behind the other order.
    { take: 3, fills: [[1, 3]], iceberg: [7, 3] },
    {
      take: 5,
      fills: [
        [1, 3],
        [2, 2],
      ],
      iceberg: [7, 3],
    },
    {
      take: 8,
      fills: [
        [1, 3],
        [2, 4],
        [1, 1],
      ],
      iceberg: [6, 2],
    },
    {
      take: 13,
      fills: [
        [1, 3],
        [2, 4],
        [1, 3],
        [1, 3],
      ],
      iceberg: [1, 1],
    },
    {
      take: 14,
      fills: [
        [1, 3],
        [2, 4],
        [1, 3],
        [1, 3],
        [1, 1],
      ],
      iceberg: undefined,
    },
  ])('a taker of $take lots', ({ take, fills, iceberg }) => {
    const world = setUp();
    const order = { who: OWNER, side: SIDE.buy, at: 0, size: take, timeInForce: fok };
    expect(codeOf(send(world, order))).toBe('ok');
    expect(trades(world).map(([id, lots]) => [id, lots])).toEqual(fills);
    const row = world.market.state.orders.get(orderId(1));
    expect(row && [row.remaining, row.shown]).toEqual(iceberg);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('loses its turn by a refresh: the order behind it trades next', () => {
    const world = setUp();
    send(world, { who: OWNER, side: SIDE.buy, at: 0, size: 3 });
    send(world, { who: OWNER, side: SIDE.buy, at: 0, size: 1 });
    expect(trades(world).map(([id]) => id)).toEqual([1, 2]);
  });
});

describe('self-trade prevention across sub-accounts', () => {
  const { cancelMaker, cancelTaker, cancelBoth, decrementBoth } = SELF_TRADE_PREVENTION;
  // Asks at the mark: 1 of the maker (2 lots), 2 of the sibling (4), 3 of another (8); a bid of 10.
  test.each([
    {
      name: 'cancel maker',
      mode: cancelMaker,
      fills: [
        [1, 2],
        [3, 8],
      ],
      left: [],
      gone: [1, 2, 3],
    },
    { name: 'cancel taker', mode: cancelTaker, fills: [[1, 2]], left: [2, 3], gone: [1] },
    { name: 'cancel both', mode: cancelBoth, fills: [[1, 2]], left: [3], gone: [1, 2] },
    {
      name: 'decrement both',
      mode: decrementBoth,
      fills: [
        [1, 2],
        [3, 4],
      ],
      left: [3],
      gone: [1, 2],
    },
  ])('$name', ({ mode, fills, left, gone }) => {
    const world = orderWorld();
    send(world, { who: MAKER, side: SIDE.sell, at: 0, size: 2 });
    send(world, { who: SIBLING, side: SIDE.sell, at: 0, size: 4 });
    send(world, { who: OTHER, side: SIDE.sell, at: 0, size: 8 });
    const bid = { who: OWNER, side: SIDE.buy, at: 0, size: 10, selfTradePrevention: mode };
    expect(codeOf(send(world, bid))).toBe('ok');
    expect(trades(world).map(([id, lots]) => [id, lots])).toEqual(fills);
    expect(open(world).map(([id]) => id)).toEqual(left);
    const reasons = new Map(closed(world));
    // In the order in which they were met.
    expect([...reasons.keys()]).toEqual(gone);
    if (gone.includes(2)) expect(reasons.get(2)).toBe(CLOSE_REASON.selfTrade);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('decrement both lowers the greater one and keeps its place', () => {
    const world = orderWorld();
    send(world, { who: SIBLING, side: SIDE.sell, at: 0, size: 9, displaySize: 2 });
    const bid = { who: OWNER, side: SIDE.buy, at: 0, size: 4, selfTradePrevention: decrementBoth };
    expect(codeOf(send(world, bid))).toBe('ok');
    expect(open(world)).toEqual([[1, 0, 5, 2]]);
    expect(world.market.state.orders.must(orderId(1))).toMatchObject({ size: 5, priority: 1 });
  });
});

describe('reduce-only', () => {
  /** The owner is long 6 lots. */
  function long(): OrderWorld {
    const world = orderWorld();
    changePosition(world.market.state, personOf(world, OWNER), seriesOf(world), 6);
    changePosition(world.market.state, personOf(world, MAKER), seriesOf(world), -6);
    return world;
  }

  test('an incoming order is cut to the position, traded or resting', () => {
    const world = long();
    send(world, { who: MAKER, side: SIDE.buy, at: 0, size: 4 });
    const result = send(world, { who: OWNER, side: SIDE.sell, at: 0, size: 50, reduceOnly: true });
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 4, restingLots: 2 });
    expect(open(world)).toEqual([[2, 0, 2, 2]]);
  });

  test('resting orders trade no more than the position, whichever are filled first', () => {
    const world = long();
    send(world, { who: OWNER, side: SIDE.sell, at: 0, size: 5, reduceOnly: true });
    send(world, { who: OWNER, side: SIDE.sell, at: 1, size: 5, reduceOnly: true });
    send(world, { who: OTHER, side: SIDE.sell, at: 1, size: 5 });
    const bid = { who: MAKER, side: SIDE.buy, at: 1, size: 9 };
    const result = send(world, bid);
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 9, restingLots: 0 });
    // One lot of the second, then the order behind it.
    expect(trades(world)).toEqual([
      [1, 5, 0],
      [2, 1, 1],
      [3, 3, 1],
    ]);
    expect(closed(world)).toContainEqual([2, CLOSE_REASON.reduceOnly]);
    expect(positionOf(world.market.state, personOf(world, OWNER), seriesOf(world))).toBe(0);
    expect(open(world)).toEqual([[3, 1, 2, 2]]);
  });

  test('an order whose position was closed otherwise is cancelled with it', () => {
    const world = long();
    send(world, { who: OWNER, side: SIDE.sell, at: 2, size: 6, reduceOnly: true });
    send(world, { who: MAKER, side: SIDE.buy, at: 0, size: 6 });
    send(world, { who: OWNER, side: SIDE.sell, at: 0, size: 6 });
    expect(closed(world)).toContainEqual([1, CLOSE_REASON.reduceOnly]);
    expect(open(world)).toEqual([]);
  });

  test('a FOK order does not count what reduce-only orders cannot trade', () => {
    const world = long();
    send(world, { who: OWNER, side: SIDE.sell, at: 0, size: 6, reduceOnly: true });
    // A hedge elsewhere: the position that the order could reduce is smaller now.
    changePosition(world.market.state, personOf(world, OWNER), seriesOf(world), -2);
    changePosition(world.market.state, personOf(world, MAKER), seriesOf(world), 2);
    const bid = { who: MAKER, side: SIDE.buy, at: 0, timeInForce: fok };
    expect(codeOf(send(world, { ...bid, size: 5 }))).toBe('not_filled');
    expect(codeOf(send(world, { ...bid, size: 4 }))).toBe('ok');
  });
});

describe('GTT', () => {
  test('leaves at its time, before anything else of the block, and not earlier', () => {
    const world = orderWorld();
    const { market: place } = world;
    const expiresAt = place.context.timestamp + 1_000;
    const order = { who: OWNER, side: SIDE.buy, at: 0, timeInForce: TIME_IN_FORCE.gtt } as const;
    send(world, { ...order, size: 1, expiresAt });
    send(world, { ...order, size: 1, expiresAt: expiresAt + 1 });
    send(world, { ...order, size: 1, expiresAt });
    expireOrders(place.state, advance(place));
    expect(open(world)).toHaveLength(3);
    expireOrders(place.state, advance(place));
    expect(closed(world)).toEqual([
      [1, CLOSE_REASON.time],
      [3, CLOSE_REASON.time],
    ]);
    expect(open(world).map(([id]) => id)).toEqual([2]);
    expect(problemsOf(place.state)).toEqual([]);
  });
});

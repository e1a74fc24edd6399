/** Amendments, reductions, replacements and links of open orders. */

import { describe, expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, type PostOnly, SIDE } from '../../runtime/actions/order-terms.ts';
import { ANY_UNDERLYING, type OrderReference } from '../../runtime/actions/orders.ts';
import { actionClass, CLASS } from '../../runtime/apply-action.ts';
import {
  type InstrumentId,
  orderId,
  portfolioSubAccount,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { MAX_ORDER_LOTS } from '../../runtime/limits.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { codeOf, problemsOf, seriesNamed, tablesImage } from './market.ts';
import { act, type OrderWorld, orderTerms, orderWorld, personOf, submit } from './order-world.ts';

const [OWNER, SIBLING, MAKER] = [0, 1, 2];
const MAIN = subAccount(0);

function byNumber(id: number): OrderReference {
  return { subAccount: MAIN, orderId: orderId(id), clientOrderId: 0 };
}

function byClient(clientOrderId: number): OrderReference {
  return { subAccount: MAIN, orderId: orderId(0), clientOrderId };
}

function near(world: OrderWorld): InstrumentId {
  return seriesNamed(world.market, 'near100000C');
}

/**
 * Bids of the owner and the maker at the mark, 10 lots each: 1 (client id 7), 2; 4 lots of the first
 * are filled by order 3.
 */
function setUp(): OrderWorld {
  const world = orderWorld();
  const instrument = near(world);
  const bid = { instrument, side: SIDE.buy, price: world.marks[0] ?? 0, size: 10 };
  submit(world, personOf(world, OWNER), { ...bid, clientOrderId: 7 });
  submit(world, personOf(world, MAKER), bid);
  submit(world, personOf(world, 3), { ...bid, side: SIDE.sell, size: 4 });
  world.market.context.events.length = 0;
  return world;
}

function amend(
  world: OrderWorld,
  order: OrderReference,
  change: { readonly at?: number; readonly size: number; readonly postOnly?: PostOnly },
  who: number = OWNER,
) {
  const value = {
    order,
    price: priceTicks((world.marks[0] ?? 0) + (change.at ?? 0)),
    size: sizeLots(change.size),
    postOnly: change.postOnly ?? POST_ONLY.none,
  };
  return act(world, personOf(world, who), { selector: ACTION.amendOrder, value });
}

/** Numbers of the bids in the order in which they would trade. */
function queue(world: OrderWorld): number[] {
  const rows = [...world.market.state.orders.unorderedEntries()].map(([, row]) => row);
  return rows
    .filter(({ side }) => side === SIDE.buy)
    .sort((a, b) => b.price - a.price || a.priority - b.priority)
    .map(({ id }) => id);
}

describe('amendOrder', () => {
  test.each([
    { name: 'a smaller size keeps its place', size: 8, order: [1, 2], remaining: 4 },
    { name: 'the same size changes nothing', size: 10, order: [1, 2], remaining: 6 },
    { name: 'a larger size loses its place', size: 11, order: [2, 1], remaining: 7 },
    { name: 'another price loses its place', at: -1, size: 10, order: [2, 1], remaining: 6 },
    { name: 'a better price goes first', at: 1, size: 8, order: [1, 2], remaining: 4 },
    { name: 'what is filled ends the order', size: 4, order: [2], remaining: 0 },
    { name: 'less than what is filled too', at: 1, size: 3, order: [2], remaining: 0 },
  ])('$name', ({ at = 0, size, order, remaining }) => {
    const world = setUp();
    const result = amend(world, byClient(7), { at, size });
    expect(result.ok && result.value).toMatchObject({
      selector: ACTION_RESULT.order,
      value: { orderId: 1, filledLots: 0, restingLots: remaining },
    });
    expect(queue(world)).toEqual(order);
    const row = world.market.state.orders.get(orderId(1));
    if (remaining === 0) {
      expect(world.market.context.events).toEqual([
        { selector: EVENT.orderClosed, value: { orderId: 1, reason: CLOSE_REASON.cancelled } },
      ]);
    } else expect(row).toMatchObject({ remaining, size, shown: remaining, clientOrderId: 7 });
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('a price that crosses trades as an incoming order under the same number', () => {
    const world = setUp();
    submit(world, personOf(world, MAKER), {
      instrument: near(world),
      side: SIDE.sell,
      price: (world.marks[0] ?? 0) + 2,
      size: 5,
    });
    const result = amend(world, byNumber(1), { at: 2, size: 10 });
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 5, restingLots: 1 });
    const kinds = world.market.context.events.map(({ selector }) => selector);
    expect(kinds).toContain(EVENT.trade);
    expect(kinds).toContain(EVENT.orderAmended);
    expect(world.market.state.orders.must(orderId(1))).toMatchObject({ size: 10, remaining: 1 });
    // All of it: the order is closed as filled.
    submit(world, personOf(world, MAKER), {
      instrument: near(world),
      side: SIDE.sell,
      price: (world.marks[0] ?? 0) + 3,
      size: 5,
    });
    amend(world, byNumber(1), { at: 3, size: 12 });
    expect(world.market.context.events.at(-1)).toEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 1, reason: CLOSE_REASON.filled },
    });
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('an order placed post-only stays so', () => {
    const world = orderWorld();
    const price = world.marks[0] ?? 0;
    const bid = { instrument: near(world), side: SIDE.buy, price, size: 5 };
    submit(world, personOf(world, OWNER), { ...bid, postOnly: POST_ONLY.reject });
    submit(world, personOf(world, MAKER), { ...bid, side: SIDE.sell, price: price + 2 });
    const before = tablesImage(world.market.state);
    expect(codeOf(amend(world, byNumber(1), { at: 2, size: 5 }))).toBe('would_take');
    expect(tablesImage(world.market.state)).toBe(before);
    const slid = amend(world, byNumber(1), { at: 2, size: 5, postOnly: POST_ONLY.slide });
    expect(codeOf(slid)).toBe('ok');
    expect(world.market.state.orders.must(orderId(1))).toMatchObject({
      price: price + 1,
      postOnly: true,
    });
  });

  test('is margined net of what it was', () => {
    // Cash for ten lots at the mark, not for twenty.
    const world = orderWorld([1_000n, 0n, 0n, 0n]);
    const price = world.marks[0] ?? 0;
    const bid = { instrument: near(world), side: SIDE.buy, price, size: 10 };
    expect(codeOf(submit(world, personOf(world, OWNER), bid))).toBe('ok');
    expect(codeOf(submit(world, personOf(world, OWNER), bid))).toBe('insufficient_cash');
    expect(codeOf(amend(world, byNumber(1), { at: 1, size: 10 }))).toBe('ok');
    expect(codeOf(amend(world, byNumber(1), { at: 1, size: 20 }))).toBe('insufficient_cash');
    expect(world.market.state.orders.must(orderId(1)).size).toBe(10);
  });

  test('frees the cash of the old bid where margin rests on more than the series', () => {
    // A spread: the short call alone needs more than the cash, both together nothing.
    const world = orderWorld([1_000n, 0n, 0n, 0n]);
    const { state } = world.market;
    const short = seriesNamed(world.market, 'near110000C');
    const [owner, maker] = [personOf(world, OWNER), personOf(world, MAKER)];
    for (const [portfolio, sign] of [
      [owner, 1],
      [maker, -1],
    ] as const) {
      changePosition(state, portfolio, near(world), 10 * sign);
      changePosition(state, portfolio, short, -10 * sign);
    }
    const bid = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 10 };
    expect(codeOf(submit(world, owner, bid))).toBe('ok');
    expect(codeOf(submit(world, owner, bid))).toBe('insufficient_cash');
    expect(codeOf(amend(world, byNumber(1), { at: 1, size: 10 }))).toBe('ok');
    const elsewhere = orderTerms(owner, {
      instrument: seriesNamed(world.market, 'near90000P'),
      side: SIDE.buy,
      price: world.marks[1] ?? 0,
      size: 30,
    });
    const replaced = act(world, owner, {
      selector: ACTION.replaceOrder,
      value: { replaced: byNumber(1), order: elsewhere },
    });
    expect(codeOf(replaced)).toBe('ok');
    expect(problemsOf(state)).toEqual([]);
  });

  test.each([
    { code: 'order_not_found', of: byNumber(99), size: 0 },
    { code: 'order_not_found', of: byClient(8), size: 0 },
    { code: 'not_owner', of: byNumber(2), size: 0 },
    { code: 'bad_size', of: byNumber(1), size: 0 },
    { code: 'bad_size', of: byNumber(1), size: MAX_ORDER_LOTS + 1 },
    { code: 'price_band', of: byNumber(1), size: 10, at: -5_711 },
  ])('refuses: $code', ({ code, of, size, at = 0 }) => {
    const world = setUp();
    const before = tablesImage(world.market.state);
    expect(codeOf(amend(world, of, { size, at }))).toBe(code);
    expect(tablesImage(world.market.state)).toBe(before);
  });

  test('does not touch a quote', () => {
    const world = setUp();
    Object.assign(world.market.state.orders.must(orderId(1)), { isQuote: true });
    expect(codeOf(amend(world, byNumber(1), { size: 0 }))).toBe('quote_order');
  });
});

describe('reduceOrder', () => {
  function reduce(world: OrderWorld, order: OrderReference, size: number) {
    const value = { order, size: sizeLots(size) };
    return act(world, personOf(world, OWNER), { selector: ACTION.reduceOrder, value });
  }

  test('is of the class of cancels, keeps the place, and takes hidden lots first', () => {
    const world = orderWorld();
    const bid = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 10 };
    submit(world, personOf(world, OWNER), { ...bid, displaySize: 4 });
    submit(world, personOf(world, MAKER), bid);
    const action = {
      selector: ACTION.reduceOrder,
      value: { order: byNumber(1), size: sizeLots(5) },
    } as const;
    expect(actionClass(action)).toBe(CLASS.cancels);
    expect(codeOf(reduce(world, byNumber(1), 5))).toBe('ok');
    expect(queue(world)).toEqual([1, 2]);
    const row = world.market.state.orders.must(orderId(1));
    expect([row.size, row.remaining, row.shown]).toEqual([5, 5, 4]);
    expect(codeOf(reduce(world, byNumber(1), 2))).toBe('ok');
    expect([row.remaining, row.shown]).toEqual([2, 2]);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test.each([
    { code: 'order_not_found', of: byNumber(99), size: 50 },
    { code: 'not_owner', of: byNumber(2), size: 50 },
    { code: 'not_a_reduction', of: byNumber(1), size: 10 },
    { code: 'ok', of: byNumber(1), size: 0 },
  ])('$code', ({ code, of, size }) => {
    const world = setUp();
    expect(codeOf(reduce(world, of, size))).toBe(code);
    expect(world.market.state.orders.has(orderId(1))).toBe(code !== 'ok');
  });
});

describe('replaceOrder', () => {
  function replace(world: OrderWorld, change: Partial<Parameters<typeof orderTerms>[1]>) {
    const portfolio = personOf(world, OWNER);
    const terms = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 10 };
    const order = orderTerms(portfolio, { ...terms, ...change });
    const action: Action = {
      selector: ACTION.replaceOrder,
      value: { replaced: byNumber(1), order },
    };
    return act(world, portfolio, action);
  }

  test('cancels the one and places the other, which may have its client id and its cash', () => {
    const world = orderWorld([1_000n, 0n, 0n, 0n]);
    const bid = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 10 };
    submit(world, personOf(world, OWNER), { ...bid, clientOrderId: 7 });
    const result = replace(world, { size: 9, clientOrderId: 7 });
    expect(result.ok && result.value.value).toMatchObject({ orderId: 2, restingLots: 9 });
    expect(world.market.state.orders.sortedKeys()).toEqual([2]);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('where the new one is refused the old one stays', () => {
    const world = setUp();
    const before = tablesImage(world.market.state);
    expect(codeOf(replace(world, { size: 0 }))).toBe('bad_size');
    expect(codeOf(replace(world, { size: 1_000_000_000 }))).toBe('position_limit');
    expect(tablesImage(world.market.state)).toBe(before);
  });

  test('the old one is not in the new one’s way', () => {
    const world = setUp();
    const sell = { side: SIDE.sell, price: (world.marks[0] ?? 0) - 1, size: 3 };
    const result = replace(world, { ...sell, postOnly: POST_ONLY.reject });
    // The maker's bid is: it is at the mark.
    expect(codeOf(result)).toBe('would_take');
    act(world, personOf(world, MAKER), {
      selector: ACTION.cancelOrder,
      value: { orderId: orderId(2) },
    });
    expect(codeOf(replace(world, { ...sell, postOnly: POST_ONLY.reject }))).toBe('ok');
  });

  test('goes from one series to another', () => {
    const world = setUp();
    const instrument = seriesNamed(world.market, 'far100000C');
    const price = Math.floor(
      (world.market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0) / 1_000_000,
    );
    expect(codeOf(replace(world, { instrument, price }))).toBe('ok');
    expect(world.market.state.orders.has(orderId(1))).toBe(false);
    expect(problemsOf(world.market.state)).toEqual([]);
  });
});

describe('linkOrders', () => {
  function link(world: OrderWorld, first: OrderReference, second: OrderReference) {
    return act(world, personOf(world, OWNER), {
      selector: ACTION.linkOrders,
      value: { first, second },
    });
  }

  /** Orders 1 and 2 of the owner, 3 of its sibling, 4 of the maker; all bids of 5 lots. */
  function bids(): OrderWorld {
    const world = orderWorld();
    const price = world.marks[0] ?? 0;
    const bid = { instrument: near(world), side: SIDE.buy, size: 5 };
    submit(world, personOf(world, OWNER), { ...bid, price });
    submit(world, personOf(world, OWNER), { ...bid, price: price - 1 });
    submit(world, personOf(world, SIBLING), { ...bid, price: price - 2 });
    submit(world, personOf(world, MAKER), { ...bid, price: price - 2 });
    return world;
  }

  test('any fill of the one cancels the other, in the same match too', () => {
    const world = bids();
    expect(codeOf(link(world, byNumber(1), byNumber(2)))).toBe('ok');
    // Would take both, but the fill of the first takes the second away.
    const result = submit(world, personOf(world, 3), {
      instrument: near(world),
      side: SIDE.sell,
      price: (world.marks[0] ?? 0) - 2,
      size: 12,
    });
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 12 });
    const makers = world.market.context.events.flatMap(({ selector, value }) =>
      selector === EVENT.trade ? [value.makerOrder] : [],
    );
    expect(makers).toEqual([1, 3, 4]);
    expect(world.market.context.events).toContainEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 2, reason: CLOSE_REASON.oco },
    });
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('a cancel of the one leaves the other, which can be linked again', () => {
    const world = bids();
    link(world, byNumber(1), byNumber(2));
    act(world, personOf(world, OWNER), {
      selector: ACTION.cancelOrder,
      value: { orderId: orderId(1) },
    });
    expect(world.market.state.orders.has(orderId(2))).toBe(true);
    submit(world, personOf(world, OWNER), {
      instrument: near(world),
      side: SIDE.buy,
      price: (world.marks[0] ?? 0) - 3,
      size: 1,
    });
    expect(codeOf(link(world, byNumber(2), byNumber(5)))).toBe('ok');
  });

  test.each([
    { code: 'order_not_found', first: byNumber(99), second: byNumber(4) },
    { code: 'not_owner', first: byNumber(1), second: byNumber(4) },
    { code: 'bad_link', first: byNumber(1), second: byNumber(1) },
    { code: 'bad_link', first: byNumber(1), second: byNumber(3) },
  ])('refuses: $code', ({ code, first, second }) => {
    const world = bids();
    expect(codeOf(link(world, first, second))).toBe(code);
  });

  test('refuses a third: already_linked', () => {
    const world = bids();
    link(world, byNumber(1), byNumber(2));
    expect(codeOf(link(world, byNumber(2), byNumber(3)))).toBe('already_linked');
  });
});

test('cancelOrders cancels what every filter means, of one or all sub-accounts', () => {
  const filters = { underlying: ANY_UNDERLYING, instrument: 0, label: 0, allSubAccounts: false };
  const cases = [
    { filter: {}, gone: [1, 2, 3] },
    { filter: { label: 5 }, gone: [2] },
    { filter: { instrument: 'far100000C' }, gone: [3] },
    { filter: { underlying: 1, label: 5 }, gone: [2] },
    { filter: { underlying: 2 }, gone: [] },
    // 0 is the number of an underlying, which has no order here.
    { filter: { underlying: 0 }, gone: [] },
    { filter: { allSubAccounts: true }, gone: [1, 2, 3, 4] },
    { filter: { allSubAccounts: true, label: 5 }, gone: [2, 4] },
  ];
  for (const { filter, gone } of cases) {
    const world = orderWorld();
    const bid = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 1 };
    const far = seriesNamed(world.market, 'far100000C');
    const price = Math.floor(
      (world.market.state.derived.marks.byInstrument.get(far)?.price ?? 0) / 1_000_000,
    );
    submit(world, personOf(world, OWNER), bid);
    submit(world, personOf(world, OWNER), { ...bid, label: 5 });
    submit(world, personOf(world, OWNER), { ...bid, instrument: far, price });
    submit(world, personOf(world, SIBLING), { ...bid, label: 5 });
    submit(world, personOf(world, MAKER), { ...bid, label: 5 });
    const value = {
      ...filters,
      ...filter,
      subAccount: portfolioSubAccount(personOf(world, OWNER)),
      instrument: 'instrument' in filter ? far : 0,
    };
    const action = { selector: ACTION.cancelOrders, value } as Action;
    const result = act(world, personOf(world, OWNER), action);
    expect(result.ok && result.value.value).toEqual({ cancelled: gone.length });
    expect([1, 2, 3, 4, 5].filter((id) => !world.market.state.orders.has(orderId(id)))).toEqual(
      gone,
    );
    expect(problemsOf(world.market.state)).toEqual([]);
  }
});

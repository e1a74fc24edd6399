/** Triggers: when they fire, in which order, what becomes of their orders. */

import { describe, expect, test } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import {
  ORDER_TYPE,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import {
  ANY_UNDERLYING,
  type PlaceOrder,
  type PlaceTrigger,
} from '../../runtime/actions/orders.ts';
import {
  type InstrumentId,
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, TRIGGER_END } from '../../runtime/event.ts';
import { MAX_TRIGGERS_FIRED_PER_BLOCK, MAX_TRIGGERS_PER_PORTFOLIO } from '../../runtime/limits.ts';
import { closeOrdersOfInstrument } from '../../runtime/matching/close-orders.ts';
import { fireTriggers } from '../../runtime/matching/fire-triggers.ts';
import { BTC, fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { advance, codeOf, problemsOf, seriesNamed, tablesImage } from './market.ts';
import {
  act,
  nextMarked,
  type OrderWorld,
  orderTerms,
  orderWorld,
  personOf,
  submit,
} from './order-world.ts';

const [OWNER, , MAKER, OTHER] = [0, 1, 2, 3];
const { mark, index, last } = TRIGGER_SOURCE;
const { above, below } = TRIGGER_CONDITION;

function near(world: OrderWorld): InstrumentId {
  return seriesNamed(world.market, 'near100000C');
}

function markOf(world: OrderWorld): number {
  return world.market.state.derived.marks.byInstrument.get(near(world))?.price ?? 0;
}

/** A trigger of a buy of one lot at the mark, on the index above $101,000, unless said. */
function trigger(
  world: OrderWorld,
  change: Partial<Omit<PlaceTrigger, 'order'>> & { readonly order?: Partial<PlaceOrder> } = {},
  portfolio = personOf(world, OWNER),
) {
  const { order, ...rest } = change;
  const terms = { instrument: near(world), side: SIDE.buy, price: world.marks[0] ?? 0, size: 1 };
  const value: PlaceTrigger = {
    order: { ...orderTerms(portfolio, terms), ...order },
    source: index,
    condition: above,
    triggerPrice: 101_000 * MICRO,
    ...rest,
  };
  return act(world, portfolio, { selector: ACTION.placeTrigger, value });
}

/** Triggers ended so far in this block: (number, reason). */
function ended(world: OrderWorld): [number, number][] {
  return world.market.context.events.flatMap(({ selector, value }) =>
    selector === EVENT.triggerClosed ? [[value.orderId, value.reason]] : [],
  );
}

describe('placeTrigger refuses in the order of the error table', () => {
  type Row = {
    readonly code: string;
    readonly change: Parameters<typeof trigger>[1];
    readonly rules?: Partial<typeof BTC>;
  };
  test.each<Row>([
    {
      code: 'unknown_instrument',
      change: { order: { instrument: instrumentId(99), side: 7 as 0 } },
    },
    { code: 'bad_side', change: { order: { side: 7 as 0 }, source: 9 as 0 } },
    {
      code: 'price_not_on_tick',
      change: { order: { price: priceTicks(5_001), size: sizeLots(1) }, source: 3 as 0 },
      rules: { optionTicks: [{ from: 0, multiple: 50 }], minOrderLots: 2 },
    },
    {
      code: 'below_min_size',
      change: { order: { size: sizeLots(1) }, source: 3 as 0 },
      rules: { minOrderLots: 2 },
    },
    {
      code: 'above_max_size',
      change: { order: { size: sizeLots(9) }, source: 3 as 0 },
      rules: { maxOrderLots: 8 },
    },
    {
      // What closes a rest of a position may be as small as that is.
      code: 'bad_trigger',
      change: { order: { size: sizeLots(1), reduceOnly: true }, source: 3 as 0 },
      rules: { minOrderLots: 2 },
    },
    { code: 'bad_trigger', change: { source: 3 as 0, condition: 9 as 0 } },
    { code: 'bad_trigger', change: { condition: 2 as 0, triggerPrice: 0 } },
    { code: 'bad_trigger_price', change: { triggerPrice: 0, order: { clientOrderId: 7 } } },
    {
      code: 'trigger_holds',
      change: { triggerPrice: 100_000 * MICRO, order: { clientOrderId: 7 } },
    },
    { code: 'duplicate_client_id', change: { order: { clientOrderId: 7 } } },
    { code: 'too_many_triggers', change: {} },
  ])('$code', ({ code, change, rules }) => {
    const world = orderWorld();
    trigger(world, { order: { clientOrderId: 7 } });
    for (let i = 1; i < MAX_TRIGGERS_PER_PORTFOLIO; i++) trigger(world);
    world.market.state.underlyings.set(BTC.id, { ...BTC, ...rules });
    const before = tablesImage(world.market.state);
    expect(codeOf(trigger(world, change))).toBe(code);
    expect(tablesImage(world.market.state)).toBe(before);
  });

  test('a resubmission is told the number that has the id', () => {
    const world = orderWorld();
    trigger(world, { order: { clientOrderId: 7 } });
    const again = submit(world, personOf(world, OWNER), {
      instrument: near(world),
      side: SIDE.buy,
      price: world.marks[0] ?? 0,
      size: 1,
      clientOrderId: 7,
    });
    expect(!again.ok && again.error).toEqual({
      code: 'duplicate_client_id',
      given: 7n,
      allowed: 1n,
    });
  });
});

describe('a trigger fires in the block in which its price comes', () => {
  test.each([
    {
      name: 'index above',
      source: index,
      condition: above,
      usd: 101_000,
      moves: [100_999, 101_000],
    },
    { name: 'index below', source: index, condition: below, usd: 99_000, moves: [99_001, 99_000] },
  ])('$name', ({ source, condition, usd, moves }) => {
    const world = orderWorld();
    expect(codeOf(trigger(world, { source, condition, triggerPrice: usd * MICRO }))).toBe('ok');
    nextMarked(world, moves[0] ?? 0);
    expect(ended(world)).toEqual([]);
    nextMarked(world, moves[1] ?? 0);
    expect(ended(world)).toEqual([[1, TRIGGER_END.fired]]);
    // Under its own number, with a priority of its own time.
    const row = world.market.state.orders.must(orderId(1));
    expect(row.priority).toBeGreaterThan(row.id);
    expect(world.market.state.triggers.size).toBe(0);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('mark: a call’s mark rises with the index', () => {
    const world = orderWorld();
    const triggerPrice = markOf(world) + 100 * MICRO;
    trigger(world, { source: mark, condition: above, triggerPrice });
    trigger(world, { source: mark, condition: below, triggerPrice: triggerPrice - 200 * MICRO });
    nextMarked(world, 100_010);
    expect(ended(world)).toEqual([]);
    nextMarked(world, 100_500);
    expect(markOf(world)).toBeGreaterThanOrEqual(triggerPrice);
    expect(ended(world)).toEqual([[1, TRIGGER_END.fired]]);
    nextMarked(world, 99_000);
    expect(ended(world)).toEqual([[2, TRIGGER_END.fired]]);
  });

  test('last: a trade of a block fires in the next, by the block’s last price', () => {
    const world = orderWorld();
    const price = world.marks[0] ?? 0;
    const instrument = near(world);
    const trade = (at: number): void => {
      submit(world, personOf(world, MAKER), { instrument, side: SIDE.sell, price: at, size: 1 });
      submit(world, personOf(world, OTHER), { instrument, side: SIDE.buy, price: at, size: 1 });
    };
    const far = { source: last, condition: above, triggerPrice: (price + 3) * MICRO } as const;
    expect(codeOf(trigger(world, far))).toBe('ok');
    trade(price + 3);
    trade(price + 1);
    nextMarked(world, 100_000);
    // The block's last price does not hold.
    expect(ended(world)).toEqual([]);
    trade(price + 3);
    expect(codeOf(trigger(world, far))).toBe('trigger_holds');
    nextMarked(world, 100_000);
    expect(ended(world)).toEqual([[1, TRIGGER_END.fired]]);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('last: a trade before the triggers of its own block, as of an auction, fires in the next', () => {
    const world = orderWorld();
    const { market } = world;
    const price = world.marks[0] ?? 0;
    const instrument = near(world);
    const trade = (at: number): void => {
      submit(world, personOf(world, MAKER), { instrument, side: SIDE.sell, price: at, size: 1 });
      submit(world, personOf(world, OTHER), { instrument, side: SIDE.buy, price: at, size: 1 });
    };
    trade(price);
    trigger(world, { source: last, condition: above, triggerPrice: (price + 3) * MICRO });
    fireTriggers(market.state, advance(market));
    trade(price + 3);
    fireTriggers(market.state, market.context);
    expect(ended(world)).toEqual([]);
    fireTriggers(market.state, advance(market));
    expect(ended(world)).toEqual([[3, TRIGGER_END.fired]]);
  });

  test('by number, whatever their prices; before the block’s other orders', () => {
    const world = orderWorld();
    trigger(world, { triggerPrice: 101_900 * MICRO });
    trigger(world, { triggerPrice: 101_000 * MICRO });
    trigger(world, { triggerPrice: 103_000 * MICRO });
    trigger(world, { triggerPrice: 101_500 * MICRO });
    nextMarked(world, 102_000);
    expect(ended(world).map(([id]) => id)).toEqual([1, 2, 4]);
    nextMarked(world, 103_000);
    expect(ended(world).map(([id]) => id)).toEqual([3]);
  });

  test('those beyond the bound of a block keep their time and go first in the next', () => {
    const world = orderWorld();
    const people = [0, 1, 2].map((n) => fundedPortfolio(world.market.state, 20 + n, 1_000_000n));
    for (let i = 0; i < MAX_TRIGGERS_FIRED_PER_BLOCK + 10; i++) {
      const portfolio = people[i % 3];
      if (portfolio !== undefined) trigger(world, {}, portfolio);
    }
    const late = trigger(world, { condition: below, triggerPrice: 99_000 * MICRO });
    expect(codeOf(late)).toBe('ok');
    nextMarked(world, 101_500);
    expect(ended(world)).toHaveLength(MAX_TRIGGERS_FIRED_PER_BLOCK);
    // The price is back; what it had set off still fires, before what it sets off now.
    nextMarked(world, 99_000);
    const rest = Array.from({ length: 11 }, (_, i) => MAX_TRIGGERS_FIRED_PER_BLOCK + 1 + i);
    expect(ended(world).map(([id]) => id)).toEqual(rest);
    nextMarked(world, 102_000);
    expect(ended(world)).toEqual([]);
  });
});

describe('what becomes of a trigger', () => {
  test('refused when it fires: closed with the reason, and its client id is free', () => {
    const world = orderWorld([0n, 0n, 0n, 0n]);
    expect(codeOf(trigger(world, { order: { clientOrderId: 7 } }))).toBe('ok');
    nextMarked(world, 101_000);
    expect(world.market.context.events).toContainEqual({
      selector: EVENT.triggerClosed,
      value: { orderId: 1, reason: TRIGGER_END.refused, error: 215 },
    });
    expect(
      codeOf(trigger(world, { triggerPrice: 103_000 * MICRO, order: { clientOrderId: 7 } })),
    ).toBe('ok');
  });

  test('cancelled by number, by client id, and with all of its sub-account', () => {
    const world = orderWorld();
    for (const clientOrderId of [0, 7, 0]) trigger(world, { order: { clientOrderId } });
    const owner = personOf(world, OWNER);
    const main = subAccount(0);
    act(world, owner, { selector: ACTION.cancelOrder, value: { orderId: orderId(1) } });
    act(world, owner, {
      selector: ACTION.cancelByClientId,
      value: { subAccount: main, clientOrderId: 7 },
    });
    const all = {
      subAccount: main,
      allSubAccounts: false,
      underlying: ANY_UNDERLYING,
      instrument: instrumentId(0),
      label: 0,
    };
    act(world, owner, { selector: ACTION.cancelOrders, value: all });
    expect(ended(world)).toEqual([1, 2, 3].map((id) => [id, TRIGGER_END.cancelled]));
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('it leaves at its order’s time, and with its instrument', () => {
    const world = orderWorld();
    const { timestamp } = world.market.context;
    trigger(world, {
      order: { timeInForce: TIME_IN_FORCE.gtt, expiresAt: (timestamp + 500) as never },
    });
    trigger(world);
    nextMarked(world, 100_000);
    expect(ended(world)).toEqual([[1, TRIGGER_END.time]]);
    closeOrdersOfInstrument(
      world.market.state,
      world.market.context,
      near(world),
      CLOSE_REASON.expired,
      1_000,
    );
    expect(ended(world)).toContainEqual([2, TRIGGER_END.expired]);
  });

  test('a stop and a take-profit of a position: one fires, the other is cancelled', () => {
    const world = orderWorld();
    const price = world.marks[0] ?? 0;
    const instrument = near(world);
    submit(world, personOf(world, MAKER), { instrument, side: SIDE.sell, price, size: 5 });
    submit(world, personOf(world, OWNER), { instrument, side: SIDE.buy, price, size: 5 });
    submit(world, personOf(world, OTHER), {
      instrument,
      side: SIDE.buy,
      price: price - 5,
      size: 9,
    });
    const stop = {
      type: ORDER_TYPE.market,
      timeInForce: TIME_IN_FORCE.ioc,
      side: SIDE.sell,
      reduceOnly: true,
      price: 0 as never,
      size: 9 as never,
    } as const;
    const owner = personOf(world, OWNER);
    // Take profit: a limit order that rests; stop: a trigger below.
    submit(world, owner, {
      instrument,
      side: SIDE.sell,
      price: price + 50,
      size: 5,
      clientOrderId: 1,
    });
    trigger(world, {
      condition: below,
      triggerPrice: 99_900 * MICRO,
      order: { ...stop, clientOrderId: 2 },
    });
    const half = (clientOrderId: number) => ({
      subAccount: subAccount(0),
      orderId: orderId(0),
      clientOrderId,
    });
    const linked = act(world, owner, {
      selector: ACTION.linkOrders,
      value: { first: half(1), second: half(2) },
    });
    expect(codeOf(linked)).toBe('ok');
    nextMarked(world, 99_900);
    expect(world.market.context.events).toContainEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 4, reason: CLOSE_REASON.oco },
    });
    expect(ended(world)).toEqual([[5, TRIGGER_END.fired]]);
    // The stop sold what there was to sell, and no more.
    const sold = world.market.context.events.flatMap(({ selector, value }) =>
      selector === EVENT.trade ? [value.lots] : [],
    );
    expect(sold).toEqual([5]);
    expect(problemsOf(world.market.state)).toEqual([]);
  });
});

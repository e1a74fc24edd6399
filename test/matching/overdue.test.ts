/** Orders whose time is over and that still rest, since a block closes only so many. */
import { describe, expect, test } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import {
  ORDER_TYPE,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { changeState } from '../../runtime/auction/change-state.ts';
import { settleAuction, viewAuction } from '../../runtime/auction/clear-book.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, TRIGGER_END } from '../../runtime/event.ts';
import { MAX_TIME_CLOSES } from '../../runtime/limits.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { expireOrders } from '../../runtime/matching/expire-orders.ts';
import { fireTriggers } from '../../runtime/matching/fire-triggers.ts';
import { enterBook } from '../../runtime/matching/rest-order.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { MICRO, reloaded } from '../fixtures/state.ts';
import { advance, codeOf, markAt, problemsOf, tablesImage } from './market.ts';
import { act, type OrderWorld, orderTerms, orderWorld, personOf, submit } from './order-world.ts';
import { orderIn } from './resting.ts';

const [OWNER, SIBLING, MAKER, OTHER] = [0, 1, 2, 3];

function callOf({ series: [call] }: OrderWorld): InstrumentId {
  if (call === undefined) throw new Error('no series');
  return call;
}

const markOf = ({ marks: [mark = 0] }: OrderWorld): number => mark;

function send(
  world: OrderWorld,
  who: number,
  side: 'buy' | 'sell',
  size: number,
  terms: Partial<Parameters<typeof submit>[2]> = {},
) {
  const order = { instrument: callOf(world), side: SIDE[side], price: markOf(world), size };
  return submit(world, personOf(world, who), { ...order, ...terms });
}

const timed = (world: OrderWorld): Partial<Parameters<typeof submit>[2]> => ({
  timeInForce: TIME_IN_FORCE.gtt,
  expiresAt: world.market.context.timestamp + 400,
});

/** The next block before its orders are closed, as one that has too many of them to close. */
function crowded(world: OrderWorld): void {
  advance(world.market);
  markAt(world.market, 100_000);
}

function closedFor(world: OrderWorld, reason: number): number[] {
  return world.market.context.events.flatMap((event) =>
    event.selector === EVENT.orderClosed && event.value.reason === reason
      ? [event.value.orderId]
      : [],
  );
}

const lotsOf = (world: OrderWorld, who: number): number =>
  positionOf(world.market.state, personOf(world, who), callOf(world));

describe('an order whose time is over', () => {
  test('does not trade: who meets it closes it and trades with the next', () => {
    const world = orderWorld();
    send(world, MAKER, 'sell', 5, timed(world));
    send(world, OTHER, 'sell', 5);
    crowded(world);
    const result = send(world, OWNER, 'buy', 5);
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 5 });
    expect([lotsOf(world, MAKER), lotsOf(world, OTHER)]).toEqual([0, -5]);
    expect(closedFor(world, CLOSE_REASON.time)).toEqual([1]);
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('of the same owner does not stop the taker', () => {
    const world = orderWorld();
    send(world, SIBLING, 'sell', 5, timed(world));
    send(world, OTHER, 'sell', 5);
    crowded(world);
    const mode = { selfTradePrevention: SELF_TRADE_PREVENTION.cancelTaker };
    expect(codeOf(send(world, OWNER, 'buy', 5, mode))).toBe('ok');
    expect([lotsOf(world, OWNER), lotsOf(world, OTHER)]).toEqual([5, -5]);
    expect(closedFor(world, CLOSE_REASON.time)).toEqual([1]);
  });

  test('fills no FOK order', () => {
    const world = orderWorld();
    send(world, MAKER, 'sell', 5, timed(world));
    crowded(world);
    expect(codeOf(send(world, OWNER, 'buy', 5, { timeInForce: TIME_IN_FORCE.fok }))).toBe(
      'not_filled',
    );
    expect(world.market.state.orders.has(orderId(1))).toBe(true);
  });

  test('is cancelled, reduced and replaced, and not amended: it would enter without time', () => {
    const world = orderWorld();
    const maker = personOf(world, MAKER);
    for (let n = 0; n < 4; n++) send(world, MAKER, 'sell', 5, timed(world));
    crowded(world);
    const reference = (id: number) => ({
      subAccount: subAccount(0),
      orderId: orderId(id),
      clientOrderId: 0,
    });
    const amended = (id: number, size: number, price = markOf(world)) =>
      act(world, maker, {
        selector: ACTION.amendOrder,
        value: {
          order: reference(id),
          price: priceTicks(price),
          size: sizeLots(size),
          postOnly: 0,
        },
      });
    expect(codeOf(amended(1, 6))).toBe('bad_expires_at');
    expect(codeOf(amended(1, 5, markOf(world) + 1))).toBe('bad_expires_at');
    expect(codeOf(amended(1, 3))).toBe('ok');
    const reduce = { order: reference(2), size: sizeLots(2) };
    expect(codeOf(act(world, maker, { selector: ACTION.reduceOrder, value: reduce }))).toBe('ok');
    const terms = { instrument: callOf(world), side: SIDE.sell, price: markOf(world), size: 5 };
    const replace = { replaced: reference(3), order: orderTerms(maker, terms) };
    expect(codeOf(act(world, maker, { selector: ACTION.replaceOrder, value: replace }))).toBe('ok');
    const cancel = { orderId: orderId(4) };
    expect(codeOf(act(world, maker, { selector: ACTION.cancelOrder, value: cancel }))).toBe('ok');
    // Those with an end are gone with the next block; the one in the place of the third stays.
    expireOrders(world.market.state, world.market.context);
    expect(world.market.state.orders.sortedKeys()).toEqual([5]);
  });

  test('takes no part in an auction, and leaves with it', () => {
    const world = orderWorld();
    const { market } = world;
    const { state } = market;
    const instrument = state.instruments.must(callOf(world));
    const phase = {
      until: timestampMs(market.context.timestamp + 5_000),
      isOpening: false,
      extended: false,
    };
    changeState(state, market.context, instrument, INSTRUMENT_STATE.auction, phase);
    send(world, MAKER, 'sell', 5, timed(world));
    send(world, OTHER, 'sell', 2);
    send(world, OWNER, 'buy', 5);
    crowded(world);
    const view = viewAuction(state, market.context, instrument, 'call');
    if (view === undefined) throw new Error('no mark');
    settleAuction(state, market.context, view);
    expect([lotsOf(world, OWNER), lotsOf(world, MAKER), lotsOf(world, OTHER)]).toEqual([2, 0, -2]);
    expect(closedFor(world, CLOSE_REASON.time)).toEqual([1]);
  });

  test('fires as no trigger', () => {
    const world = orderWorld();
    const { market } = world;
    const order: PlaceOrder = orderTerms(personOf(world, OWNER), {
      instrument: callOf(world),
      side: SIDE.buy,
      type: ORDER_TYPE.limit,
      price: markOf(world),
      size: 1,
      timeInForce: TIME_IN_FORCE.gtt,
      expiresAt: market.context.timestamp + 400,
    });
    const value = {
      order,
      source: TRIGGER_SOURCE.index,
      condition: TRIGGER_CONDITION.above,
      triggerPrice: 101_000 * MICRO,
    };
    act(world, personOf(world, OWNER), { selector: ACTION.placeTrigger, value });
    advance(market);
    markAt(market, 101_000);
    fireTriggers(market.state, market.context);
    expect(market.context.events).toContainEqual({
      selector: EVENT.triggerClosed,
      value: { orderId: 1, reason: TRIGGER_END.time, error: 0 },
    });
    expect(market.state.orders.size).toBe(0);
  });
});

test('a block closes so many, by (time, number); a node that reloaded closes the same next', () => {
  const world = orderWorld();
  const { market } = world;
  const { state } = market;
  const meta = metaOf(state);
  const portfolio: PortfolioId = personOf(world, MAKER);
  for (let n = 1; n <= MAX_TIME_CLOSES + 2; n++) {
    const id = orderId(n);
    const price = priceTicks(markOf(world));
    const expiresAt = timestampMs(market.context.timestamp + (n === 1 ? 300 : 200));
    const terms = { id, portfolio, instrument: callOf(world), side: 'sell', price, expiresAt };
    enterBook(state, orderIn({ ...terms, side: 'sell' }));
    meta.nextOrderId = orderId(n + 1);
  }
  advance(market);
  expireOrders(state, market.context);
  // The first is due later than the others.
  expect(state.orders.sortedKeys()).toEqual([1, MAX_TIME_CLOSES + 2]);
  const copy = reloaded(state);
  advance(market);
  expireOrders(state, market.context);
  metaOf(copy).height = market.context.height;
  metaOf(copy).timestamp = market.context.timestamp;
  expireOrders(copy, { ...market.context, events: [] });
  expect(state.orders.size).toBe(0);
  expect(tablesImage(copy)).toBe(tablesImage(state));
});

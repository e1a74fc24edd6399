/** What an order may meet, and that its weight says so. */
import { describe, expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import {
  ORDER_TYPE,
  POST_ONLY,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import {
  type InstrumentId,
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import {
  MAX_FILLS_OF_RESTING_ORDER,
  MAX_FILLS_PER_ORDER,
  MAX_TRIGGER_WEIGHT_PER_BLOCK,
  MAX_TRIGGERS_FIRED_PER_BLOCK,
  SPARE_TURNS,
} from '../../runtime/limits.ts';
import { enterBook } from '../../runtime/matching/rest-order.ts';
import { mostTurns, orderWeight } from '../../runtime/matching/turns.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { PAYLOAD, SCHEME } from '../../runtime/transaction.ts';
import { payloadWeight } from '../../runtime/weights.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { problemsOf } from './market.ts';
import {
  act,
  nextMarked,
  type OrderWorld,
  orderTerms,
  orderWorld,
  personOf,
  submit,
} from './order-world.ts';
import { orderIn } from './resting.ts';

const [OWNER, SIBLING, MAKER] = [0, 1, 2];
const { gtc, ioc, fok } = TIME_IN_FORCE;

function callOf({ series: [call] }: OrderWorld): InstrumentId {
  if (call === undefined) throw new Error('no series');
  return call;
}

/** So many asks of a lot each, at the mark. */
function asks(world: OrderWorld, who: number, count: number): void {
  const { state } = world.market;
  const meta = metaOf(state);
  for (let n = 0; n < count; n++) {
    const id = meta.nextOrderId;
    meta.nextOrderId = orderId(id + 1);
    const price = priceTicks(world.marks[0] ?? 0);
    const portfolio = personOf(world, who);
    enterBook(state, orderIn({ id, portfolio, instrument: callOf(world), side: 'sell', price }));
  }
}

function buy(world: OrderWorld, size: number, timeInForce: PlaceOrder['timeInForce']) {
  const price = world.marks[0] ?? 0;
  const terms = { instrument: callOf(world), side: SIDE.buy, price, size, timeInForce };
  const result = submit(world, personOf(world, OWNER), terms);
  if (!result.ok) return result.error;
  const { filledLots, restingLots } = result.value.value as Record<string, number>;
  return { filledLots, restingLots };
}

describe('an order ends with its turns', () => {
  test('one that can rest after 100 fills: what is open of it does not rest', () => {
    const world = orderWorld();
    asks(world, MAKER, MAX_FILLS_OF_RESTING_ORDER + 1);
    expect(buy(world, 500, gtc)).toEqual({
      filledLots: MAX_FILLS_OF_RESTING_ORDER,
      restingLots: 0,
    });
    expect(world.market.state.orders.size).toBe(1);
    // Where no order is left to meet it rests.
    expect(buy(world, 500, gtc)).toEqual({ filledLots: 1, restingLots: 499 });
    expect(problemsOf(world.market.state)).toEqual([]);
  });

  test('one that never rests after 1,000', () => {
    const world = orderWorld();
    asks(world, MAKER, MAX_FILLS_PER_ORDER + 1);
    expect(buy(world, 5_000, fok)).toMatchObject({
      code: 'too_many_fills',
      allowed: BigInt(MAX_FILLS_PER_ORDER),
    });
    expect(buy(world, 5_000, ioc)).toEqual({ filledLots: MAX_FILLS_PER_ORDER, restingLots: 0 });
  });

  test('a small one after as many as close without a trade, and they are gone', () => {
    const world = orderWorld();
    // Its owner's own stand in the way; each is closed by what meets it.
    asks(world, SIBLING, 2 * SPARE_TURNS);
    asks(world, MAKER, 1);
    expect(buy(world, 1, gtc)).toEqual({ filledLots: 0, restingLots: 0 });
    const closed = world.market.context.events.filter(
      ({ selector, value }) =>
        selector === EVENT.orderClosed && value.reason === CLOSE_REASON.selfTrade,
    );
    expect(closed).toHaveLength(SPARE_TURNS + 1);
    expect(buy(world, 1, gtc)).toEqual({ filledLots: 1, restingLots: 0 });
  });

  test('an amended one is closed where it ends so', () => {
    const world = orderWorld();
    const price = world.marks[0] ?? 0;
    const owner = personOf(world, OWNER);
    submit(world, owner, {
      instrument: callOf(world),
      side: SIDE.buy,
      price: price - 5,
      size: 500,
    });
    asks(world, MAKER, MAX_FILLS_OF_RESTING_ORDER + 1);
    const order = { subAccount: subAccount(0), orderId: orderId(1), clientOrderId: 0 };
    const value = { order, price: priceTicks(price), size: sizeLots(500), postOnly: 0 } as const;
    expect(act(world, owner, { selector: ACTION.amendOrder, value }).ok).toBe(true);
    expect(world.market.context.events.at(-1)).toEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 1, reason: CLOSE_REASON.cancelled },
    });
  });
});

describe('weights', () => {
  const order = (terms: Partial<PlaceOrder>): PlaceOrder => ({
    ...PLAIN_TERMS,
    subAccount: subAccount(0),
    instrument: instrumentId(1),
    side: SIDE.buy,
    price: priceTicks(1),
    size: sizeLots(1),
    ...terms,
  });
  const weightOf = (action: Action): number => {
    const body = {
      account: new Uint8Array(20),
      nonce: 1,
      expiresAt: 1 as never,
      signers: [{ scheme: SCHEME.ed25519, publicKey: new Uint8Array(32) }],
      actions: [action],
    };
    return (
      payloadWeight({ selector: PAYLOAD.transaction, value: { body, signatures: [] } }) -
      payloadWeight({
        selector: PAYLOAD.transaction,
        value: { body: { ...body, actions: [] }, signatures: [] },
      })
    );
  };
  const placed = (terms: Partial<PlaceOrder>): number =>
    weightOf({ selector: ACTION.placeOrder, value: order(terms) });

  test('an order weighs 20, and 2 for each resting order that it may meet', () => {
    expect(placed({ size: sizeLots(1) })).toBe(20 + 2 * 13);
    expect(placed({ size: sizeLots(10), timeInForce: ioc })).toBe(20 + 2 * 22);
    expect(placed({ size: sizeLots(100_000) })).toBe(20 + 2 * 100);
    expect(placed({ size: sizeLots(100_000), timeInForce: fok })).toBe(20 + 2 * 1_000);
    expect(placed({ size: sizeLots(100_000), type: ORDER_TYPE.market, timeInForce: ioc })).toBe(
      20 + 2 * 1_000,
    );
    expect(placed({ size: sizeLots(100_000), postOnly: POST_ONLY.slide })).toBe(20 + 2 * 2);
  });

  test('amended and replaced orders weigh what orders weigh', () => {
    const reference = { subAccount: subAccount(0), orderId: orderId(1), clientOrderId: 0 };
    const amended = { order: reference, price: priceTicks(1), size: sizeLots(500), postOnly: 0 };
    expect(weightOf({ selector: ACTION.amendOrder, value: amended as never })).toBe(
      10 + orderWeight({ timeInForce: gtc, postOnly: POST_ONLY.none, size: sizeLots(500) }),
    );
    const swept = order({ timeInForce: ioc, size: sizeLots(5_000) });
    const value = { replaced: reference, order: swept };
    expect(weightOf({ selector: ACTION.replaceOrder, value })).toBe(10 + orderWeight(swept));
    expect(mostTurns(swept)).toBe(MAX_FILLS_PER_ORDER);
  });
});

test('triggers fire until their orders weigh what a block allows; the others keep their turn', () => {
  const world = orderWorld();
  const people = [OWNER, MAKER].map((who) => personOf(world, who));
  people.push(fundedPortfolio(world.market.state, 30, 1_000_000n));
  const heavy = { size: 2_000, timeInForce: ioc };
  const fired = Math.ceil(
    MAX_TRIGGER_WEIGHT_PER_BLOCK /
      orderWeight({ ...heavy, size: sizeLots(heavy.size), postOnly: POST_ONLY.none }),
  );
  expect(fired).toBeLessThan(MAX_TRIGGERS_FIRED_PER_BLOCK);
  for (let n = 0; n < fired + 2; n++) {
    const portfolio = people[n % people.length] ?? personOf(world, OWNER);
    const terms = { instrument: callOf(world), side: SIDE.buy, price: world.marks[0] ?? 0 };
    const value = {
      order: orderTerms(portfolio, { ...terms, ...heavy }),
      source: TRIGGER_SOURCE.index,
      condition: TRIGGER_CONDITION.above,
      triggerPrice: 101_000 * MICRO,
    };
    expect(act(world, portfolio, { selector: ACTION.placeTrigger, value }).ok).toBe(true);
  }
  nextMarked(world, 101_500);
  expect(world.market.state.triggers.sortedKeys()).toEqual([fired + 1, fired + 2]);
  nextMarked(world, 100_000);
  expect(world.market.state.triggers.size).toBe(0);
});

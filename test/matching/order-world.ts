/** A small market whose accounts do everything that can be done with single orders, at random. */

import fc from 'fast-check';
import { ACTION, type Action } from '../../runtime/action.ts';
import {
  ORDER_TYPE,
  POST_ONLY,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import { ANY_UNDERLYING, PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { applyAction } from '../../runtime/apply-action.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  type InstrumentId,
  instrumentId,
  orderId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
  portfolioSubAccount,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import type { Event } from '../../runtime/event.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { expireOrders } from '../../runtime/matching/expire-orders.ts';
import { fireTriggers } from '../../runtime/matching/fire-triggers.ts';
import type { ActionResult } from '../../runtime/receipt.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { advance, type Market, markAt, seriesNamed, testMarket } from './market.ts';

export type OrderWorld = {
  readonly market: Market;
  /** Two sub-accounts of one owner, two owners more. */
  readonly people: readonly PortfolioId[];
  readonly series: readonly InstrumentId[];
  /** Mark of the series at the start, in ticks. */
  readonly marks: readonly number[];
  /** Events of all blocks. */
  readonly events: Event[];
};

/** Dollars enough that margin refuses nothing that these histories do. */
export const RICH = 1_000_000_000n;

export function orderWorld(dollars: readonly bigint[] = [RICH, RICH, RICH, RICH]): OrderWorld {
  const market = testMarket();
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = dollars;
  const owner = fundedPortfolio(market.state, 0, first);
  const sibling = portfolioId(portfolioAccount(owner), subAccount(1));
  mint(market.state, sibling, 0, second * BigInt(MICRO));
  const people = [
    owner,
    sibling,
    fundedPortfolio(market.state, 1, third),
    fundedPortfolio(market.state, 2, fourth),
  ];
  const series = ['near100000C', 'near90000P'].map((name) => seriesNamed(market, name));
  const marks = series.map((id) =>
    Math.floor((market.state.derived.marks.byInstrument.get(id)?.price ?? 0) / MICRO),
  );
  return { market, people, series, marks, events: market.context.events };
}

export function personOf(world: OrderWorld, index: number): PortfolioId {
  const person = world.people[index];
  if (person === undefined) throw new Error(`no account ${index}`);
  return person;
}

/** An order of `portfolio`: a plain limit order but for the terms given. */
export function orderTerms(
  portfolio: PortfolioId,
  terms: Pick<PlaceOrder, 'instrument' | 'side'> &
    Partial<Omit<PlaceOrder, 'price' | 'size' | 'displaySize' | 'expiresAt'>> & {
      readonly price: number;
      readonly size: number;
      readonly displaySize?: number;
      readonly expiresAt?: number;
    },
): PlaceOrder {
  const { price, size, displaySize = 0, expiresAt = 0, ...rest } = terms;
  return {
    ...PLAIN_TERMS,
    ...rest,
    subAccount: portfolioSubAccount(portfolio),
    price: priceTicks(price),
    size: sizeLots(size),
    displaySize: sizeLots(displaySize),
    expiresAt: timestampMs(expiresAt),
  };
}

/** Carries out an action of a portfolio's account in the market's block. */
export function act(
  { market }: { readonly market: Market },
  portfolio: PortfolioId,
  action: Action,
): Result<ActionResult, Refusal> {
  return applyAction(market.state, market.context, portfolioAccount(portfolio), action);
}

/** Places an order of a portfolio. */
export function submit(
  world: { readonly market: Market },
  portfolio: PortfolioId,
  terms: Parameters<typeof orderTerms>[1],
): Result<ActionResult, Refusal> {
  return act(world, portfolio, {
    selector: ACTION.placeOrder,
    value: orderTerms(portfolio, terms),
  });
}

/** The next block up to its transactions, marked anew at an index in whole dollars. */
export function nextMarked(world: OrderWorld, indexUsd: number): void {
  const { market } = world;
  advance(market);
  markAt(market, indexUsd);
  expireOrders(market.state, market.context);
  cancelUnsupportedOrders(market.state, market.context);
  fireTriggers(market.state, market.context);
}

type Reference = { readonly nth: number; readonly byClient: boolean };

/** A step of a random history; numbers that name orders are taken among those given so far. */
export type OrderStep =
  | { readonly kind: 'place'; readonly order: StepOrder }
  | {
      readonly kind: 'amend';
      readonly who: number;
      readonly of: Reference;
      readonly offset: number;
      readonly lots: number;
      readonly postOnly: number;
    }
  | { readonly kind: 'reduce'; readonly who: number; readonly of: Reference; readonly lots: number }
  | { readonly kind: 'replace'; readonly of: Reference; readonly order: StepOrder }
  | { readonly kind: 'cancel'; readonly who: number; readonly of: Reference }
  | {
      readonly kind: 'cancelMany';
      readonly who: number;
      readonly label: number;
      readonly all: boolean;
      readonly series: number;
    }
  | {
      readonly kind: 'trigger';
      readonly order: StepOrder;
      readonly source: number;
      readonly above: boolean;
      readonly distance: number;
    }
  | { readonly kind: 'link'; readonly who: number; readonly a: number; readonly b: number }
  | { readonly kind: 'block'; readonly indexUsd: number };

export type StepOrder = {
  readonly who: number;
  readonly series: number;
  readonly isBid: boolean;
  readonly offset: number;
  readonly lots: number;
  readonly display: number;
  readonly type: number;
  readonly timeInForce: number;
  readonly postOnly: number;
  readonly reduceOnly: boolean;
  readonly mode: number;
  readonly clientOrderId: number;
  readonly label: number;
};

const who = fc.nat({ max: 3 });
const offset = fc.integer({ min: -3, max: 3 });
const lots = fc.integer({ min: 1, max: 20 });
const reference = fc.record({ nth: fc.nat({ max: 40 }), byClient: fc.boolean() });
const pick = (...values: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...values);

export const stepOrder: fc.Arbitrary<StepOrder> = fc.record({
  who,
  series: pick(0, 0, 0, 1),
  isBid: fc.boolean(),
  offset,
  lots,
  display: pick(0, 0, 0, 1, 2, 5),
  type: pick(0, 0, 0, 0, 0, 1),
  timeInForce: pick(0, 0, 0, 0, 1, 2, 3, 5),
  postOnly: pick(0, 0, 0, 0, 1, 2),
  reduceOnly: fc.constantFrom(false, false, false, true),
  mode: pick(0, 1, 2, 3),
  clientOrderId: pick(0, 0, 0, 1, 2, 3),
  label: pick(0, 1, 2),
});

export const orderStep: fc.Arbitrary<OrderStep> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('place' as const), order: stepOrder }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('amend' as const),
      who,
      of: reference,
      offset,
      lots,
      postOnly: pick(0, 0, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reduce' as const), who, of: reference, lots }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      of: reference,
      order: stepOrder,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), who, of: reference }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cancelMany' as const),
      who,
      label: pick(0, 1, 2),
      all: fc.boolean(),
      series: pick(-1, 0, 1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('trigger' as const),
      order: stepOrder,
      source: pick(0, 1, 2),
      above: fc.boolean(),
      distance: pick(0, 1, 2, 200, 1_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      who,
      a: fc.nat({ max: 12 }),
      b: fc.nat({ max: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      indexUsd: fc.integer({ min: 98_000, max: 102_000 }),
    }),
  },
);

export const orderHistories: fc.Arbitrary<OrderStep[]> = fc.array(orderStep, {
  minLength: 20,
  maxLength: 60,
  size: 'max',
});

/** The order of a step as its account sends it. */
export function stepTerms(world: OrderWorld, step: StepOrder): PlaceOrder {
  const instrument = world.series[step.series] ?? instrumentId(0);
  const isGtt = step.timeInForce === TIME_IN_FORCE.gtt;
  const isMarket = step.type === ORDER_TYPE.market;
  const canRest =
    step.timeInForce !== TIME_IN_FORCE.ioc && step.timeInForce !== TIME_IN_FORCE.fok && !isMarket;
  return orderTerms(personOf(world, step.who), {
    instrument,
    side: step.isBid ? SIDE.buy : SIDE.sell,
    type: isMarket ? ORDER_TYPE.market : ORDER_TYPE.limit,
    // Mostly combinations that are valid: the tables of errors have the others.
    timeInForce: (isMarket && step.timeInForce !== TIME_IN_FORCE.fok
      ? TIME_IN_FORCE.ioc
      : step.timeInForce) as PlaceOrder['timeInForce'],
    postOnly: (canRest ? step.postOnly : POST_ONLY.none) as PlaceOrder['postOnly'],
    reduceOnly: step.reduceOnly,
    selfTradePrevention: step.mode as PlaceOrder['selfTradePrevention'],
    price: (world.marks[step.series] ?? 0) + step.offset,
    size: step.lots,
    displaySize: canRest ? Math.min(step.display, step.lots) : 0,
    expiresAt: isGtt && !isMarket ? world.market.context.timestamp + 1_000 + step.lots * 100 : 0,
    clientOrderId: step.clientOrderId,
    label: step.label,
  });
}

/** Names an order that may exist: by number among those given lately, or by client order id. */
function referenceOf(world: OrderWorld, who: number, { nth, byClient }: Reference) {
  const next = metaOf(world.market.state).nextOrderId;
  return {
    subAccount: portfolioSubAccount(personOf(world, who)),
    orderId: orderId(byClient ? 0 : Math.max(1, next - 1 - nth)),
    clientOrderId: byClient ? (nth % 3) + 1 : 0,
  };
}

/** The action of a step and the portfolio that takes it; `undefined` for a new block. */
export function stepAction(
  world: OrderWorld,
  step: OrderStep,
): { readonly portfolio: PortfolioId; readonly action: Action } | undefined {
  switch (step.kind) {
    case 'place':
      return {
        portfolio: personOf(world, step.order.who),
        action: { selector: ACTION.placeOrder, value: stepTerms(world, step.order) },
      };
    case 'amend': {
      const order = referenceOf(world, step.who, step.of);
      const price = (world.marks[0] ?? 0) + step.offset;
      const value = {
        order,
        price: priceTicks(price),
        size: sizeLots(step.lots),
        postOnly: step.postOnly as PlaceOrder['postOnly'],
      };
      return {
        portfolio: personOf(world, step.who),
        action: { selector: ACTION.amendOrder, value },
      };
    }
    case 'reduce': {
      const value = { order: referenceOf(world, step.who, step.of), size: sizeLots(step.lots) };
      return {
        portfolio: personOf(world, step.who),
        action: { selector: ACTION.reduceOrder, value },
      };
    }
    case 'replace': {
      const value = {
        replaced: referenceOf(world, step.order.who, step.of),
        order: stepTerms(world, step.order),
      };
      return {
        portfolio: personOf(world, step.order.who),
        action: { selector: ACTION.replaceOrder, value },
      };
    }
    case 'cancel': {
      const { subAccount: sub, orderId: id, clientOrderId } = referenceOf(world, step.who, step.of);
      const portfolio = personOf(world, step.who);
      if (id !== 0) {
        return { portfolio, action: { selector: ACTION.cancelOrder, value: { orderId: id } } };
      }
      const value = { subAccount: sub, clientOrderId };
      return { portfolio, action: { selector: ACTION.cancelByClientId, value } };
    }
    case 'cancelMany': {
      const portfolio = personOf(world, step.who);
      const value = {
        subAccount: portfolioSubAccount(portfolio),
        allSubAccounts: step.all,
        underlying: step.all ? underlyingId(1) : ANY_UNDERLYING,
        instrument: world.series[step.series] ?? instrumentId(0),
        label: step.label,
      };
      return { portfolio, action: { selector: ACTION.cancelOrders, value } };
    }
    case 'trigger': {
      const order = stepTerms(world, step.order);
      const sign = step.above ? 1 : -1;
      const base =
        step.source === TRIGGER_SOURCE.index ? 100_000 : (world.marks[step.order.series] ?? 0);
      const value = {
        order,
        source: step.source as 0,
        condition: step.above ? TRIGGER_CONDITION.above : TRIGGER_CONDITION.below,
        triggerPrice: (base + sign * step.distance) * MICRO,
      };
      return {
        portfolio: personOf(world, step.order.who),
        action: { selector: ACTION.placeTrigger, value },
      };
    }
    case 'link': {
      const value = {
        first: referenceOf(world, step.who, { nth: step.a, byClient: false }),
        second: referenceOf(world, step.who, { nth: step.b, byClient: false }),
      };
      return {
        portfolio: personOf(world, step.who),
        action: { selector: ACTION.linkOrders, value },
      };
    }
    case 'block':
      return undefined;
  }
}

/** Carries out a step; the result of its action, `undefined` for a new block. */
export function takeStep(
  world: OrderWorld,
  step: OrderStep,
): Result<ActionResult, Refusal> | undefined {
  if (step.kind === 'block') {
    nextMarked(world, step.indexUsd);
    return undefined;
  }
  const taken = stepAction(world, step);
  return taken === undefined ? undefined : act(world, taken.portfolio, taken.action);
}

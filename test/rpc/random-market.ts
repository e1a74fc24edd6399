/** Random histories of a market, of every kind of order: what market data must follow. */
import fc from 'fast-check';
import { ACTION, type Action } from '../../runtime/action.ts';
import { STRUCTURE } from '../../runtime/actions/multileg.ts';
import {
  POST_ONLY,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { applyAction } from '../../runtime/apply-action.ts';
import { clearBatches } from '../../runtime/auction/clear-batches.ts';
import { setInstrumentState } from '../../runtime/auction/set-instrument-state.ts';
import { updateInstrumentStates } from '../../runtime/auction/update-instrument-states.ts';
import {
  type InstrumentId,
  type OrderId,
  type PortfolioId,
  type PriceTicks,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { expireOrders } from '../../runtime/matching/expire-orders.ts';
import { fireTriggers } from '../../runtime/matching/fire-triggers.ts';
import { COMBO_ZERO_TICKS } from '../../runtime/multileg/combo.ts';
import { INSTRUMENT_STATE, type InstrumentState } from '../../runtime/options/instrument.ts';
import { fireDeadManSwitches } from '../../runtime/quoting/fire-dead-man-switches.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { parametersOf } from '../../runtime/state/state.ts';
import { BTC, fundedPortfolio, MICRO } from '../fixtures/state.ts';
import {
  accountOf,
  advance,
  type Market,
  markAt,
  seriesNamed,
  testMarket,
} from '../matching/market.ts';

const NAMES = ['near100000C', 'near110000C', 'far100000C'];
const PEOPLE = 3;

export type Step =
  | ({ readonly kind: 'order'; readonly who: number; readonly series: number } & {
      readonly offset: number;
      readonly terms: Partial<PlaceOrder>;
    })
  | { readonly kind: 'cancel'; readonly who: number; readonly nth: number }
  | { readonly kind: 'cancelAll'; readonly who: number }
  | {
      readonly kind: 'amend' | 'reduce' | 'replace';
      readonly who: number;
      readonly nth: number;
      readonly offset: number;
      readonly size: number;
    }
  | {
      readonly kind: 'quote';
      readonly who: number;
      readonly offset: number;
      readonly sizes: readonly number[];
    }
  | {
      readonly kind: 'trigger';
      readonly who: number;
      readonly series: number;
      readonly isRise: boolean;
      readonly offset: number;
    }
  | { readonly kind: 'protect'; readonly who: number; readonly fills: number }
  | { readonly kind: 'silence'; readonly who: number }
  | { readonly kind: 'mark'; readonly indexUsd: number }
  | { readonly kind: 'order state'; readonly series: number; readonly to: InstrumentState };

const who = fc.nat({ max: PEOPLE - 1 });
const terms: fc.Arbitrary<Partial<PlaceOrder>> = fc.record({
  side: fc.constantFrom(SIDE.buy, SIDE.sell),
  timeInForce: fc.constantFrom(
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.ioc,
    TIME_IN_FORCE.fok,
    TIME_IN_FORCE.gfa,
    TIME_IN_FORCE.gfn,
  ),
  postOnly: fc.constantFrom(POST_ONLY.none, POST_ONLY.none, POST_ONLY.reject, POST_ONLY.slide),
  reduceOnly: fc.constantFrom(false, false, false, true),
  selfTradePrevention: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  size: fc.integer({ min: 1, max: 20 }).map(sizeLots),
  displaySize: fc.constantFrom(0, 0, 1, 3, 7).map(sizeLots),
  clientOrderId: fc.constantFrom(0, 0, 0, 1, 2),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      who,
      series: fc.nat({ max: NAMES.length }),
      offset: fc.integer({ min: -4, max: 4 }),
      terms,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), who, nth: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelAll' as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('amend' as const, 'reduce' as const, 'replace' as const),
      who,
      nth: fc.nat(20),
      offset: fc.integer({ min: -4, max: 4 }),
      size: fc.integer({ min: 1, max: 25 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('quote' as const),
      who,
      offset: fc.integer({ min: -3, max: 3 }),
      sizes: fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('trigger' as const),
      who,
      series: fc.nat({ max: NAMES.length - 1 }),
      isRise: fc.boolean(),
      offset: fc.integer({ min: -4, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('protect' as const),
      who,
      fills: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silence' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      indexUsd: fc.integer({ min: 99_000, max: 101_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('order state' as const),
      series: fc.nat({ max: NAMES.length - 1 }),
      to: fc.constantFrom(
        INSTRUMENT_STATE.open,
        INSTRUMENT_STATE.open,
        INSTRUMENT_STATE.halted,
        INSTRUMENT_STATE.postOnly,
      ),
    }),
  },
);

/** The actions of one block. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 8 });

export type World = {
  readonly market: Market;
  readonly people: readonly PortfolioId[];
  /** The call spread of the first two series. */
  readonly combo: InstrumentId;
};

/** Three accounts with plenty of money. */
export function newWorld(): World {
  const market = testMarket();
  const people = Array.from({ length: PEOPLE }, (_, i) =>
    fundedPortfolio(market.state, i, 10_000_000n),
  );
  const { state, context } = market;
  // Halts end in auctions of two blocks, then a block for post-only orders.
  state.parameters.set(SINGLETON_KEY, {
    ...parametersOf(state),
    restartAuctionMs: 1_000,
    postOnlyAfterHaltMs: 500,
  });
  market.context = { ...context, parameters: parametersOf(state) };
  const legs = [NAMES[0], NAMES[1]].map((name) => seriesNamed(market, name ?? ''));
  const value = { structure: STRUCTURE.callSpread, legs };
  const [owner = people[0]] = people;
  if (owner === undefined) throw new Error('nobody');
  const action: Action = { selector: ACTION.createCombo, value };
  const listed = applyAction(state, market.context, accountOf(owner), action);
  if (!listed.ok || listed.value.selector !== ACTION_RESULT.comboListed) {
    throw new Error('no combo');
  }
  return { market, people, combo: listed.value.value.instrument };
}

function openOrderOf({ market }: World, portfolio: PortfolioId, nth: number): OrderId | undefined {
  const own = market.state.orders
    .sortedKeys()
    .filter((id) => market.state.orders.must(id).portfolio === portfolio);
  return own[nth % Math.max(1, own.length)];
}

/** A price near the mark of a series, or of a combo near that of its legs, in ticks. */
function priceNear({ market, combo }: World, instrument: InstrumentId, offset: number): PriceTicks {
  const { byInstrument } = market.state.derived.marks;
  const markOf = (id: InstrumentId): number =>
    Math.floor((byInstrument.get(id)?.price ?? 0) / MICRO);
  if (instrument !== combo) return priceTicks(Math.max(1, markOf(instrument) + offset));
  const legs = market.state.combos.must(combo).legs;
  const net = legs.reduce(
    (sum, { instrument: id, side }) => sum + (side === SIDE.buy ? 1 : -1) * markOf(id),
    0,
  );
  return priceTicks(COMBO_ZERO_TICKS + net + offset);
}

const SUB = subAccount(0);

function plainOrder(world: World, series: number, offset: number): PlaceOrder {
  const name = NAMES[series];
  const instrument = name === undefined ? world.combo : seriesNamed(world.market, name);
  const price = priceNear(world, instrument, offset);
  const size = sizeLots(5);
  return { ...PLAIN_TERMS, subAccount: SUB, instrument, side: SIDE.buy, price, size };
}

/** A change of one of the portfolio's open orders, if it has any. */
function changeOf(
  world: World,
  portfolio: PortfolioId,
  given: Extract<Step, { kind: 'amend' | 'reduce' | 'replace' }>,
): Action | undefined {
  const id = openOrderOf(world, portfolio, given.nth);
  if (id === undefined) return undefined;
  const { instrument, side } = world.market.state.orders.must(id);
  const order = { subAccount: SUB, orderId: id, clientOrderId: 0 };
  const size = sizeLots(given.size);
  const price = priceNear(world, instrument, given.offset);
  switch (given.kind) {
    case 'amend':
      return {
        selector: ACTION.amendOrder,
        value: { order, price, size, postOnly: POST_ONLY.none },
      };
    case 'reduce':
      return { selector: ACTION.reduceOrder, value: { order, size } };
    case 'replace':
      return {
        selector: ACTION.replaceOrder,
        value: {
          replaced: order,
          order: { ...PLAIN_TERMS, subAccount: SUB, instrument, side, price, size },
        },
      };
  }
}

function quotesOf(world: World, { offset, sizes }: Extract<Step, { kind: 'quote' }>): Action {
  const quotes = NAMES.map((name, i) => {
    const instrument = seriesNamed(world.market, name);
    const at = priceNear(world, instrument, offset);
    return {
      instrument,
      bidPrice: at,
      bidSize: sizeLots(sizes[2 * i] ?? 0),
      askPrice: priceTicks(at + 2),
      askSize: sizeLots(sizes[2 * i + 1] ?? 0),
    };
  });
  return { selector: ACTION.massQuote, value: { subAccount: SUB, quotes } };
}

function actionOf(
  world: World,
  portfolio: PortfolioId,
  given: Exclude<Step, { kind: 'mark' | 'order state' }>,
): Action | undefined {
  switch (given.kind) {
    case 'order': {
      const value = plainOrder(world, given.series, given.offset);
      return { selector: ACTION.placeOrder, value: { ...value, ...given.terms } };
    }
    case 'cancel': {
      const orderId = openOrderOf(world, portfolio, given.nth);
      return orderId && { selector: ACTION.cancelOrder, value: { orderId } };
    }
    case 'cancelAll':
      return { selector: ACTION.cancelOrders, value: cancelAllOf(SUB) };
    case 'amend':
    case 'reduce':
    case 'replace':
      return changeOf(world, portfolio, given);
    case 'quote':
      return quotesOf(world, given);
    case 'trigger':
      return {
        selector: ACTION.placeTrigger,
        value: {
          order: plainOrder(world, given.series, given.offset),
          source: TRIGGER_SOURCE.index,
          condition: given.isRise ? TRIGGER_CONDITION.above : TRIGGER_CONDITION.below,
          triggerPrice: given.isRise ? 100_300 * MICRO : 99_700 * MICRO,
        },
      };
    case 'protect':
      return {
        selector: ACTION.setProtection,
        value: {
          subAccount: SUB,
          underlying: BTC.id,
          windowMs: 2_000,
          frozenMs: 1_000,
          quantityLimit: 0,
          deltaLimit: 0,
          vegaLimit: 0,
          fillsLimit: given.fills,
        },
      };
    case 'silence':
      return {
        selector: ACTION.cancelAfter,
        value: { scope: SWITCH_SCOPE.subAccount, subAccount: SUB, timeoutMs: 1_000 },
      };
  }
}

/** What a block does before its transactions. */
export function beginBlock({ market }: World): void {
  advance(market);
  const { state } = market;
  market.context = { ...market.context, parameters: parametersOf(state) };
  const { context } = market;
  updateInstrumentStates(state, context, 500);
  expireOrders(state, context);
  fireDeadManSwitches(state, context);
  cancelUnsupportedOrders(state, context);
}

/** What a block does after them. */
export function endBlock({ market: { state, context } }: World): void {
  fireTriggers(state, context);
  clearBatches(state, context);
}

/** Carries out a step; a refusal is as good as any answer. */
export function take(world: World, given: Step): void {
  const { market } = world;
  if (given.kind === 'mark') {
    markAt(market, given.indexUsd);
    return;
  }
  if (given.kind === 'order state') {
    const instrument = seriesNamed(market, NAMES[given.series] ?? '');
    setInstrumentState(market.state, market.context, {
      kind: 'instrument',
      instrument,
      to: given.to,
    });
    return;
  }
  const portfolio = world.people[given.who];
  if (portfolio === undefined) throw new Error(`no account ${given.who}`);
  const action = actionOf(world, portfolio, given);
  if (action === undefined) return;
  applyAction(market.state, market.context, accountOf(portfolio), action);
}

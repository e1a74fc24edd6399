/** Random histories of a market, of every kind of order: what market data must follow. */
import fc from 'fast-check';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { applyAction } from '../../runtime/apply-action.ts';
import {
  type OrderId,
  type PortfolioId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { accountOf, type Market, seriesNamed, testMarket } from '../matching/market.ts';

const NAMES = ['near100000C', 'near110000C', 'far100000C'];
const PEOPLE = 3;

export type Step =
  | ({ readonly kind: 'order'; readonly who: number; readonly series: number } & {
      readonly offset: number;
      readonly terms: Partial<PlaceOrder>;
    })
  | { readonly kind: 'cancel'; readonly who: number; readonly nth: number }
  | { readonly kind: 'cancelAll'; readonly who: number };

const who = fc.nat({ max: PEOPLE - 1 });
const terms: fc.Arbitrary<Partial<PlaceOrder>> = fc.record({
  side: fc.constantFrom(SIDE.buy, SIDE.sell),
  timeInForce: fc.constantFrom(
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.gtc,
    TIME_IN_FORCE.ioc,
    TIME_IN_FORCE.fok,
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
      series: fc.nat({ max: NAMES.length - 1 }),
      offset: fc.integer({ min: -4, max: 4 }),
      terms,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), who, nth: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelAll' as const), who }) },
);

/** The actions of one block. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 8 });

export type World = { readonly market: Market; readonly people: readonly PortfolioId[] };

/** Three accounts with plenty of money. */
export function newWorld(): World {
  const market = testMarket();
  const people = Array.from({ length: PEOPLE }, (_, i) =>
    fundedPortfolio(market.state, i, 10_000_000n),
  );
  return { market, people };
}

function openOrderOf({ market }: World, portfolio: PortfolioId, nth: number): OrderId | undefined {
  const own = market.state.orders
    .sortedKeys()
    .filter((id) => market.state.orders.must(id).portfolio === portfolio);
  return own[nth % Math.max(1, own.length)];
}

function actionOf(world: World, portfolio: PortfolioId, given: Step): Action | undefined {
  const { market } = world;
  switch (given.kind) {
    case 'order': {
      const instrument = seriesNamed(market, NAMES[given.series] ?? '');
      const mark = market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
      const price = priceTicks(Math.max(1, Math.floor(mark / MICRO) + given.offset));
      const value = { ...PLAIN_TERMS, subAccount: subAccount(0), instrument, price } as PlaceOrder;
      return { selector: ACTION.placeOrder, value: { ...value, ...given.terms } };
    }
    case 'cancel': {
      const orderId = openOrderOf(world, portfolio, given.nth);
      return orderId && { selector: ACTION.cancelOrder, value: { orderId } };
    }
    case 'cancelAll':
      return { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };
  }
}

/** Carries out a step; a refusal is as good as any answer. */
export function take(world: World, given: Step): void {
  const { state, context } = world.market;
  const portfolio = world.people[given.who];
  if (portfolio === undefined) throw new Error(`no account ${given.who}`);
  const action = actionOf(world, portfolio, given);
  if (action !== undefined) applyAction(state, context, accountOf(portfolio), action);
}

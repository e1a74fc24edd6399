/**
 * The bound on open orders against brute force: an own writing of Derive's formulas, in bigint, over
 * every subset of fills, partial ones included.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  priceTicks,
  sizeLots,
} from '../../runtime/core/units.ts';
import { tradeFee } from '../../runtime/fees/trade-fee.ts';
import {
  expiryRequirementAfter,
  isolatedAfter,
  isolatedRequirement,
} from '../../runtime/margin/expiry-holding.ts';
import {
  changePosition,
  indexOrder,
  rebuildPortfolioIndex,
  unindexOrder,
} from '../../runtime/margin/portfolio-index.ts';
import { accountMargin, expiriesOf } from '../../runtime/margin/requirements.ts';
import { emptySeriesHolding } from '../../runtime/margin/series-holding.ts';
import { seriesRisk } from '../../runtime/margin/series-risk.ts';
import { isolatedPerLot } from '../../runtime/margin/standard-margin.ts';
import { PLAIN_ORDER, type RestingOrder, restingOrder } from '../../runtime/matching/order.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, fundedPortfolio } from '../fixtures/state.ts';
import { type Market, markAt, portfoliosImage, testMarket } from '../matching/market.ts';

const LOTS = 100n;

type Leg = { readonly instrument: InstrumentId; readonly lots: number };
type Numbers = { readonly initial: bigint; readonly maintenance: bigint };

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Derive's standard manager on plain positions, times lots per coin so that nothing is rounded. */
function deriveRequirement(market: Market, legs: readonly Leg[]): Numbers {
  const { state } = market;
  const byExpiry = new Map<number, Leg[]>();
  for (const leg of legs) {
    if (leg.lots === 0) continue;
    const { expiry } = state.instruments.must(leg.instrument);
    byExpiry.set(expiry, [...(byExpiry.get(expiry) ?? []), leg]);
  }
  let initial = 0n;
  let maintenance = 0n;
  for (const held of byExpiry.values()) {
    let isolatedInitial = 0n;
    let isolatedMaintenance = 0n;
    let netCalls = 0n;
    let forward = 0n;
    const options = held.map(({ instrument, lots }) => {
      const { kind, strike } = state.instruments.must(instrument);
      const mark = state.derived.marks.byInstrument.get(instrument);
      if (mark === undefined) throw new Error('no mark');
      forward = BigInt(mark.forward);
      if (kind === INSTRUMENT_KIND.call) netCalls += BigInt(lots);
      if (lots < 0) {
        const short = { kind, strike, index: mark.index, mark: mark.price };
        const perLot = isolatedPerLot(short, Number(LOTS));
        isolatedInitial += BigInt(-lots) * BigInt(perLot.initial) * LOTS;
        isolatedMaintenance += BigInt(-lots) * BigInt(perLot.maintenance) * LOTS;
      }
      return { isCall: kind === INSTRUMENT_KIND.call, strike: BigInt(strike), lots: BigInt(lots) };
    });
    let worst = 0n;
    for (const settlement of [0n, ...options.map(({ strike }) => strike)]) {
      let value = 0n;
      for (const { isCall, strike, lots } of options) {
        value += lots * max(0n, isCall ? settlement - strike : strike - settlement);
      }
      worst = max(worst, -value);
    }
    const naked = max(0n, -netCalls) * forward;
    initial += min(isolatedInitial, worst + (naked * 12n) / 10n);
    maintenance += min(isolatedMaintenance, worst + (naked * 11n) / 10n);
  }
  return { initial, maintenance };
}

type RandomOrder = Leg & { readonly isBid: boolean; readonly price: number };
type Account = { readonly positions: readonly Leg[]; readonly orders: readonly RandomOrder[] };

/** What a fill of `lots` costs, in micro-USD: an ask brings its price, counted to the mark. */
function fillCost(market: Market, order: RandomOrder, lots: number): bigint {
  if (lots === 0) return 0n;
  const mark = market.state.derived.marks.byInstrument.get(order.instrument);
  if (mark === undefined) throw new Error('no mark');
  // $1 ticks of 0.01 BTC: 10,000 micro-USD a lot.
  const premium = BigInt(order.price) * 10_000n * BigInt(lots);
  const { index } = mark;
  const centiBps = BTC.makerFeeCentiBps;
  const fee = tradeFee({ underlying: BTC, index, lots, premium, centiBps });
  if (order.isBid) return premium + fee;
  const atMark = (BigInt(Math.floor(mark.price)) / LOTS) * BigInt(lots);
  return fee - min(premium, atMark);
}

/** Every way to fill the orders, none to all of each. */
function* fillsOf(orders: readonly RandomOrder[]): IterableIterator<number[]> {
  const [first, ...rest] = orders;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const others of fillsOf(rest)) {
    for (let lots = 0; lots <= first.lots; lots++) yield [lots, ...others];
  }
}

function worstFill(market: Market, { positions, orders }: Account): Numbers {
  let initial = 0n;
  let maintenance = 0n;
  for (const fills of fillsOf(orders)) {
    const net = new Map<InstrumentId, number>();
    const add = (instrument: InstrumentId, lots: number): void => {
      net.set(instrument, (net.get(instrument) ?? 0) + lots);
    };
    for (const { instrument, lots } of positions) add(instrument, lots);
    let cost = 0n;
    for (const [i, lots] of fills.entries()) {
      const order = orders[i];
      if (order === undefined) throw new Error('one count per order');
      add(order.instrument, order.isBid ? lots : -lots);
      cost += fillCost(market, order, lots) * LOTS;
    }
    const legs = [...net].map(([instrument, lots]) => ({ instrument, lots }));
    const numbers = deriveRequirement(market, legs);
    initial = max(initial, numbers.initial + cost);
    maintenance = max(maintenance, numbers.maintenance + cost);
  }
  return { initial, maintenance };
}

/** An open order's row. */
function rowOf(
  market: Market,
  portfolio: PortfolioId,
  id: number,
  order: RandomOrder,
): RestingOrder {
  const { instrument, lots, isBid, price } = order;
  return restingOrder({
    ...PLAIN_ORDER,
    id: orderId(id),
    priority: orderId(id),
    shown: sizeLots(lots),
    portfolio,
    instrument,
    side: isBid ? SIDE.buy : SIDE.sell,
    price: priceTicks(price),
    remaining: sizeLots(lots),
    size: sizeLots(lots),
    placedAt: market.context.timestamp,
  });
}

/** The engine's numbers, times lots per coin. */
function engineRequirement(market: Market, { positions, orders }: Account): Numbers {
  const { state } = market;
  const portfolio = fundedPortfolio(state, 0, 0n);
  for (const { instrument, lots } of positions) changePosition(state, portfolio, instrument, lots);
  for (const [i, order] of orders.entries()) {
    const row = rowOf(market, portfolio, i + 1, order);
    state.orders.set(row.id, row);
    indexOrder(state, row);
  }
  const { initial, maintenance } = accountMargin(state, portfolio);
  return { initial: initial * LOTS, maintenance: maintenance * LOTS };
}

const market = testMarket();
const series = Object.values(market.series);
const lots = fc.integer({ min: -4, max: 4 });
const instrument = fc.constantFrom(...series);

/** Positions and orders in few series, so that they meet. */
function accounts(pool: readonly InstrumentId[]): fc.Arbitrary<Account> {
  const one = fc.constantFrom(...pool);
  return fc.record({
    positions: fc.uniqueArray(
      fc.record({ instrument: one, lots: lots.filter((count) => count !== 0) }),
      { maxLength: 4, selector: (leg) => leg.instrument },
    ),
    orders: fc.array(
      fc.record({
        instrument: one,
        isBid: fc.boolean(),
        price: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 40_000 })),
        lots: fc.integer({ min: 1, max: 2 }),
      }),
      { maxLength: 4 },
    ),
  });
}

/** Rounding: a micro-USD a lot against the holder, of the fee, the mark and the requirement. */
function slack({ positions, orders }: Account): bigint {
  const gross = [...positions, ...orders].reduce((sum, leg) => sum + Math.abs(leg.lots), 0);
  return 3n * BigInt(gross) * LOTS;
}

const fresh = (): Market => ({ ...testMarket() });

describe('the requirement with open orders', () => {
  test('covers every fill of every subset of the orders', () => {
    const pools = fc.array(instrument, { minLength: 1, maxLength: 4 }).chain(accounts);
    fc.assert(
      fc.property(pools, (account) => {
        const bound = engineRequirement(fresh(), account);
        const worst = worstFill(market, account);
        expect(bound.initial).toBeGreaterThanOrEqual(worst.initial);
        expect(bound.maintenance).toBeGreaterThanOrEqual(worst.maintenance);
      }),
      { numRuns: runs(400) },
    );
  });

  test('is exact for orders of one series', () => {
    fc.assert(
      fc.property(
        instrument.chain((one) => accounts([one])),
        (account) => {
          const bound = engineRequirement(fresh(), account);
          const worst = worstFill(market, account);
          expect(bound.initial - worst.initial).toBeLessThanOrEqual(slack(account));
          expect(bound.maintenance - worst.maintenance).toBeLessThanOrEqual(slack(account));
        },
      ),
      { numRuns: runs(200) },
    );
  });

  test("is Derive's for positions alone", () => {
    fc.assert(
      fc.property(accounts(series), ({ positions }) => {
        const account = { positions, orders: [] };
        expect(engineRequirement(fresh(), account)).toEqual(deriveRequirement(market, positions));
      }),
      { numRuns: runs(200) },
    );
  });
});

describe('the sums', () => {
  const near = Object.entries(market.series).flatMap(([name, id]) =>
    name.startsWith('near') ? [id] : [],
  );

  test('foretell the requirement after a trade and an order', () => {
    const pools = fc.array(fc.constantFrom(...near), { minLength: 2, maxLength: 4 });
    const change = fc.record({ lots, order: fc.integer({ min: 0, max: 3 }), isBid: fc.boolean() });
    fc.assert(
      fc.property(pools.chain(accounts), fc.constantFrom(...near), change, (account, one, more) => {
        const before = fresh();
        engineRequirement(before, account);
        const portfolio = fundedPortfolio(before.state, 0, 0n);
        const [expiry] = expiriesOf(before.state, portfolio).values();
        if (expiry === undefined) return;
        const holding =
          expiry.series.get(one) ?? emptySeriesHolding(one, seriesRisk(before.state, one));
        const order = { instrument: one, isBid: more.isBid, price: 900, lots: more.order };
        const { side, price } = rowOf(before, portfolio, 99, order);
        const riskChange = {
          risk: holding.risk,
          position: more.lots,
          orders: [{ side, price, lots: more.order }],
        };
        const isolated = isolatedAfter(isolatedRequirement(expiry), holding, riskChange);
        const foretold = expiryRequirementAfter(expiry, isolated, riskChange);

        const held = account.positions.find(({ instrument: id }) => id === one)?.lots ?? 0;
        const others = account.positions.filter(({ instrument: id }) => id !== one);
        const after = engineRequirement(fresh(), {
          positions: [...others, { instrument: one, lots: held + more.lots }],
          orders: more.order === 0 ? account.orders : [...account.orders, order],
        });
        // A series that the trade closes still counts as a settlement to look at.
        const isKept = held + more.lots !== 0 || more.order > 0;
        if (isKept) expect(BigInt(foretold.initial) * LOTS).toBe(after.initial);
        expect(BigInt(foretold.initial) * LOTS).toBeGreaterThanOrEqual(after.initial);
        expect(BigInt(foretold.maintenance) * LOTS).toBeGreaterThanOrEqual(after.maintenance);
      }),
      { numRuns: runs(300) },
    );
  });

  test('come out the same whatever came and went before', () => {
    const pools = fc.array(instrument, { minLength: 2, maxLength: 5 });
    const histories = pools.chain((pool) => fc.array(accounts(pool), { maxLength: 6 }));
    fc.assert(
      fc.property(histories, fc.nat({ max: 40_000 }), (accountsInTurn, move) => {
        const live = fresh();
        const { state } = live;
        const portfolio = fundedPortfolio(state, 0, 0n);
        let id = 0;
        for (const { positions, orders } of accountsInTurn) {
          for (const leg of positions) changePosition(state, portfolio, leg.instrument, leg.lots);
          const rows = orders.map((order) => rowOf(live, portfolio, ++id, order));
          for (const row of rows) {
            state.orders.set(row.id, row);
            indexOrder(state, row);
          }
          // Asked for now, so that the sums are kept from here on.
          accountMargin(state, portfolio);
          for (const row of rows.slice(1)) {
            unindexOrder(state, row);
            state.orders.delete(row.id);
          }
          if (move % 2 === 0) markAt(live, 80_000 + move);
          for (const leg of positions) {
            if (leg.lots % 2 === 0) changePosition(state, portfolio, leg.instrument, -leg.lots);
          }
        }
        const kept = portfoliosImage(state);
        rebuildPortfolioIndex(state);
        expect(kept).toBe(portfoliosImage(state));
      }),
      { numRuns: runs(200) },
    );
  });
});

test('marks change the requirement of what is held', () => {
  const moved = fresh();
  const short = moved.series.near100000C;
  if (short === undefined) throw new Error('no series');
  const account = { positions: [{ instrument: short, lots: -100 }], orders: [] };
  const before = engineRequirement(moved, account).initial;
  markAt(moved, 120_000);
  const after = accountMargin(moved.state, fundedPortfolio(moved.state, 0, 0n)).initial * LOTS;
  expect(after).toBe(deriveRequirement(moved, account.positions).initial);
  expect(after).toBeGreaterThan(before);
});

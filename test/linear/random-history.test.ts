/**
 * Random histories with futures, a perpetual and an option on one margin: trading, moves of the index,
 * funding, settlement. What must hold after every step.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { POST_ONLY } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { InstrumentId, PortfolioId } from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { linearPositionsOf } from '../../runtime/linear/positions-of.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { excessOf, markValueOf } from '../../runtime/margin/excess.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { expireSeries } from '../../runtime/options/expire-series.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { paySettlements } from '../../runtime/options/pay-settlements.ts';
import { sampleSettlements } from '../../runtime/options/sample-settlements.ts';
import { liveExpiries } from '../../runtime/options/series-index.ts';
import { positionKey, type State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio, MICRO, nextBlock, reloaded } from '../fixtures/state.ts';
import { tablesImage } from '../matching/market.ts';
import {
  EXPIRY,
  FUTURES_BTC,
  type LinearMarket,
  linearMarket,
  markLinearAt,
  moneyProblems,
  now,
  trade,
} from './linear-market.ts';

/** From nearly nothing to plenty, so that margin binds for some. */
const DOLLARS = [500n, 5_000n, 50_000n, 10_000_000n];
const PARAMETERS = { settlementWindowMs: 10_000, settlementSlots: 10, settlementsPerBlock: 2 };

type Step =
  | {
      readonly kind: 'order';
      readonly who: number;
      readonly what: number;
      readonly isBid: boolean;
      readonly offset: number;
      readonly lots: number;
      readonly style: 'gtc' | 'ioc' | 'postOnly';
    }
  | { readonly kind: 'mark'; readonly indexUsd: number; readonly elapsedMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      who: fc.nat({ max: DOLLARS.length - 1 }),
      what: fc.nat({ max: 2 }),
      isBid: fc.boolean(),
      offset: fc.integer({ min: -300, max: 300 }),
      lots: fc.integer({ min: 1, max: 1_500 }),
      style: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const, 'postOnly' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      indexUsd: fc.integer({ min: 92_000, max: 108_000 }),
      elapsedMs: fc.integer({ min: 1, max: 12_000 }),
    }),
  },
);

type World = { readonly market: LinearMarket; readonly people: readonly PortfolioId[] };

function newWorld(): World {
  const market = linearMarket({ parameters: PARAMETERS });
  const people = DOLLARS.map((amount, i) => fundedPortfolio(market.state, i, amount));
  return { market, people };
}

function instrumentOf({ perpetual, future, call }: LinearMarket, what: number): InstrumentId {
  return [perpetual, future, call][what] ?? perpetual;
}

/** Portfolios that have no excess to lose count as at 0. */
function initialExcesses({ market, people }: World): bigint[] {
  return people.map((id) => {
    const { initial } = excessOf(market.state, id);
    return balanceOf(market.state, id, DENOMINATION.usd) < 0n ? -1n : initial;
  });
}

function take(world: World, action: Step): void {
  const { market, people } = world;
  if (action.kind === 'mark') {
    market.context = nextBlock(market.state, action.elapsedMs);
    markLinearAt(market, action.indexUsd);
    cancelUnsupportedOrders(market.state, market.context);
    return;
  }
  const who = people[action.who];
  if (who === undefined) throw new Error('nobody');
  const instrument = instrumentOf(market, action.what);
  const mark = market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
  const usd = Math.max(1, Math.floor(mark / MICRO) + action.offset);
  const { lots, isBid, style } = action;
  const side = isBid ? 'buy' : 'sell';
  const before = initialExcesses(world);
  trade(
    market,
    who,
    { instrument, side, usd, lots, ...(style === 'ioc' ? { ioc: true } : {}) },
    style === 'postOnly' ? { postOnly: POST_ONLY.reject } : {},
  );
  // A trade at these marks takes no excess below 0 that was not below it.
  for (const [i, excess] of initialExcesses(world).entries()) {
    if ((before[i] ?? 0n) >= 0n) expect(excess >= 0n, `${i} fell to ${excess}`).toBe(true);
  }
}

/** Σ of what everybody would have if all closed at mark, of futures and perpetuals alone. */
function variationSum(state: State, people: readonly PortfolioId[]): bigint {
  let sum = 0n;
  for (const id of people) {
    for (const { variation } of linearPositionsOf(state, id)) sum += variation;
  }
  return sum;
}

function check({ market, people }: World): void {
  const { state } = market;
  expect(moneyProblems(state)).toEqual([]);
  // What is not realised is what the variation account is short of: all closed, it holds 0.
  const held = balanceOf(state, MODULE.variation, DENOMINATION.usd);
  expect(variationSum(state, people)).toBe(held);
  const copy = reloaded(state);
  for (const id of people) {
    expect(accountMargin(copy, id)).toEqual(accountMargin(state, id));
    expect(markValueOf(copy, id)).toBe(markValueOf(state, id));
  }
}

/** Lets the nearest expiry deliver and pay, two positions a block. */
function deliver({ market }: World, indexUsd: number): void {
  const { state } = market;
  const run = (elapsedMs: number): void => {
    market.context = nextBlock(state, elapsedMs);
    markLinearAt(market, indexUsd);
    sampleSettlements(state, market.context);
    expireSeries(state, market.context);
    paySettlements(state, market.context);
    cancelUnsupportedOrders(state, market.context);
    expect(moneyProblems(state)).toEqual([]);
  };
  run(Math.max(1, EXPIRY - 10_000 - now(state)));
  while (now(state) < EXPIRY + 1_000) run(1_000);
  const isPaid = () => !liveExpiries(state, FUTURES_BTC.id).includes(EXPIRY);
  for (let i = 0; i < 40 && !isPaid(); i++) run(500);
  expect(isPaid()).toBe(true);
  expect(state.instruments.must(market.future).state).toBe(INSTRUMENT_STATE.settled);
}

test(
  'money, lots and variation are conserved to the micro-USD, through delivery',
  () => {
    const histories = fc.record({
      steps: fc.array(step, { minLength: 5, maxLength: 25, size: 'max' }),
      // To a ten-thousandth of a dollar, finer than a lot's value is whole at.
      deliveryUsd: fc.integer({ min: 900_000_000, max: 1_100_000_000 }).map((n) => n / 10_000),
    });
    fc.assert(
      fc.property(histories, ({ steps, deliveryUsd }) => {
        const world = newWorld();
        for (const action of steps) take(world, action);
        check(world);
        deliver(world, deliveryUsd);
        check(world);
        const { state } = world.market;
        for (const [, { instrument }] of state.positions.unorderedEntries()) {
          const { kind, expiry } = state.instruments.must(instrument);
          expect(kind === INSTRUMENT_KIND.perpetual || expiry > EXPIRY).toBe(true);
        }
      }),
      { numRuns: runs(500) },
    );
  },
  120 * runs(500),
);

test(
  'two nodes, one of which is reloaded at every step, have the same rows',
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 12, size: 'max' }), (steps) => {
        const world = newWorld();
        let other = newWorld();
        for (const action of steps) {
          take(world, action);
          const state = reloaded(other.market.state);
          const context = { ...other.market.context, events: [] };
          other = { ...other, market: { ...other.market, state, context } };
          take(other, action);
        }
        expect(tablesImage(other.market.state)).toEqual(tablesImage(world.market.state));
      }),
      { numRuns: runs(25) },
    );
  },
  120 * runs(500),
);

test('an outage charges ten seconds at most', () => {
  const { market, people } = newWorld();
  const { state, perpetual: instrument } = market;
  const [, , , rich] = people;
  if (rich === undefined) throw new Error('nobody');
  trade(market, rich, { instrument, side: 'buy', usd: 101_000, lots: 600 });
  const start = state.perpetuals.must(FUTURES_BTC.id).cumulative;
  market.context = nextBlock(state, 3_600_000);
  markLinearAt(market, 100_000);
  // 0.5 % of $100 a lot in 8 hours, for ten seconds.
  expect(state.perpetuals.must(FUTURES_BTC.id).cumulative - start).toBe(
    Math.floor((10 * 500_000) / 28_800),
  );
});

test('funding moves from longs to shorts what the rate says', () => {
  const { market, people } = newWorld();
  const { state, perpetual: instrument } = market;
  const [, , long, rich] = people;
  if (long === undefined || rich === undefined) throw new Error('nobody');
  // Bids of $60,000 at 1 % above the index, two seconds old when the next marks are made.
  trade(market, rich, { instrument, side: 'sell', usd: 100_000, lots: 100 });
  trade(market, long, { instrument, side: 'buy', usd: 100_000, lots: 100 });
  trade(market, rich, { instrument, side: 'buy', usd: 101_000, lots: 600 });
  const start = state.perpetuals.must(FUTURES_BTC.id).cumulative;
  for (let second = 0; second < 12; second++) {
    market.context = nextBlock(state, 1_000);
    markLinearAt(market, 100_000);
  }
  const row = state.perpetuals.must(FUTURES_BTC.id);
  // The premium of 1 % less 0.025 %, capped at 0.5 %: $0.50 a lot in 8 hours, 17.36 µ$ a second. The
  // order counts from the second mark on.
  expect(row).toMatchObject({ premium: 10_000_000, rate: 5_000_000 });
  expect(row.cumulative - start).toBe(Math.floor((11 * 500_000) / 28_800));
  const owed = BigInt(row.cumulative) * 100n;
  expect(linearPositionsOf(state, long)[0]?.fundingOwed).toBe(owed);
  expect(linearPositionsOf(state, rich)[0]?.fundingOwed).toBe(-owed);
  const before = balanceOf(state, rich, DENOMINATION.usd);
  trade(market, long, { instrument, side: 'sell', usd: 101_000, lots: 50 });
  // Paid when the positions are touched: here by the long's sale to the short.
  expect(state.linearPositions.get(positionKey.pack(long, instrument))?.fundingIndex).toBe(
    row.cumulative,
  );
  const paid = balanceOf(state, rich, DENOMINATION.usd) - before;
  // $1 a lot is lost on 50 lots bought back, less the maker's fee of 0.5 bp of $5,000.
  expect(paid).toBe(owed - 50_000_000n - 250_000n);
  expect(moneyProblems(state)).toEqual([]);
});

/** Changes of several series are judged as one trade is, and as the index judges them once written. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { assert } from '../../runtime/core/result.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  priceTicks,
  sizeLots,
} from '../../runtime/core/units.ts';
import { type Refusal, refusal } from '../../runtime/error.ts';
import { balanceOf, transfer } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import {
  changesLimitRefusal,
  changesRefusal,
  type PlannedChanges,
  type SeriesChange,
} from '../../runtime/margin/accept-changes.ts';
import { tradeRefusal } from '../../runtime/margin/accept-trade.ts';
import { emptyExpiryHolding, refreshExpiry } from '../../runtime/margin/expiry-holding.ts';
import { changePosition, expiryOf, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin, bidReserve } from '../../runtime/margin/requirements.ts';
import { emptySeriesHolding } from '../../runtime/margin/series-holding.ts';
import { bidCost, seriesRisk } from '../../runtime/margin/series-risk.ts';
import { PLAIN_ORDER, restingOrder } from '../../runtime/matching/order.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import type { State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio, MICRO, reloaded } from '../fixtures/state.ts';
import { type Market, markAt, place, seriesNamed, testMarket } from '../matching/market.ts';

const NAMES = ['near100000C', 'near110000C', 'near90000P', 'far100000C', 'far120000C'];
const series = fc.nat({ max: NAMES.length - 1 });

const situation = fc.record({
  dollars: fc.constantFrom(300n, 2_000n, 6_000n, 20_000n, 1_000_000n),
  confidenceBps: fc.constantFrom(10_000, 10_000, 4_000),
  held: fc.array(fc.record({ series, lots: fc.integer({ min: -30, max: 30 }) }), { maxLength: 5 }),
  resting: fc.array(
    fc.record({
      series,
      isBid: fc.boolean(),
      offset: fc.nat({ max: 20 }),
      lots: fc.integer({ min: 1, max: 20 }),
    }),
    { maxLength: 4 },
  ),
});
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

const leg = fc.record({
  series,
  lots: fc.integer({ min: -25, max: 25 }),
  /** Of the trade, against the mark. */
  offset: fc.integer({ min: -300, max: 300 }),
  rest: fc.integer({ min: -10, max: 10 }),
  restOffset: fc.nat({ max: 30 }),
});
type Leg = typeof leg extends fc.Arbitrary<infer T> ? T : never;

type World = { readonly market: Market; readonly state: State; readonly me: PortfolioId };

function instrumentOf(market: Market, index: number): InstrumentId {
  return seriesNamed(market, NAMES[index] ?? '');
}

function markTicks(state: State, instrument: InstrumentId): number {
  return Math.floor((state.derived.marks.byInstrument.get(instrument)?.price ?? 0) / MICRO);
}

function build(given: Situation): World {
  const market = testMarket();
  const { state } = market;
  const me = fundedPortfolio(state, 0, given.dollars);
  const other = fundedPortfolio(state, 1, 1_000_000n);
  for (const { series, lots } of given.held) {
    const instrument = instrumentOf(market, series);
    changePosition(state, me, instrument, lots);
    changePosition(state, other, instrument, -lots);
  }
  for (const { series, isBid, offset, lots } of given.resting) {
    const instrument = instrumentOf(market, series);
    const mark = markTicks(state, instrument);
    const price = isBid ? Math.max(1, mark - offset) : mark + 1 + offset;
    place(market, me, { instrument, side: isBid ? 'buy' : 'sell', price, lots });
  }
  markAt(market, 100_500, given.confidenceBps);
  return { market, state, me };
}

/** The change of one series and what it brings in cash: a trade near the mark, a rest behind it. */
function changeOf({ market, state }: World, leg: Leg): { change: SeriesChange; cash: bigint } {
  const instrument = instrumentOf(market, leg.series);
  const mark = markTicks(state, instrument);
  const price = Math.max(1, mark + leg.offset);
  const { tickValue } = seriesRisk(state, instrument);
  const side = leg.rest > 0 ? SIDE.buy : SIDE.sell;
  const at = leg.rest > 0 ? Math.max(1, mark - leg.restOffset) : mark + leg.restOffset;
  const orders = leg.rest === 0 ? [] : [{ side, price: priceTicks(at), lots: Math.abs(leg.rest) }];
  const change = { instrument, position: leg.lots, orders };
  return { change, cash: BigInt(-leg.lots * price * tickValue) };
}

function empties({ state, me }: World, { instrument, position, orders }: SeriesChange): boolean {
  const holding = state.derived.portfolios.byPortfolio.get(me)?.places.get(instrument)?.holding;
  const open = (holding?.bidLots ?? 0) + (holding?.askLots ?? 0);
  return orders.length === 0 && open === 0 && positionOf(state, me, instrument) + position === 0;
}

/** The state as it would be with the changes written, every index made afresh. */
function written({ state, me }: World, planned: PlannedChanges, gone: readonly number[]): State {
  const copy = reloaded(state);
  let id = 1_000_000;
  for (const { instrument, position, orders } of planned.changes) {
    changePosition(copy, me, instrument, position);
    changePosition(copy, MODULE.clearing, instrument, -position);
    for (const { side, price, lots } of orders) {
      if (lots < 0) continue;
      id += 1;
      const row = restingOrder({
        ...PLAIN_ORDER,
        id: orderId(id),
        priority: orderId(id),
        portfolio: me,
        instrument,
        side,
        price,
        remaining: sizeLots(lots),
        size: sizeLots(lots),
        shown: sizeLots(lots),
        placedAt: copy.meta.must(0).timestamp,
      });
      copy.orders.set(row.id, row);
    }
  }
  for (const number of gone) copy.orders.delete(orderId(number));
  const { cash } = planned;
  const [from, to] = cash < 0n ? [me, MODULE.fees] : [MODULE.fees, me];
  const amount = cash < 0n ? -cash : cash;
  transfer(copy, { from, to, denomination: DENOMINATION.usd, amount, reason: 'premium' });
  rebuildDerived(copy);
  return copy;
}

/** The verdict by the rules alone, from the state before and the one written. */
function verdictByRules(world: World, planned: PlannedChanges, after: State): Refusal | undefined {
  const { state, me } = world;
  const before = accountMargin(state, me);
  const then = accountMargin(after, me);
  let demand = -planned.cash;
  for (const { instrument, orders } of planned.changes) {
    for (const { side, price, lots } of orders) {
      if (side !== SIDE.buy) continue;
      demand += BigInt(lots) * BigInt(bidCost(seriesRisk(state, instrument), price));
    }
  }
  const allowed = balanceOf(state, me, DENOMINATION.usd) - bidReserve(state, me);
  if (then.cash < then.initial && demand > 0n && demand > allowed) {
    return refusal('insufficient_cash', { given: demand, allowed });
  }
  if (then.cash >= then.initial) return undefined;
  const initialHolds = then.cash - then.initial >= before.cash - before.initial;
  const maintenanceHolds = then.cash - then.maintenance >= before.cash - before.maintenance;
  if (initialHolds && maintenanceHolds) return undefined;
  return refusal('insufficient_margin', { given: then.initial, allowed: then.cash });
}

describe('changes of several series', () => {
  test('of one series are judged as a trade', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(situation, leg, fc.nat({ max: 50_000 }), (given, only, fee) => {
        const world = build(given);
        const { state, me } = world;
        const { change, cash: premium } = changeOf(world, only);
        // A trade and its rest are on one side; a fee is never above the premium received.
        fc.pre(only.lots !== 0 && (only.rest === 0 || only.rest > 0 === only.lots > 0));
        const cash = premium - BigInt(premium > 0n ? 0 : fee);
        const key = expiryOf(state, change.instrument);
        const portfolio = state.derived.portfolios.byPortfolio.get(me);
        const expiry = portfolio?.expiries.get(key) ?? emptyExpiryHolding(key);
        refreshExpiry(state, expiry);
        const holding =
          portfolio?.places.get(change.instrument)?.holding ??
          emptySeriesHolding(change.instrument, seriesRisk(state, change.instrument));
        const { position, orders } = change;
        const asTrade = tradeRefusal(state, {
          portfolio: me,
          holding,
          expiry,
          position,
          orders,
          cash,
        });
        const asChanges = changesRefusal(state, { portfolio: me, changes: [change], cash });
        seen.add(asTrade?.code ?? 'accepted');
        // A trade keeps looking at the strike of a series that it leaves empty: it may need more.
        if (empties(world, change))
          expect(asTrade === undefined && asChanges !== undefined).toBe(false);
        else expect(asChanges).toEqual(asTrade);
      }),
      { numRuns: runs(500) },
    );
    expect([...seen].sort()).toEqual(['accepted', 'insufficient_cash', 'insufficient_margin']);
  });

  test('are judged as the index judges them once written', () => {
    const seen = new Set<string>();
    const legs = fc.uniqueArray(leg, {
      selector: (each) => each.series,
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(situation, legs, fc.boolean(), (given, several, cancels) => {
        const world = build(given);
        const { state, me } = world;
        const placed = several.map((each) => changeOf(world, each));
        const changes = placed.map(({ change }) => ({ ...change, orders: [...change.orders] }));
        const gone: number[] = [];
        if (cancels) {
          for (const number of state.orders.sortedKeys()) {
            const { side, price, remaining, instrument } = state.orders.must(number);
            const change = changes.find((each) => each.instrument === instrument);
            if (change === undefined) continue;
            gone.push(number);
            change.orders.push({ side, price, lots: -remaining });
          }
        }
        const cash = placed.reduce((sum, each) => sum + each.cash, 0n);
        const planned = { portfolio: me, changes, cash };
        const verdict = changesRefusal(state, planned);
        seen.add(verdict?.code ?? 'accepted');
        expect(verdict).toEqual(verdictByRules(world, planned, written(world, planned, gone)));
      }),
      { numRuns: runs(500) },
    );
    expect([...seen].sort()).toEqual(['accepted', 'insufficient_cash', 'insufficient_margin']);
  });

  test('keep to the limits of an account', () => {
    const market = testMarket();
    const { state } = market;
    const me = fundedPortfolio(state, 0, 1_000_000n);
    const near = seriesNamed(market, 'near100000C');
    const judge = (position: number) =>
      changesLimitRefusal(state, {
        portfolio: me,
        changes: [{ instrument: near, position, orders: [] }],
        cash: 0n,
      })?.code;
    expect(judge(1_000)).toBeUndefined();
    expect(judge(1_000_000_001)).toBe('position_limit');
    // The sums of the margin end long before the lots do: about 7,000 BTC at $100,000.
    expect(judge(10_000_000)).toBe('position_limit');
    changePosition(state, me, near, 500_000);
    expect(judge(-500_000)).toBeUndefined();
    assert(positionOf(state, me, near) === 500_000, 'a judgement changes nothing');
  });
});

/**
 * Random histories of makers with protections and switches, and of takers: what must hold after
 * every step. Windows are counted here a second time, from events alone.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { orderId, type PortfolioId, portfolioSubAccount } from '../../runtime/core/units.ts';
import { EVENT, PROTECTION_CHANGE } from '../../runtime/event.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { cancelOrder } from '../../runtime/matching/cancel-order.ts';
import { cancelAfter } from '../../runtime/quoting/cancel-after.ts';
import { fireDeadManSwitches } from '../../runtime/quoting/fire-dead-man-switches.ts';
import { isFrozen } from '../../runtime/quoting/protection.ts';
import { rebuildMakerQuotes } from '../../runtime/quoting/quote-index.ts';
import { resetProtection } from '../../runtime/quoting/set-protection.ts';
import { protectionKey, type State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, fundedPortfolio, nextBlock, reloaded } from '../fixtures/state.ts';
import {
  accountOf,
  type Market,
  markAt,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from '../matching/market.ts';
import { markOf, protect, quote } from './quoting-market.ts';

const NAMES = ['near100000C', 'near90000P', 'far110000C'];
const DOLLARS = [1_000_000n, 20_000n, 1_000_000n, 50_000n];
const MAKERS = 2;

const who = fc.nat({ max: DOLLARS.length - 1 });
const maker = fc.nat({ max: MAKERS - 1 });
const series = fc.nat({ max: NAMES.length - 1 });
const side = fc.record({ offset: fc.integer({ min: -3, max: 12 }), lots: fc.nat({ max: 20 }) });
const quoteStep = fc.record({
  kind: fc.constant('quote' as const),
  maker,
  entries: fc.uniqueArray(fc.record({ series, bid: side, ask: side }), {
    minLength: 1,
    maxLength: 3,
    selector: (entry) => entry.series,
  }),
});
const orderStep = fc.record({
  kind: fc.constant('order' as const),
  who,
  series,
  isBid: fc.boolean(),
  offset: fc.integer({ min: -12, max: 12 }),
  lots: fc.integer({ min: 1, max: 30 }),
  ioc: fc.boolean(),
});
const limit = fc.constantFrom(0, 0, 1, 5, 12);
const protectStep = fc.record({
  kind: fc.constant('protect' as const),
  maker,
  windowMs: fc.constantFrom(0, 2_000, 5_000, 5_000),
  frozenMs: fc.constantFrom(0, 1_500),
  quantityLimit: limit,
  deltaLimit: fc.constantFrom(0, 0, 900_000, 3_000_000),
  vegaLimit: fc.constantFrom(0, 0, 5_000_000),
  fillsLimit: fc.constantFrom(0, 0, 2),
});
const step = fc.oneof(
  { weight: 6, arbitrary: quoteStep },
  { weight: 8, arbitrary: orderStep },
  { weight: 2, arbitrary: protectStep },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), maker }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('arm' as const),
      who,
      timeoutMs: fc.constantFrom(0, 5_000, 6_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), who, nth: fc.nat(30) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      elapsedMs: fc.integer({ min: 40, max: 3_000 }),
      indexUsd: fc.integer({ min: 96_000, max: 104_000 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What a portfolio's quotes have traded in its window, as the events tell it. */
type Shadow = { endsAt: number; quantity: number; delta: number; vega: number; fills: number };

type World = {
  readonly market: Market;
  readonly people: readonly PortfolioId[];
  /** Orders that are quotes, by number. */
  readonly quotes: Map<number, PortfolioId>;
  readonly shadows: Map<PortfolioId, Shadow>;
  /** When each person's switch fires; 0: not armed. */
  readonly switches: number[];
};

function newWorld(): World {
  const market = testMarket();
  const people = DOLLARS.map((dollars, i) => fundedPortfolio(market.state, i, dollars));
  const switches = people.map(() => 0);
  return { market, people, quotes: new Map(), shadows: new Map(), switches };
}

function person({ people }: World, index: number): PortfolioId {
  const portfolio = people[index];
  if (portfolio === undefined) throw new Error(`no account ${index}`);
  return portfolio;
}

function startBlock(world: World, elapsedMs: number, indexUsd: number): void {
  const { market, people, switches } = world;
  const { state } = market;
  market.context = nextBlock(state, elapsedMs);
  markAt(market, indexUsd);
  fireDeadManSwitches(state, market.context);
  for (const [index, firesAt] of switches.entries()) {
    if (firesAt === 0 || firesAt > market.context.timestamp) continue;
    // In time: nothing of its owner is left when the block's transactions come.
    expect(openOrdersOf(state, people[index] as PortfolioId)).toEqual([]);
    switches[index] = 0;
  }
  cancelUnsupportedOrders(state, market.context);
}

function take(world: World, action: Step): void {
  const { market } = world;
  const { state, context } = market;
  switch (action.kind) {
    case 'quote':
      quote(
        market,
        person(world, action.maker),
        ...action.entries.map(({ series: nth, bid, ask }) => {
          const instrument = seriesNamed(market, NAMES[nth] ?? '');
          const mark = markOf(market, instrument);
          return {
            instrument,
            bid: [Math.max(1, mark - bid.offset), bid.lots] as const,
            ask: [mark + ask.offset, ask.lots] as const,
          };
        }),
      );
      return;
    case 'order': {
      const instrument = seriesNamed(market, NAMES[action.series] ?? '');
      place(market, person(world, action.who), {
        instrument,
        side: action.isBid ? 'buy' : 'sell',
        price: Math.max(1, markOf(market, instrument) + action.offset),
        lots: action.lots,
        ...(action.ioc ? { ioc: true } : {}),
      });
      return;
    }
    case 'protect': {
      const { kind: _kind, maker: index, ...limits } = action;
      protect(market, person(world, index), limits);
      return;
    }
    case 'reset': {
      const portfolio = person(world, action.maker);
      resetProtection(state, context, accountOf(portfolio), {
        subAccount: portfolioSubAccount(portfolio),
        underlying: BTC.id,
      });
      return;
    }
    case 'arm': {
      const portfolio = person(world, action.who);
      const { timeoutMs } = action;
      const result = cancelAfter(state, context, accountOf(portfolio), {
        scope: SWITCH_SCOPE.subAccount,
        subAccount: portfolioSubAccount(portfolio),
        timeoutMs,
      });
      expect(result.ok).toBe(true);
      world.switches[action.who] = timeoutMs === 0 ? 0 : context.timestamp + timeoutMs;
      return;
    }
    case 'cancel':
      cancelOrder(state, context, accountOf(person(world, action.who)), {
        orderId: orderId(action.nth),
      });
      return;
    case 'block':
      startBlock(world, action.elapsedMs, action.indexUsd);
      return;
  }
}

/** One fill of a quote as the events tell it: within the limits in force, whatever was before. */
function countFill(
  world: World,
  owner: PortfolioId,
  fill: { series: number; signed: number },
): void {
  const { state, context } = world.market;
  const row = state.protections.get(protectionKey.pack(owner, BTC.id));
  if (row === undefined) return;
  const { quantityLimit, deltaLimit, vegaLimit, fillsLimit, windowMs } = row.limits;
  const known = world.shadows.get(owner);
  const isOver = known === undefined || context.timestamp >= known.endsAt;
  const shadow: Shadow = isOver
    ? { endsAt: context.timestamp + windowMs, quantity: 0, delta: 0, vega: 0, fills: 0 }
    : known;
  world.shadows.set(owner, shadow);
  const mark = state.derived.marks.byInstrument.get(fill.series as never);
  const before = { ...shadow };
  if (quantityLimit !== 0) shadow.quantity += Math.abs(fill.signed);
  if (deltaLimit !== 0) shadow.delta += fill.signed * (mark?.delta ?? 0);
  if (vegaLimit !== 0) {
    shadow.vega += fill.signed * Math.ceil((mark?.vega ?? 0) / BTC.optionLotsPerCoin);
  }
  if (fillsLimit !== 0) shadow.fills += 1;
  if (quantityLimit !== 0) expect(shadow.quantity).toBeLessThanOrEqual(quantityLimit);
  if (fillsLimit !== 0) expect(shadow.fills).toBeLessThanOrEqual(fillsLimit);
  // A limit that was lowered since may be passed already; then a fill only leads back.
  if (deltaLimit !== 0) {
    expect(Math.abs(shadow.delta)).toBeLessThanOrEqual(
      Math.max(deltaLimit, Math.abs(before.delta)),
    );
  }
  if (vegaLimit !== 0) {
    expect(Math.abs(shadow.vega)).toBeLessThanOrEqual(Math.max(vegaLimit, Math.abs(before.vega)));
  }
}

/** A protection that fired: with one limit alone, that limit was met exactly, to the last lot. */
function checkTrigger(world: World, owner: PortfolioId): void {
  const { state } = world.market;
  const { limits } = state.protections.must(protectionKey.pack(owner, BTC.id));
  const { quantityLimit, deltaLimit, vegaLimit, fillsLimit } = limits;
  const shadow = world.shadows.get(owner) ?? { quantity: 0, delta: 0, vega: 0, fills: 0 };
  const marks = NAMES.map((name) =>
    state.derived.marks.byInstrument.get(seriesNamed(world.market, name)),
  );
  const greatestDelta = Math.max(...marks.map((mark) => Math.abs(mark?.delta ?? 0)));
  const greatestVega = Math.max(
    ...marks.map((mark) => Math.ceil((mark?.vega ?? 0) / BTC.optionLotsPerCoin)),
  );
  const isMet =
    (quantityLimit !== 0 && shadow.quantity >= quantityLimit) ||
    (fillsLimit !== 0 && shadow.fills >= fillsLimit) ||
    (deltaLimit !== 0 && Math.abs(shadow.delta) + greatestDelta > deltaLimit) ||
    (vegaLimit !== 0 && Math.abs(shadow.vega) + greatestVega > vegaLimit);
  expect(isMet).toBe(true);
  world.shadows.delete(owner);
}

/** Follows the events of a step. */
function follow(world: World, from: number): void {
  const { market, quotes, shadows } = world;
  for (const event of market.context.events.slice(from)) {
    switch (event.selector) {
      case EVENT.orderOpened:
        if (event.value.isQuote) quotes.set(event.value.id, event.value.portfolio);
        break;
      case EVENT.trade: {
        const owner = quotes.get(event.value.makerOrder);
        if (owner === undefined) break;
        // The taker sold: the maker bought.
        const signed = event.value.side === 1 ? event.value.lots : -event.value.lots;
        countFill(world, owner, { series: event.value.instrument, signed });
        break;
      }
      case EVENT.protection: {
        const { portfolio, change } = event.value;
        if (change === PROTECTION_CHANGE.triggered) checkTrigger(world, portfolio);
        if (change === PROTECTION_CHANGE.reset || change === PROTECTION_CHANGE.removed) {
          shadows.delete(portfolio);
        }
        break;
      }
    }
  }
}

/** The index of quotes as text, in a fixed order. */
function quotesImage(state: State): string {
  const groups = [...state.derived.makerQuotes.byGroup]
    .sort((a, b) => a[0] - b[0])
    .map(([key, group]) => [
      key,
      [...group]
        .sort((a, b) => a[0] - b[0])
        .map(([instrument, { bid, ask }]) => [instrument, bid?.id, ask?.id]),
    ]);
  return JSON.stringify(groups);
}

/** At most one quote a side, series and portfolio; none while frozen. From the table alone. */
function checkQuotes({ market }: World): void {
  const { state, context } = market;
  const sides = new Set<string>();
  for (const [, order] of state.orders.unorderedEntries()) {
    if (!order.isQuote) continue;
    const place = `${order.portfolio} ${order.instrument} ${order.side}`;
    expect(sides.has(place)).toBe(false);
    sides.add(place);
    const row = state.protections.get(protectionKey.pack(order.portfolio, BTC.id));
    expect(row !== undefined && isFrozen(row, context.timestamp)).toBe(false);
  }
}

test('one quote a side, limits met to the lot, switches in time, books and money as the tables say', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 50, size: 'max' }), (steps) => {
      const world = newWorld();
      const { market } = world;
      for (const action of steps) {
        const from = action.kind === 'block' ? 0 : market.context.events.length;
        take(world, action);
        follow(world, from);
        checkQuotes(world);
      }
      const image = quotesImage(market.state);
      const loaded = reloaded(market.state);
      expect(quotesImage(loaded)).toBe(image);
      expect(problemsOf(market.state)).toEqual([]);
      rebuildMakerQuotes(market.state);
      expect(quotesImage(market.state)).toBe(image);
      // A node that loaded the state goes on as one that did not.
      const switched = [market.state, loaded].map((state) => {
        fireDeadManSwitches(state, nextBlock(state, 5_000));
        return tablesImage(state);
      });
      expect(switched[0]).toBe(switched[1]);
    }),
    { numRuns: runs(500) },
  );
});

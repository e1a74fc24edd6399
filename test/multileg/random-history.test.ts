/**
 * Random histories of every way to trade several legs, between outright orders, cancels and new
 * marks: what must hold after every action.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STRUCTURE } from '../../runtime/actions/multileg.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { type InstrumentId, orderId, sizeLots } from '../../runtime/core/units.ts';
import { EVENT, type Event } from '../../runtime/event.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { cancelOrders } from '../../runtime/matching/cancel-order.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { levelsFromBest } from '../../runtime/matching/price-levels.ts';
import { acceptQuote } from '../../runtime/multileg/accept-quote.ts';
import { blockTrade } from '../../runtime/multileg/block-trade.ts';
import { netBand, valueLegs } from '../../runtime/multileg/check-legs.ts';
import { COMBO_ZERO_TICKS } from '../../runtime/multileg/combo.ts';
import { createCombo } from '../../runtime/multileg/create-combo.ts';
import { LEG_TRADE, type LegTradeEvent } from '../../runtime/multileg/events.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import { runs } from '../fixtures/runs.ts';
import { MICRO, reloaded } from '../fixtures/state.ts';
import {
  codeOf,
  type Market,
  markAt,
  orderOf,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from '../matching/market.ts';
import {
  answer,
  ask,
  legsOf,
  MAIN,
  netAtMarks,
  numberOf,
  type Outcome,
  offerOf,
  signedOffer,
  type Trader,
  trader,
  usdOf,
} from './desk.ts';

const NAMES = ['near90000P', 'near100000C', 'near100000P', 'near110000C', 'far100000C'];
const COMBOS = [
  [STRUCTURE.callSpread, ['near100000C', 'near110000C']],
  [STRUCTURE.straddle, ['near100000C', 'near100000P']],
  [STRUCTURE.riskReversal, ['near90000P', 'near110000C']],
  [STRUCTURE.calendar, ['near100000C', 'far100000C']],
  [STRUCTURE.butterfly, ['near90000C', 'near100000C', 'near110000C']],
] as const;
const DOLLARS = [2_000n, 10_000n, 100_000n, 1_000_000n];

const who = fc.nat({ max: DOLLARS.length - 1 });
const lots = fc.integer({ min: 1, max: 12 });
const offset = fc.integer({ min: -12, max: 12 });
const isBid = fc.boolean();
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('outright' as const),
      who,
      series: fc.nat({ max: NAMES.length - 1 }),
      isBid,
      offset,
      lots,
      ioc: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('combo' as const),
      who,
      combo: fc.nat({ max: COMBOS.length - 1 }),
      isBid,
      offset,
      lots,
      timeInForce: fc.constantFrom(
        TIME_IN_FORCE.gtc,
        TIME_IN_FORCE.gtc,
        TIME_IN_FORCE.ioc,
        TIME_IN_FORCE.fok,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('quote' as const),
      who,
      makers: fc.array(fc.record({ who, offset, spread: fc.nat(9) }), { maxLength: 3 }),
      isBid,
      limit: offset,
      lots,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      who,
      maker: who,
      isBid,
      offset,
      lots: fc.integer({ min: 10, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      indexUsd: fc.integer({ min: 90_000, max: 112_000 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const histories = fc.array(step, { minLength: 5, maxLength: 30 });

type World = {
  readonly market: Market;
  readonly people: Trader[];
  readonly combos: InstrumentId[];
};

function newWorld(): World {
  const market = testMarket();
  const people = DOLLARS.map((dollars, i) => trader(market, `trader ${i}`, dollars));
  const combos = COMBOS.map(([structure, names]) => {
    const legs = names.map((name) => seriesNamed(market, name));
    const created = createCombo(market.state, market.context, { structure, legs });
    if (!created.ok) throw new Error(created.error.code);
    return (created.value.value as { instrument: InstrumentId }).instrument;
  });
  // Some depth in every outright book, so that legs can be had together.
  const depth = trader(market, 'depth', 10_000_000n);
  for (const name of [...NAMES, 'near90000C']) {
    const instrument = seriesNamed(market, name);
    const mark = market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
    const at = Math.floor(mark / MICRO);
    for (const away of [2, 5]) {
      place(market, depth.portfolio, { instrument, side: 'buy', price: at - away, lots: 5 });
      place(market, depth.portfolio, { instrument, side: 'sell', price: at + away, lots: 5 });
    }
  }
  return { market, people, combos };
}

function person({ people }: World, index: number): Trader {
  const found = people[index];
  if (found === undefined) throw new Error(`no trader ${index}`);
  return found;
}

/** A combo's net mark in ticks. */
function fairOf({ market }: World, combo: InstrumentId): number {
  const { state } = market;
  let ticks = 0;
  for (const { instrument, side, ratio } of state.combos.must(combo).legs) {
    const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
    ticks += (side === SIDE.buy ? ratio : -ratio) * Math.floor(mark / MICRO);
  }
  return ticks;
}

const RFQ = { near100000C: 3, near110000C: -2, far100000C: 1 };

function takeQuote(world: World, action: Extract<Step, { kind: 'quote' }>): Outcome {
  const { market } = world;
  const taker = person(world, action.who);
  const legs = legsOf(market, RFQ);
  const mark = netAtMarks(market, legs);
  const asked = ask(market, taker, legs, action.lots);
  if (!asked.ok) return asked;
  const request = numberOf(asked);
  for (const { who: maker, offset: shift, spread } of action.makers) {
    const bid = mark + BigInt(shift) * 10_000n;
    answer(market, person(world, maker), {
      request,
      bid,
      ask: bid + BigInt(spread) * 1_000n + 1n,
      units: action.lots,
    });
  }
  return acceptQuote(market.state, market.context, taker.account, {
    request: orderId(request),
    side: action.isBid ? SIDE.buy : SIDE.sell,
    limit: mark + BigInt(action.limit) * 10_000n,
    units: sizeLots(action.lots),
  });
}

let nonce = 0;

function takeBlock(world: World, action: Extract<Step, { kind: 'block' }>): Outcome {
  const { market } = world;
  const [taker, maker] = [person(world, action.who), person(world, action.maker)];
  const signed = action.isBid ? action.lots : -action.lots;
  const legs = legsOf(market, { near90000P: signed, near110000C: -signed });
  const net = netAtMarks(market, legs) + BigInt(action.offset) * 7_777n;
  nonce += 1;
  const offer = offerOf(market, { taker, maker }, legs, { net });
  const unique = { ...offer, nonce: offer.nonce + nonce };
  const trade = signedOffer(market.state.chainId, maker, unique);
  return blockTrade(market.state, market.context, taker.account, trade);
}

function take(world: World, action: Step): Outcome | undefined {
  const { market } = world;
  const { state, context } = market;
  switch (action.kind) {
    case 'outright': {
      const instrument = seriesNamed(market, NAMES[action.series] ?? '');
      const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
      return place(market, person(world, action.who).portfolio, {
        instrument,
        side: action.isBid ? 'buy' : 'sell',
        price: Math.max(1, Math.floor(mark / MICRO) + action.offset),
        lots: action.lots,
        ...(action.ioc ? { ioc: true } : {}),
      });
    }
    case 'combo': {
      const instrument = world.combos[action.combo];
      if (instrument === undefined) throw new Error('no combo');
      const { portfolio, account } = person(world, action.who);
      const price = COMBO_ZERO_TICKS + fairOf(world, instrument) + action.offset;
      const side = action.isBid ? 'buy' : 'sell';
      return placeOrder(state, context, account, {
        ...orderOf(portfolio, { instrument, side, price, lots: action.lots }),
        timeInForce: action.timeInForce,
      });
    }
    case 'quote':
      return takeQuote(world, action);
    case 'block':
      return takeBlock(world, action);
    case 'cancel':
      return cancelOrders(state, context, person(world, action.who).account, cancelAllOf(MAIN));
    case 'mark':
      markAt(market, action.indexUsd);
      return undefined;
  }
}

/** Leg trades of one number that follow each other: one trade. */
function structures(events: readonly Event[]): LegTradeEvent[][] {
  const groups: LegTradeEvent[][] = [];
  let last: LegTradeEvent | undefined;
  for (const event of events) {
    const value = event.selector === EVENT.legTrade ? event.value : undefined;
    const group = groups.at(-1);
    const follows =
      value !== undefined &&
      last?.kind === value.kind &&
      last.reference === value.reference &&
      last.maker === value.maker &&
      group?.every(({ instrument }) => instrument !== value.instrument);
    if (value !== undefined && follows) group?.push(value);
    else if (value !== undefined) groups.push([value]);
    last = value;
  }
  return groups;
}

const seen = { combo: 0, quote: 0, block: 0, impliedIn: 0, impliedOut: 0 };

describe('after every action of a random history', () => {
  test('money and lots are conserved, no book is crossed, every index equals the tables', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        for (const action of steps) take(world, action);
        const { state } = world.market;
        expect(problemsOf(state)).toEqual([]);
        const copy = reloaded(state);
        expect(copy.derived.combos).toEqual(state.derived.combos);
        const sets = ({ derived }: typeof state) => [
          derived.requests.quotesByRequest,
          derived.requests.quotesByAccount,
          derived.requests.requestsByAccount,
        ];
        expect(sets(copy)).toEqual(sets(state));
        expect(tablesImage(copy)).toBe(tablesImage(state));
      }),
      { numRuns: runs(500) },
    );
  });

  test('what is refused has changed nothing', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { state, context } = world.market;
        for (const action of steps) {
          const image = action.kind === 'quote' ? '' : tablesImage(state);
          const events = context.events.length;
          const outcome = take(world, action);
          if (outcome === undefined || outcome.ok || action.kind === 'quote') continue;
          expect(tablesImage(state)).toBe(image);
          expect(context.events.length).toBe(events);
        }
      }),
      { numRuns: runs(150) },
    );
  });

  test('all legs trade or none, at the net price to the micro-USD, inside the bands, none below 0', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { market, people } = world;
        const { state, context } = market;
        for (const action of steps) {
          const from = context.events.length;
          const before = people.map((each) => usdOf(state, each));
          const held = (combo: InstrumentId, each: Trader) =>
            state.combos
              .must(combo)
              .legs.map(({ instrument }) => positionOf(state, each.portfolio, instrument));
          const combo = action.kind === 'combo' ? world.combos[action.combo] : undefined;
          const me = action.kind === 'mark' ? undefined : person(world, action.who);
          const lotsBefore = combo !== undefined && me !== undefined ? held(combo, me) : [];
          const outcome = take(world, action);
          const events = context.events.slice(from);
          if (combo !== undefined && me !== undefined && outcome?.ok) {
            const { filledLots, cash, fee } = outcome.value.value as {
              filledLots: number;
              cash: bigint;
              fee: bigint;
            };
            const sign = action.kind === 'combo' && action.isBid ? 1 : -1;
            const ratios = state.combos
              .must(combo)
              .legs.map(
                ({ side, ratio }) => sign * filledLots * (side === SIDE.buy ? ratio : -ratio),
              );
            expect(held(combo, me)).toEqual(lotsBefore.map((lot, i) => lot + (ratios[i] ?? 0)));
            const at = people.indexOf(me);
            expect(usdOf(state, me)).toBe((before[at] ?? 0n) + cash - fee);
            // Never worse than the limit.
            const limit = action.kind === 'combo' ? fairOf(world, combo) + action.offset : 0;
            const paid = -cash * BigInt(sign);
            const most = BigInt(limit * filledLots) * 10_000n;
            expect(sign > 0 ? paid <= most : paid >= most).toBe(true);
            if (events.some(({ selector }) => selector === EVENT.trade)) seen.impliedIn += 1;
          }
          for (const legs of structures(events)) {
            const [first] = legs;
            if (first === undefined) continue;
            if (first.kind === LEG_TRADE.combo) seen.combo += 1;
            if (first.kind === LEG_TRADE.quote) seen.quote += 1;
            if (first.kind === LEG_TRADE.block) seen.block += 1;
            const ascending = [...legs].sort((a, b) => a.instrument - b.instrument);
            const valued = valueLegs(state, context, ascending, 1);
            if (!valued.ok) throw new Error(valued.error.code);
            const { low, high } = netBand(valued.value.legs);
            const net = legs.reduce(
              (sum, { side, premium }) => sum + (side === SIDE.buy ? premium : -premium),
              0n,
            );
            expect(net >= low && net <= high).toBe(true);
            for (const { premium } of legs) expect(premium).toBeGreaterThanOrEqual(0n);
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('an outright order never pays more than its limit, nor past a better outright order', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { market } = world;
        const { state, context } = market;
        for (const action of steps) {
          const from = context.events.length;
          const outcome = take(world, action);
          if (action.kind !== 'outright' || !outcome?.ok) continue;
          const instrument = seriesNamed(market, NAMES[action.series] ?? '');
          const { portfolio } = person(world, action.who);
          const trades = context.events
            .slice(from)
            .flatMap((event) =>
              event.selector === EVENT.trade &&
              event.value.instrument === instrument &&
              event.value.taker === portfolio
                ? [event.value]
                : [],
            );
          const band = priceBand(state, context, instrument);
          const isImplied = trades.map(({ makerOrder }) =>
            context.events.some(
              (event) =>
                event.selector === EVENT.orderOpened &&
                event.value.id === makerOrder &&
                state.combos.has(event.value.instrument),
            ),
          );
          const implied = trades.filter((_, i) => isImplied[i]);
          seen.impliedOut += implied.length;
          const book = state.derived.books.byInstrument.get(instrument);
          for (const { price } of implied) {
            expect(price >= (band?.low ?? 0) && price <= (band?.high ?? 0)).toBe(true);
            // What is left of the outright book is not better than, nor equal to, what implied paid.
            const rest = action.isBid ? book?.asks : book?.bids;
            if (rest === undefined) continue;
            for (const level of levelsFromBest(rest)) {
              const better = action.isBid ? level.price <= price : level.price >= price;
              expect(better).toBe(false);
            }
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('margin and cash hold at the same marks', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const world = newWorld();
        const { state } = world.market;
        let met = new Set<Trader>();
        for (const action of steps) {
          take(world, action);
          if (action.kind === 'mark') met = new Set();
          for (const each of world.people) {
            const { cash, initial } = accountMargin(state, each.portfolio);
            expect(cash).toBeGreaterThanOrEqual(0n);
            if (met.has(each)) expect(cash).toBeGreaterThanOrEqual(initial);
            if (cash >= initial) met.add(each);
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('and the histories reach what they are about', () => {
    for (const [what, times] of Object.entries(seen))
      expect([what, times > 0]).toEqual([what, true]);
    const world = newWorld();
    expect(codeOf(take(world, { kind: 'cancel', who: 0 }) as Outcome)).toBe('ok');
  });
});

/** Limits of open interest at the end of an auction. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settleAuction, viewAuction } from '../../runtime/auction/clear-book.ts';
import { sizeLots } from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { changePosition, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { bestPrice } from '../../runtime/matching/book.ts';
import { bookOf } from '../../runtime/matching/books.ts';
import { MATCHING, type Underlying } from '../../runtime/options/underlying.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, fundedPortfolio } from '../fixtures/state.ts';
import { place, problemsOf, seriesNamed, testMarket } from '../matching/market.ts';

const PEOPLE = 4;

/** A batch market, its people and their positions, pair by pair: the first is long. */
function collecting(limits: Partial<Underlying>, longLots = 0) {
  const market = testMarket();
  const { state, context } = market;
  const call = seriesNamed(market, 'near100000C');
  const people = Array.from({ length: PEOPLE }, (_, i) => fundedPortfolio(state, i, 100_000_000n));
  const [long, short] = people;
  if (long === undefined || short === undefined) throw new Error('nobody');
  changePosition(state, long, call, longLots);
  changePosition(state, short, call, -longLots);
  state.underlyings.set(BTC.id, { ...BTC, matching: MATCHING.batch });
  const mark = Math.floor((state.derived.marks.byInstrument.get(call)?.price ?? 0) / 1e6);
  const instrument = state.instruments.must(call);
  const send = (who: number, side: 'buy' | 'sell', offset: number, lots: number): void => {
    const portfolio = people[who];
    if (portfolio === undefined) return;
    const result = place(market, portfolio, { instrument: call, side, price: mark + offset, lots });
    if (!result.ok) throw new Error(result.error.code);
  };
  const clear = (): number => {
    // Lowered after the orders came, so that none of them was refused at its entry.
    state.underlyings.set(BTC.id, { ...BTC, matching: MATCHING.batch, ...limits });
    const view = viewAuction(state, context, instrument, 'batch');
    if (view === undefined) throw new Error('no mark');
    settleAuction(state, context, view);
    return context.events.reduce(
      (sum, { selector, value }) => (selector === EVENT.auctionCleared ? sum + value.lots : sum),
      0,
    );
  };
  return { market, state, call, people, instrument, send, clear };
}

test('trades are cut where the series is full; what is left crossing leaves', () => {
  const { market, instrument, send, clear } = collecting({ maxSeriesOpenInterestLots: 7 });
  send(0, 'buy', 0, 10);
  send(1, 'sell', 0, 10);
  expect(clear()).toBe(7);
  expect(instrument.openInterest).toBe(7);
  expect(market.context.events.at(-2)).toMatchObject({
    value: { reason: CLOSE_REASON.auctionEnd },
  });
  expect(problemsOf(market.state)).toEqual([]);
});

test('the limit of the underlying counts its other series', () => {
  const { market, state, instrument, people, send, clear } = collecting({ maxOpenInterestLots: 9 });
  const other = seriesNamed(market, 'far90000P');
  const [a, b] = people;
  if (a === undefined || b === undefined) throw new Error('nobody');
  changePosition(state, a, other, 5);
  changePosition(state, b, other, -5);
  send(2, 'buy', 0, 10);
  send(3, 'sell', 0, 10);
  expect(clear()).toBe(4);
  expect(instrument.openInterest).toBe(4);
});

test('lots that close trade above the limit too', () => {
  const { state, call, people, instrument, send, clear } = collecting(
    { maxSeriesOpenInterestLots: 2 },
    10,
  );
  // Who is short buys back from who is long, and six of a new buyer pass on the rest of a long.
  send(1, 'buy', 0, 4);
  send(2, 'buy', 0, 3);
  send(0, 'sell', 0, 7);
  expect(clear()).toBe(7);
  expect(instrument.openInterest).toBe(6);
  expect(people.map((id) => positionOf(state, id, call))).toEqual([3, -6, 3, 0]);
});

const order = fc.record({
  who: fc.nat(PEOPLE - 1),
  isBid: fc.boolean(),
  offset: fc.integer({ min: -3, max: 3 }),
  lots: fc.integer({ min: 1, max: 12 }),
});

test('after any auction open interest is inside its limits or no higher, and no book is crossed', () => {
  fc.assert(
    fc.property(
      fc.array(order, { minLength: 2, maxLength: 14, size: 'max' }),
      fc.nat(20),
      fc.integer({ min: 1, max: 30 }),
      (orders, longLots, limit) => {
        const { market, state, call, instrument, send, clear } = collecting(
          { maxSeriesOpenInterestLots: limit },
          longLots,
        );
        for (const { who, isBid, offset, lots } of orders) {
          send(who, isBid ? 'buy' : 'sell', offset, sizeLots(lots));
        }
        clear();
        expect(instrument.openInterest).toBeLessThanOrEqual(Math.max(limit, longLots));
        const { bids, asks } = bookOf(state, call);
        expect(bestPrice(bids) ?? 0).toBeLessThan(bestPrice(asks) ?? Infinity);
        expect(problemsOf(market.state)).toEqual([]);
      },
    ),
    { numRuns: runs(200) },
  );
});

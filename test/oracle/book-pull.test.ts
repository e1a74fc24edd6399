/** The books' pull on the surface: how far, how fast, by which quotes, and that it stays repaired. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import {
  accountId,
  type InstrumentId,
  orderId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  type TimestampMs,
  timestampMs,
} from '../../runtime/core/units.ts';
import { addToBook } from '../../runtime/matching/book.ts';
import { bookOf, rebuildBooks } from '../../runtime/matching/books.ts';
import { PLAIN_ORDER, restingOrder } from '../../runtime/matching/order.ts';
import {
  INSTRUMENT_KIND,
  INSTRUMENT_STATE,
  type Instrument,
  optionKind,
} from '../../runtime/options/instrument.ts';
import { listSeries } from '../../runtime/options/list-series.ts';
import { liveExpiries, seriesOf } from '../../runtime/options/series-index.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { updateMarks } from '../../runtime/oracle/update-marks.ts';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { expiryPricing } from '../../runtime/pricing/price-series.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { type Indexes, votesOfAll } from '../fixtures/oracle.ts';
import {
  BTC,
  MICRO,
  nextBlock,
  reloaded,
  type TestStateOptions,
  testState,
} from '../fixtures/state.ts';

const DAY_MS = 86_400_000;
const AT: Indexes = new Map([[BTC.id, 60_000]]);
/** A point of volatility in 10⁻⁶. */
const POINT = 10_000;

function step(state: State, elapsedMs: number, indexes: Indexes = AT): BlockContext {
  const context = nextBlock(state, elapsedMs);
  applyOracleVotes(state, context, votesOfAll(state, context, indexes));
  updateMarks(state, context);
  listSeries(state, context);
  return context;
}

/** Two days listed unless told, at 50 % at the money; quotes of $10,000 count. */
function market(
  parameters: TestStateOptions['parameters'] = {},
  listed: { readonly expiriesListed?: number; readonly strikesListed?: number } = {},
): State {
  const listing = { expiriesListed: 2, strikesListed: 3, ...listed };
  const state = testState({
    underlyings: [{ ...BTC, expiryIntervalMs: DAY_MS, ...listing }],
    parameters: { pullMinQuoteUsd: 10_000, ...parameters },
  });
  for (let i = 0; i < 3; i++) step(state, 1_000);
  return state;
}

function nearExpiry(state: State, position = 0): TimestampMs {
  const expiry = liveExpiries(state, BTC.id)[position];
  if (expiry === undefined) throw new Error('nothing is listed');
  return expiry;
}

/** The series of an expiry at $60,000, which is at the money. */
function atTheMoney(
  state: State,
  expiry: TimestampMs,
  kind: Instrument['kind'] = INSTRUMENT_KIND.call,
): InstrumentId {
  const id = seriesOf(state, BTC.id, expiry).find((one) => {
    const row = state.instruments.must(one);
    return row.strike === 60_000 * MICRO && row.kind === kind;
  });
  if (id === undefined) throw new Error('no series at the money');
  return id;
}

/** Ticks at which a series is worth a volatility now. */
function ticksAt(state: State, id: InstrumentId, volatility: number): number {
  const { expiry, strike, ...row } = state.instruments.must(id);
  const markedAt = metaOf(state).timestamp;
  const { settlementWindowMs: windowMs } = state.parameters.must(0);
  const forward = 60_000 * MICRO;
  const none = { theta: 0, u: 0, l: 0 };
  const pricing = expiryPricing({ expiry, markedAt, forward, windowMs, ...none });
  const price = optionKind({ ...row, expiry, strike }) === 'call' ? callPrice : putPrice;
  return Math.round(price(forward, strike, volatility * pricing.deviationRatio) / MICRO);
}

type Resting = { readonly side: Side; readonly price: number; readonly lots?: number };

let nextId = 1_000_000;

function rest(
  state: State,
  instrument: InstrumentId,
  order: Resting & { amended?: boolean },
): void {
  nextId += 2;
  const lots = sizeLots(order.lots ?? 100);
  const row = restingOrder({
    ...PLAIN_ORDER,
    id: orderId(nextId),
    portfolio: portfolioId(accountId(500), subAccount(0)),
    instrument,
    side: order.side,
    price: priceTicks(order.price),
    remaining: lots,
    size: lots,
    shown: lots,
    priority: orderId(order.amended === true ? nextId + 1 : nextId),
    placedAt: metaOf(state).timestamp,
  });
  state.orders.set(row.id, row);
  addToBook(bookOf(state, instrument), row);
}

/** A two-sided quote at two volatilities. */
function quote(state: State, id: InstrumentId, low: number, high: number, lots = 100): void {
  rest(state, id, { side: SIDE.buy, price: ticksAt(state, id, low), lots });
  rest(state, id, { side: SIDE.sell, price: ticksAt(state, id, high), lots });
}

function withdraw(state: State): void {
  for (const id of state.orders.sortedKeys()) state.orders.delete(id);
  rebuildBooks(state);
}

const offsetOf = (state: State, expiry: TimestampMs): number | undefined =>
  state.surfaceOffsets.get(expiryKey.pack(BTC.id, expiry))?.offset;

function run(state: State, seconds: number): void {
  for (let i = 0; i < seconds; i++) step(state, 1_000);
}

describe('an offset', () => {
  test('moves half a point a minute toward a quote above, two points at most, and back without', () => {
    const state = market();
    const expiry = nearExpiry(state);
    const id = atTheMoney(state, expiry);
    quote(state, id, 0.55, 0.57);
    run(state, 4);
    expect(offsetOf(state, expiry)).toBe(0);
    run(state, 60);
    expect(offsetOf(state, expiry)).toBeGreaterThan(0.45 * POINT);
    expect(offsetOf(state, expiry)).toBeLessThanOrEqual(0.5 * POINT);
    run(state, 240);
    expect(offsetOf(state, expiry)).toBe(2 * POINT);
    const volatility = state.derived.marks.byInstrument.get(id)?.volatility ?? 0;
    expect(Math.abs(volatility - 520_000)).toBeLessThan(500);
    withdraw(state);
    run(state, 60);
    expect(offsetOf(state, expiry)).toBeGreaterThan(1.5 * POINT - 1);
    expect(offsetOf(state, expiry)).toBeLessThan(1.6 * POINT);
    run(state, 200);
    expect(offsetOf(state, expiry)).toBe(0);
  });

  test('rests where the mark is inside the quote, and moves down as well', () => {
    const state = market();
    const expiry = nearExpiry(state);
    quote(state, atTheMoney(state, expiry), 0.47, 0.49);
    run(state, 200);
    // A tick is $1, of about $12 a point.
    expect(Math.abs((offsetOf(state, expiry) ?? 0) + POINT)).toBeLessThan(0.1 * POINT);
    withdraw(state);
    quote(state, atTheMoney(state, expiry, INSTRUMENT_KIND.put), 0.49, 0.51);
    run(state, 150);
    expect(offsetOf(state, expiry)).toBe(0);
  });

  test('follows the median by vega: one series at the money outweighs two wings', () => {
    const state = market({}, { strikesListed: 9 });
    const expiry = nearExpiry(state);
    quote(state, atTheMoney(state, expiry), 0.49, 0.51);
    const series = seriesOf(state, BTC.id, expiry);
    for (const wing of [series[0], series.at(-1)]) {
      expect(wing).toBeDefined();
      if (wing !== undefined) quote(state, wing, 0.57, 0.59);
    }
    run(state, 30);
    expect(offsetOf(state, expiry)).toBe(0);
    // Without it the wings are heard.
    withdraw(state);
    for (const wing of [series[0], series.at(-1)]) {
      if (wing !== undefined) quote(state, wing, 0.57, 0.59);
    }
    run(state, 30);
    expect(offsetOf(state, expiry)).toBeGreaterThan(0);
  });

  test('raises the longer expiry with it where variance would fall with time', () => {
    const state = market({ pullStepBps: 1_000, pullMaxBps: 1_000 }, { expiriesListed: 6 });
    const [near, far] = [nearExpiry(state, 4), nearExpiry(state, 5)];
    quote(state, atTheMoney(state, near), 0.6, 0.62);
    quote(state, atTheMoney(state, far), 0.38, 0.4);
    run(state, 60);
    const [short, long] = [near, far].map((at) =>
      state.markInputs.must(expiryKey.pack(BTC.id, at)),
    );
    if (short === undefined || long === undefined) throw new Error('both are marked');
    const pulled = (at: TimestampMs): number => 0.5 + (offsetOf(state, at) ?? 0) / 1e6;
    expect(pulled(near) ** 2 * (near - short.markedAt)).toBeGreaterThan(
      pulled(far) ** 2 * (far - long.markedAt),
    );
    expect(long.theta).toBe(short.theta);
    expect(long.u).toBeGreaterThanOrEqual(short.u);
    expect(long.l).toBeGreaterThanOrEqual(short.l);
  });

  test.each<[string, (state: State, id: InstrumentId) => void]>([
    [
      'one side',
      (state, id) => rest(state, id, { side: SIDE.buy, price: ticksAt(state, id, 0.55) }),
    ],
    // $10,000 at $60,000 a coin is 16.67 lots of 0.01.
    ['too small', (state, id) => quote(state, id, 0.55, 0.57, 16)],
    ['wider than four points', (state, id) => quote(state, id, 0.55, 0.596)],
    [
      'amended since it entered',
      (state, id) => {
        const [bid, ask] = [ticksAt(state, id, 0.55), ticksAt(state, id, 0.57)];
        rest(state, id, { side: SIDE.buy, price: bid, amended: true });
        rest(state, id, { side: SIDE.sell, price: ask, amended: true });
      },
    ],
    [
      'a crossed book',
      (state, id) => {
        rest(state, id, { side: SIDE.buy, price: ticksAt(state, id, 0.56) });
        rest(state, id, { side: SIDE.sell, price: ticksAt(state, id, 0.55) });
      },
    ],
    [
      'a quote that nobody can take, in an auction',
      (state, id) => {
        quote(state, id, 0.55, 0.57);
        state.tradingStatus.set(BTC.id, {
          underlying: BTC.id,
          automatic: INSTRUMENT_STATE.auction,
          governed: INSTRUMENT_STATE.open,
          until: timestampMs(metaOf(state).timestamp + 60_000),
        });
      },
    ],
    [
      'a bid below intrinsic value',
      (state, id) => {
        rest(state, id, { side: SIDE.buy, price: ticksAt(state, id, 0.55) });
        rest(state, id, { side: SIDE.sell, price: 61_000 });
      },
    ],
  ])('is not moved by: %s', (_, place) => {
    const state = market();
    const expiry = nearExpiry(state);
    place(state, atTheMoney(state, expiry));
    run(state, 30);
    expect(offsetOf(state, expiry)).toBe(0);
  });

  test('just so many lots do, also behind a better price of one lot', () => {
    const state = market();
    const expiry = nearExpiry(state);
    const id = atTheMoney(state, expiry);
    quote(state, id, 0.55, 0.57, 17);
    rest(state, id, { side: SIDE.buy, price: ticksAt(state, id, 0.56), lots: 1 });
    run(state, 30);
    expect(offsetOf(state, expiry)).toBeGreaterThan(0);
  });

  test('not by quotes that are renewed before they rested', () => {
    const state = market();
    const expiry = nearExpiry(state);
    for (let i = 0; i < 15; i++) {
      withdraw(state);
      quote(state, atTheMoney(state, expiry), 0.55, 0.57);
      run(state, 4);
    }
    expect(offsetOf(state, expiry)).toBe(0);
  });

  test('has no row where the parameter is 0, and leaves with its expiry', () => {
    expect(market({ pullMinQuoteUsd: 0 }).surfaceOffsets.size).toBe(0);
    const state = market();
    expect(state.surfaceOffsets.size).toBe(2);
  });

  test('is looked at once a second, though marks move in every block', () => {
    const state = market();
    const expiry = nearExpiry(state);
    const key = expiryKey.pack(BTC.id, expiry);
    const looks = new Set<number>();
    for (let i = 0; i < 50; i++) {
      step(state, 40, new Map([[BTC.id, i % 2 === 0 ? 60_100 : 60_000]]));
      expect(state.markInputs.must(key).markedAt).toBe(metaOf(state).timestamp);
      looks.add(state.surfaceOffsets.must(key).pulledAt);
    }
    expect(looks.size).toBeLessThanOrEqual(3);
  });

  test('after a gap makes up for five seconds at most', () => {
    const state = market();
    const expiry = nearExpiry(state);
    quote(state, atTheMoney(state, expiry), 0.55, 0.57);
    step(state, 600_000);
    expect(offsetOf(state, expiry)).toBe(Math.floor((0.5 * POINT * 5_000) / 60_000));
  });

  test('decays inside the settlement window, whatever is quoted', () => {
    const state = market({ settlementWindowMs: 3_600_000 });
    const expiry = nearExpiry(state);
    quote(state, atTheMoney(state, expiry), 0.55, 0.57);
    run(state, 30);
    const before = offsetOf(state, expiry) ?? 0;
    expect(before).toBeGreaterThan(0);
    step(state, expiry - 3_600_000 - metaOf(state).timestamp);
    run(state, 3);
    expect(offsetOf(state, expiry)).toBeLessThan(before);
  });
});

test('marks stay free of arbitrage, offsets in bounds and at their pace, and a reload goes on alike', () => {
  const draw = fc.record({
    seconds: fc.integer({ min: 1, max: 40 }),
    expiry: fc.integer({ min: 0, max: 1 }),
    series: fc.integer({ min: 0, max: 5 }),
    low: fc.integer({ min: 30, max: 70 }),
    width: fc.integer({ min: 1, max: 5 }),
    withdraws: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(draw, { minLength: 1, maxLength: 8 }), (draws) => {
      const state = market({ pullStepBps: 1_000, pullMaxBps: 1_000, pullMinRestMs: 0 });
      for (const { seconds, expiry, series, low, width, withdraws } of draws) {
        if (withdraws) withdraw(state);
        const id = seriesOf(state, BTC.id, nearExpiry(state, expiry))[series];
        if (id !== undefined) quote(state, id, low / 100, (low + width) / 100);
        for (let i = 0; i < seconds; i++) {
          const before = [0, 1].map((at) => offsetOf(state, nearExpiry(state, at)) ?? 0);
          step(state, 1_000);
          let shorter = { theta: 0, u: 0, l: 0 };
          for (const at of [0, 1]) {
            const offset = offsetOf(state, nearExpiry(state, at)) ?? 0;
            expect(Math.abs(offset)).toBeLessThanOrEqual(10 * POINT);
            expect(Math.abs(offset - (before[at] ?? 0))).toBeLessThanOrEqual((10 * POINT) / 60);
            const slice = state.markInputs.must(expiryKey.pack(BTC.id, nearExpiry(state, at)));
            const { theta, u, l } = slice;
            expect(theta).toBeGreaterThanOrEqual(shorter.theta);
            expect(u).toBeGreaterThanOrEqual(shorter.u);
            expect(l).toBeGreaterThanOrEqual(shorter.l);
            const psi = (u + l) / 2e9;
            expect(psi * Math.max(u, l)).toBeLessThanOrEqual((4 * theta) / 1e3 + 1);
            if (at === 1) {
              const before0 = (shorter.u + shorter.l) / 2e9 / shorter.theta;
              expect(psi / theta).toBeLessThanOrEqual(before0 * (1 + 1e-9));
            }
            shorter = { theta, u, l };
          }
        }
      }
      const copy = reloaded(state);
      for (const one of [copy, state]) run(one, 3);
      expect([...copy.markInputs.encodedRows()]).toEqual([...state.markInputs.encodedRows()]);
      expect([...copy.surfaceOffsets.encodedRows()]).toEqual([
        ...state.surfaceOffsets.encodedRows(),
      ]);
    }),
    { numRuns: 25 },
  );
}, 30_000);

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fitSlice,
  MIN_POINTS,
  type Slice,
  sliceVolatility,
} from '../../feeder/aggregate/fit-slice.ts';
import { fitSurface, YEAR_MS } from '../../feeder/aggregate/fit-surface.ts';
import { forwardOf, parityForward } from '../../feeder/aggregate/forward.ts';
import { aggregateIndex, type IndexInput } from '../../feeder/aggregate/index-price.ts';
import { weightedMedian } from '../../feeder/aggregate/median.ts';
import { smilePoints } from '../../feeder/aggregate/smile-points.ts';
import { surfaceAt } from '../../feeder/aggregate/surface-at.ts';
import { createQuoteStore } from '../../feeder/quotes.ts';
import type { OptionQuote } from '../../feeder/sources/price-source.ts';
import { createSurfaceView } from '../../feeder/surface-view.ts';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;

/** Deterministic noise, standard normal enough. */
function noise(i: number): number {
  return Math.sin(i * 12.9898) * 1.2;
}

/** Two-sided coin quotes of one expiry on a slice, out of the money and in it. */
function quotesOn(
  slice: Slice,
  expiryMs: number,
  options: {
    readonly forward?: number;
    readonly spread?: number;
    readonly bump?: (i: number) => number;
  } = {},
): OptionQuote[] {
  const { forward = 60_000, spread = 0.01, bump = () => 0 } = options;
  const years = (expiryMs - NOW) / YEAR_MS;
  const deviation = Math.sqrt(slice.theta);
  return Array.from({ length: 21 }, (_, i) => (i - 10) / 5).flatMap((x, i) => {
    const strike = Math.round((forward * Math.exp(x * deviation)) / 50) * 50;
    const sigma = sliceVolatility(slice, Math.log(strike / forward), years) + bump(i);
    return (['call', 'put'] as const).map((right): OptionQuote => {
      const priceAt = (v: number): number =>
        (right === 'call' ? callPrice : putPrice)(forward, strike, v * Math.sqrt(years)) / forward;
      const bid = priceAt(sigma - spread / 2);
      const ask = priceAt(sigma + spread / 2);
      return {
        kind: 'option',
        underlying: 'BTC',
        expiryMs,
        strike,
        right,
        unit: 'coin',
        bid,
        ask,
        observedAtMs: NOW,
      };
    });
  });
}

const SLICE: Slice = { theta: 0.3 * 0.05, u: 0.12, l: 0.2 };
const EXPIRY = NOW + 0.05 * YEAR_MS;

describe('index', () => {
  const input = (source: string, price: number, more: Partial<IndexInput> = {}): IndexInput => ({
    source,
    price,
    weight: 1,
    ageMs: 0,
    staleMs: 10_000,
    ...more,
  });
  const rule = { minSources: 2, totalWeight: 3 };

  test('clamps to half a percent of the median: the worked example of the reference', () => {
    const found = aggregateIndex([input('a', 100), input('b', 101), input('c', 120)], rule);
    if ('code' in found) throw new Error(found.code);
    expect(found.price).toBe(101);
    expect(found.used.map(({ price }) => price)).toEqual(
      [100.495, 101, 101.505].map((p) => expect.closeTo(p, 9)),
    );
    expect(found.clamped.map(({ source }) => source)).toEqual(['a', 'c']);
  });

  test('leaves the stale out, and stands on no less than the rule asks for', () => {
    const stale = input('c', 90, { ageMs: 10_001 });
    const two = aggregateIndex([input('a', 100), input('b', 100.2), stale], rule);
    expect(two).toMatchObject({ price: expect.closeTo(100.1, 9) });
    expect(aggregateIndex([input('a', 100), stale], rule)).toEqual({
      code: 'too_few_sources',
      fresh: 1,
      needed: 2,
    });
  });

  test('is sure with all sources at one price, less with fewer and further apart', () => {
    const sure = (inputs: IndexInput[]): number => {
      const found = aggregateIndex(inputs, rule);
      return 'code' in found ? Number.NaN : found.confidence;
    };
    const all = [input('a', 100), input('b', 100), input('c', 100)];
    expect(sure(all)).toBe(1);
    expect(sure(all.slice(0, 2))).toBeCloseTo(2 / 3, 12);
    expect(sure([input('a', 100), input('b', 100), input('c', 100.3)])).toBeCloseTo(0.8, 6);
    expect(sure([input('a', 99), input('b', 100), input('c', 101)])).toBeCloseTo(1 / 3, 6);
  });

  test('never leaves the range of the honest while they are more, whatever one source says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 99.9, max: 100.1, noNaN: true }), { minLength: 2, maxLength: 6 }),
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        (honest, wild) => {
          const inputs = [...honest, wild].map((price, i) => input(`${i}`, price));
          const found = aggregateIndex(inputs, { minSources: 1, totalWeight: inputs.length });
          if ('code' in found) return false;
          return (
            found.price >= Math.min(...honest) * (1 - 1e-12) - 0.2 &&
            found.price <= Math.max(...honest) * (1 + 1e-12) + 0.2 &&
            (honest.length < 3 || Math.abs(found.price - 100) <= 0.1 + 1e-9)
          );
        },
      ),
    );
  });

  test('follows weight: the heavier half decides', () => {
    expect(
      weightedMedian([
        { value: 1, weight: 3 },
        { value: 2, weight: 1 },
        { value: 9, weight: 1 },
      ]),
    ).toBe(1);
    expect(
      weightedMedian([
        { value: 1, weight: 1 },
        { value: 3, weight: 1 },
      ]),
    ).toBe(2);
    expect(weightedMedian([{ value: 1, weight: 0 }])).toBeUndefined();
  });
});

describe('forward', () => {
  test('comes of put–call parity, in coins and in dollars', () => {
    const quotes = quotesOn(SLICE, EXPIRY, { forward: 61_234 });
    expect(parityForward(quotes)).toBeCloseTo(61_234, 3);
    const inUsd = quotes.map((quote) => ({
      ...quote,
      unit: 'usd' as const,
      bid: (quote.bid ?? 0) * 61_234,
      ask: (quote.ask ?? 0) * 61_234,
    }));
    expect(parityForward(inUsd)).toBeCloseTo(61_234, 3);
  });

  test("is the venue's own where no strike has both sides", () => {
    const calls = quotesOn(SLICE, EXPIRY).filter(({ right }) => right === 'call');
    expect(parityForward(calls)).toBeUndefined();
    expect(forwardOf(calls.map((quote, i) => ({ ...quote, forward: 60_000 + (i % 3) })))).toBe(
      60_001,
    );
    expect(forwardOf(calls)).toBeUndefined();
  });

  test('is not taken at a wide quote', () => {
    const wide = quotesOn(SLICE, EXPIRY, { spread: 0.25 });
    expect(parityForward(wide)).toBeUndefined();
  });
});

describe('slices', () => {
  const fitOf = (quotes: readonly OptionQuote[], forward = 60_000) => {
    const years = (EXPIRY - NOW) / YEAR_MS;
    const fit = fitSlice(smilePoints(quotes, { forward, years }), years);
    if (!fit) throw new Error('no fit');
    return fit;
  };

  test('are found again from their own quotes', () => {
    const { slice, rmsePoints, outliers } = fitOf(quotesOn(SLICE, EXPIRY));
    expect(rmsePoints).toBeLessThan(0.02);
    expect(outliers).toBe(0);
    expect(slice.theta / SLICE.theta).toBeCloseTo(1, 3);
    expect(slice.u / SLICE.u).toBeCloseTo(1, 2);
    expect(slice.l / SLICE.l).toBeCloseTo(1, 2);
  });

  test('hold against quotes that are far off', () => {
    // Three of twenty-one strikes are 20 points too high.
    const bad = quotesOn(SLICE, EXPIRY, { bump: (i) => (i % 7 === 3 ? 0.2 : 0.001 * noise(i)) });
    const { slice, outliers, rmsePoints } = fitOf(bad);
    expect(outliers).toBe(3);
    expect(rmsePoints).toBeLessThan(0.3);
    expect(Math.abs(slice.theta / SLICE.theta - 1)).toBeLessThan(0.01);
  });

  test('need points: out of the money, two-sided, not too wide', () => {
    const quotes = quotesOn(SLICE, EXPIRY);
    const years = (EXPIRY - NOW) / YEAR_MS;
    const at = { forward: 60_000, years };
    const points = smilePoints(quotes, at);
    expect(points.length).toBeGreaterThan(15);
    expect(
      smilePoints(
        quotes.map(({ bid: _, ...rest }) => rest),
        at,
      ),
    ).toEqual([]);
    expect(smilePoints(quotesOn(SLICE, EXPIRY, { spread: 0.6 }), at)).toEqual([]);
    expect(fitSlice(points.slice(0, MIN_POINTS - 1), years)).toBeUndefined();
    // A venue that quotes volatilities gives the same points.
    const byVolatility = quotes.map(({ bid: _b, ask: _a, ...rest }) => {
      const sigma = sliceVolatility(SLICE, Math.log(rest.strike / 60_000), years);
      return { ...rest, bidVolatility: sigma - 0.005, askVolatility: sigma + 0.005 };
    });
    smilePoints(byVolatility, at).forEach((point, i) => {
      expect(point.volatility).toBeCloseTo(points[i]?.volatility ?? 0, 3);
    });
  });

  test('are free of butterflies whatever the quotes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            k: fc.double({ min: -1, max: 1, noNaN: true }),
            volatility: fc.double({ min: 0.01, max: 5, noNaN: true }),
            weight: fc.constant(1),
          }),
          { minLength: 5, maxLength: 12 },
        ),
        fc.double({ min: 1e-5, max: 2, noNaN: true }),
        (points, years) => {
          const { theta, u, l } = fitSlice(points, years)?.slice ?? { theta: 1, u: 0, l: 0 };
          const wing = Math.max(u, l);
          return theta > 0 && u >= 0 && l >= 0 && wing < 4 && ((u + l) / 2) * wing <= 4 * theta;
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('surface', () => {
  const sourced = (source: string, quotes: readonly OptionQuote[]) =>
    quotes.map((quote) => ({ source, quote }));
  const later = NOW + 0.2 * YEAR_MS;
  const long: Slice = { theta: 0.28 * 0.2, u: 0.25, l: 0.4 };

  test('joins the sources of an expiry, each by its own forward', () => {
    const quotes = [
      ...sourced('a', quotesOn(SLICE, EXPIRY, { forward: 60_000 })),
      ...sourced('b', quotesOn(SLICE, EXPIRY, { forward: 60_100 })),
      ...sourced('a', quotesOn(long, later, { forward: 60_500 })),
    ];
    const [near, far] = fitSurface(quotes, () => 1, NOW);
    expect(near).toMatchObject({ sources: ['a', 'b'], forward: expect.closeTo(60_050, 1) });
    expect(near?.repairedRmsePoints).toBeLessThan(0.05);
    expect(far?.forward).toBeCloseTo(60_500, 1);
    expect(fitSurface(quotes, (source) => (source === 'a' ? 1 : 0), NOW)[0]?.forward).toBeCloseTo(
      60_000,
      1,
    );
  });

  test('ascends without calendar arbitrage, and says what the repair cost', () => {
    // The longer expiry is quoted below the shorter: θ has to rise to its own.
    const low: Slice = { theta: 0.5 * SLICE.theta, u: 0.1, l: 0.1 };
    const quotes = sourced('a', [...quotesOn(SLICE, EXPIRY), ...quotesOn(low, later)]);
    const [near, far] = fitSurface(quotes, () => 1, NOW);
    expect(far?.theta).toBeGreaterThanOrEqual(near?.theta ?? Infinity);
    expect(far?.u).toBeGreaterThanOrEqual(near?.u ?? Infinity);
    expect(far?.rmsePoints).toBeLessThan(0.1);
    expect(far?.repairedRmsePoints).toBeGreaterThan(5);
  });

  const knots = [
    { ...SLICE, expiryMs: EXPIRY, forward: 60_100 },
    { ...long, expiryMs: later, forward: 60_400 },
  ];

  test('between expiries is linear in variance and carry', () => {
    const half = (EXPIRY + later) / 2;
    const at = { nowMs: NOW, index: 60_000, expiriesMs: [EXPIRY, half, later] };
    const [first, middle, last] = surfaceAt(knots, at);
    expect(first?.theta).toBeCloseTo(SLICE.theta, 11);
    expect(middle?.theta).toBeCloseTo((SLICE.theta + long.theta) / 2, 11);
    expect(Math.log((middle?.forward ?? 0) / 60_000)).toBeCloseTo(
      (Math.log(60_100 / 60_000) + Math.log(60_400 / 60_000)) / 2,
      11,
    );
    expect(last?.forward).toBeCloseTo(60_400, 6);
  });

  test('outside keeps volatility and shape', () => {
    const soon = NOW + DAY_MS;
    const at = { nowMs: NOW, index: 60_000, expiriesMs: [soon, NOW + 0.4 * YEAR_MS] };
    const [before, beyond] = surfaceAt(knots, at);
    const share = DAY_MS / (EXPIRY - NOW);
    expect(before?.theta).toBeCloseTo(SLICE.theta * share, 11);
    expect(before?.u).toBeCloseTo(SLICE.u * Math.sqrt(share), 8);
    expect(beyond?.theta).toBeCloseTo(2 * long.theta, 11);
    expect(surfaceAt([], { nowMs: NOW, index: 1, expiriesMs: [soon] })).toEqual([]);
  });

  test('is fitted at its interval and carried in between', () => {
    const view = createSurfaceView({ intervalMs: 1_000, staleMs: 5_000 });
    let fits = 0;
    const fit = () => {
      fits++;
      return fits > 1 ? [] : fitSurface(sourced('a', quotesOn(SLICE, EXPIRY)), () => 1, NOW);
    };
    view.update(NOW, 60_000, fit);
    view.update(NOW + 500, 60_000, fit);
    expect(fits).toBe(1);
    const atMs = NOW + 900;
    const [carried] = view.at({ nowMs: atMs, index: 61_000, expiriesMs: [EXPIRY] });
    expect(carried?.forward).toBeCloseTo(61_000, 1);
    expect(carried?.theta).toBeCloseTo(SLICE.theta * (1 - 900 / (EXPIRY - NOW)), 5);
    // Nothing could be fitted any more: what is known holds until it is stale.
    view.update(NOW + 4_000, 60_000, fit);
    expect(view.fits()).toHaveLength(1);
    view.update(NOW + 6_000, 60_000, fit);
    expect(view.fits()).toEqual([]);
    expect(view.at({ nowMs: NOW + 6_000, index: 1, expiriesMs: [EXPIRY] })).toEqual([]);
  });
});

describe('quotes', () => {
  test('are the last of each source; older ones that come later are not', () => {
    const store = createQuoteStore();
    const index = (price: number, observedAtMs: number) =>
      ({ kind: 'index', underlying: 'BTC', price, observedAtMs }) as const;
    store.add('a', index(1, 10));
    store.add('a', index(2, 9));
    store.add('b', index(3, 5));
    expect(store.index('BTC').map(({ source, quote }) => [source, quote.price])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
    const [option] = quotesOn(SLICE, EXPIRY);
    if (!option) throw new Error('no option');
    store.add('a', option);
    const fresh = { nowMs: NOW, oldestMs: NOW - 1 };
    expect(store.options('BTC', fresh)).toHaveLength(1);
    expect(store.options('BTC', { nowMs: NOW, oldestMs: NOW + 1 })).toEqual([]);
    expect(store.options('BTC', { nowMs: EXPIRY, oldestMs: 0 })).toEqual([]);
    store.sweep({ nowMs: EXPIRY, oldestMs: 0 });
    expect(store.options('BTC', fresh)).toEqual([]);
  });

  test('of a source that invents options do not grow without bound', () => {
    const store = createQuoteStore();
    const [option] = quotesOn(SLICE, EXPIRY);
    if (!option) throw new Error('no option');
    for (let i = 1; i <= 7_000; i++) store.add('a', { ...option, strike: i });
    const held = store.options('BTC', { nowMs: NOW, oldestMs: 0 });
    expect(held).toHaveLength(6_000);
    expect(held.at(-1)?.quote.strike).toBe(7_000);
  });
});

/** Bars as paths of prices, and when marks are taken along them. */
import { describe, expect, test } from 'vitest';
import { barCorners, cornersOf, markTimes, parseBars, priceAt } from '../../backtest/price-path.ts';
import { DataError } from '../../backtest/read-file.ts';

const MINUTE = 60_000;
const FALLING = `ts,open,high,low,close,volume
0,100,101,90,92,5
60000,92,93,91,93,4
120000,93,93,80,85,9
`;

describe('bars', () => {
  test('a falling bar goes up first, a rising one down, and both touch their extremes', () => {
    const prices = (open: number, high: number, low: number, close: number): number[] =>
      barCorners({ openedAtMs: 0, open, high, low, close }, MINUTE).map(({ price }) => price);
    expect(prices(100, 101, 90, 92)).toEqual([100, 101, 90, 92]);
    expect(prices(92, 103, 91, 100)).toEqual([92, 91, 103, 100]);
  });

  test('only those of the hours asked for are read', () => {
    const { lengthMs, bars } = parseBars('x.csv', FALLING, MINUTE, 2 * MINUTE);
    expect(lengthMs).toBe(MINUTE);
    expect(bars.map(({ open }) => open)).toEqual([92]);
  });

  test('another file, and a bar without a price, are refused by name', () => {
    expect(() => parseBars('y.csv', 'a,b\n1,2\n', 0, 1)).toThrow(DataError);
    expect(() => parseBars('y.csv', FALLING.replace('90,92', '0,92'), 0, MINUTE)).toThrow('y.csv');
  });

  test('where two recordings cover a time the first decides', () => {
    const fine = parseBars('fine', FALLING, 0, 2 * MINUTE);
    const coarse = {
      lengthMs: 2 * MINUTE,
      bars: [0, 120_000].map((openedAtMs) => ({
        openedAtMs,
        open: 500,
        high: 500,
        low: 500,
        close: 500,
      })),
    };
    const corners = cornersOf([fine, coarse]);
    expect(corners.filter(({ atMs }) => atMs < 120_000).every(({ price }) => price <= 101)).toBe(
      true,
    );
    expect(priceAt(corners, 180_000)).toBe(500);
    expect(() => cornersOf([])).toThrow(DataError);
  });
});

describe('marks', () => {
  const corners = cornersOf([parseBars('x.csv', FALLING, 0, 10 * MINUTE)]);

  test('prices lie on lines of the logarithm, and stay beyond the ends', () => {
    const middle = priceAt(corners, 30_000);
    expect(middle).toBeCloseTo(Math.sqrt(101 * 90), 9);
    expect(priceAt(corners, -5)).toBe(100);
    expect(priceAt(corners, 1e9)).toBe(85);
  });

  test('are taken at every move asked for, and after the longest time', () => {
    const span = { fromMs: 0, toMs: 3 * MINUTE };
    const times = markTimes([corners], span, { lookMs: 5_000, move: 0.05, longestMs: 1e9 });
    for (const [i, at] of times.entries()) {
      const before = times[i - 1];
      if (before === undefined) continue;
      expect(Math.abs(priceAt(corners, at) / priceAt(corners, before) - 1)).toBeGreaterThan(0.05);
    }
    expect(times.length).toBeGreaterThan(2);
    const steady = markTimes([corners], span, { lookMs: 5_000, move: 1, longestMs: MINUTE });
    expect(steady).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE]);
  });
});

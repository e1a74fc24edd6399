import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  absBigint,
  maxBigint,
  minBigint,
  mulDivCeil,
  mulDivFloor,
  weightedMedian,
} from '../../runtime/core/math.ts';

const wide = fc.bigInt({ min: -(1n << 140n), max: 1n << 140n });
const divisor = fc.bigInt({ min: 1n, max: 1n << 140n });

describe('mulDivFloor and mulDivCeil', () => {
  test.each([
    [7n, 1n, 2n, 3n, 4n],
    [-7n, 1n, 2n, -4n, -3n],
    [7n, -1n, 2n, -4n, -3n],
    [-7n, -1n, 2n, 3n, 4n],
    [6n, 1n, 2n, 3n, 3n],
    [-6n, 1n, 2n, -3n, -3n],
    [0n, 5n, 3n, 0n, 0n],
    [1n, 1n, 3n, 0n, 1n],
    [-1n, 1n, 3n, -1n, 0n],
  ])('%d × %d ÷ %d is %d rounded down, %d rounded up', (a, b, by, floor, ceil) => {
    expect(mulDivFloor(a, b, by)).toBe(floor);
    expect(mulDivCeil(a, b, by)).toBe(ceil);
  });

  test('bracket the quotient, and meet where it is whole', () => {
    fc.assert(
      fc.property(wide, wide, divisor, (a, b, by) => {
        const floor = mulDivFloor(a, b, by);
        const ceil = mulDivCeil(a, b, by);
        expect(floor * by <= a * b && a * b < (floor + 1n) * by).toBe(true);
        expect((ceil - 1n) * by < a * b && a * b <= ceil * by).toBe(true);
        expect(ceil - floor).toBe((a * b) % by === 0n ? 0n : 1n);
      }),
    );
  });

  test('a divisor that is not positive is a broken invariant', () => {
    for (const by of [0n, -1n]) {
      expect(() => mulDivFloor(1n, 1n, by)).toThrow('not positive');
      expect(() => mulDivCeil(1n, 1n, by)).toThrow('not positive');
    }
  });
});

test('minBigint, maxBigint, absBigint', () => {
  expect([minBigint(-1n, 2n), minBigint(2n, -1n)]).toEqual([-1n, -1n]);
  expect([maxBigint(-1n, 2n), maxBigint(2n, -1n)]).toEqual([2n, 2n]);
  expect([absBigint(-3n), absBigint(3n), absBigint(0n)]).toEqual([3n, 3n, 0n]);
});

describe('weightedMedian', () => {
  const of = (...pairs: [value: number, weight: bigint][]) =>
    weightedMedian(pairs.map(([value, weight]) => ({ value, weight })));

  test.each([
    ['one value', [[5, 1n]], 5],
    [
      'the lower of two equal halves',
      [
        [9, 1n],
        [4, 1n],
      ],
      4,
    ],
    [
      'the heavier of two',
      [
        [9, 2n],
        [4, 1n],
      ],
      9,
    ],
    [
      'the middle of three',
      [
        [3, 1n],
        [1, 1n],
        [2, 1n],
      ],
      2,
    ],
    [
      'a majority wherever it stands',
      [
        [100, 51n],
        [1, 25n],
        [2, 24n],
      ],
      100,
    ],
    [
      'negative values',
      [
        [-5, 1n],
        [-7, 1n],
        [0, 1n],
      ],
      -5,
    ],
  ] as [string, [number, bigint][], number][])('%s', (_, pairs, median) => {
    expect(of(...pairs)).toBe(median);
  });

  test('half of the weight stands at or below, and less than half below', () => {
    const entry = fc.record({
      value: fc.integer({ min: -9, max: 9 }),
      weight: fc.bigInt({ min: 1n, max: 1n << 70n }),
    });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 12 }), (entries) => {
        const median = weightedMedian(entries);
        const weigh = (keep: (value: number) => boolean) =>
          entries.reduce((sum, { value, weight }) => (keep(value) ? sum + weight : sum), 0n);
        const total = weigh(() => true);
        expect(2n * weigh((value) => value <= median) >= total).toBe(true);
        expect(2n * weigh((value) => value < median) < total).toBe(true);
        expect(weightedMedian(entries.toReversed())).toBe(median);
      }),
    );
  });

  test('of nothing is a broken invariant', () => {
    expect(() => weightedMedian([])).toThrow('weightedMedian of nothing');
  });
});

import { describe, expect, test } from 'vitest';
import { divideUp, isolatedPerLot } from '../../runtime/margin/standard-margin.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { MICRO } from '../fixtures/state.ts';

const { call, put } = INSTRUMENT_KIND;

describe('isolated margin of a short option', () => {
  // reference/exchange.md B1: Derive's code, per coin, in USD.
  test.each([
    { kind: call, index: 2000, strike: 2200, mark: 50, initial: 310, maintenance: 230 },
    { kind: call, index: 2000, strike: 2000, mark: 100, initial: 400, maintenance: 280 },
    { kind: put, index: 2000, strike: 1800, mark: 40, initial: 300, maintenance: 220 },
    { kind: put, index: 2000, strike: 5000, mark: 3000, initial: 3433.5, maintenance: 3270 },
  ])('kind $kind, strike $strike: initial $initial, maintenance $maintenance', (vector) => {
    const { kind, index, strike, mark } = vector;
    const short = { kind, index: index * MICRO, strike: strike * MICRO, mark: mark * MICRO };
    expect(isolatedPerLot(short, 1)).toEqual({
      initial: vector.initial * MICRO,
      maintenance: vector.maintenance * MICRO,
    });
  });

  test('a tenth of a coin needs a tenth, rounded up', () => {
    const short = { kind: call, index: 2000 * MICRO, strike: 2200 * MICRO, mark: 50 * MICRO + 1 };
    expect(isolatedPerLot(short, 10)).toEqual({
      initial: 31 * MICRO + 1,
      maintenance: 23 * MICRO + 1,
    });
  });
});

test.each([
  [0, 7, 0],
  [7, 7, 1],
  [8, 7, 2],
  [Number.MAX_SAFE_INTEGER, 10, 900_719_925_474_100],
  [Number.MAX_SAFE_INTEGER - 1, 2, 4_503_599_627_370_495],
])('divideUp(%d, %d) is %d', (a, divisor, expected) => {
  expect(divideUp(a, divisor)).toBe(expected);
});

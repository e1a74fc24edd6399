import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { priceTicks } from '../../runtime/core/units.ts';
import { MAX_PRICE_TICKS } from '../../runtime/limits.ts';
import { priceOutside } from '../../runtime/matching/next-price.ts';
import {
  highestPrice,
  isOnTick,
  lowestPrice,
  nextTickDown,
  nextTickUp,
  roundToTickDown,
  roundToTickUp,
  type TickTable,
  tickTableProblem,
} from '../../runtime/rules/tick-table.ts';
import { runs } from '../fixtures/runs.ts';

/** Deribit's BTC options in units of 0.0001 BTC: 0.0001 below 0.005, 0.0005 from there. */
const DERIBIT: TickTable = [
  { from: 0, multiple: 1 },
  { from: 50, multiple: 5 },
];

describe('the table of Deribit', () => {
  test.each([
    // price, valid, rounded down, rounded up, next down, next up
    [0, true, 0, 0, -1, 1],
    [1, true, 1, 1, 0, 2],
    [49, true, 49, 49, 48, 50],
    [50, true, 50, 50, 49, 55],
    [51, false, 50, 55, 50, 55],
    [55, true, 55, 55, 50, 60],
    [59, false, 55, 60, 55, 60],
  ])('at %d', (price, valid, down, up, below, above) => {
    expect(isOnTick(DERIBIT, price)).toBe(valid);
    expect(roundToTickDown(DERIBIT, price)).toBe(down);
    expect(roundToTickUp(DERIBIT, price)).toBe(up);
    if (price > 0) expect(nextTickDown(DERIBIT, price)).toBe(below);
    expect(nextTickUp(DERIBIT, price)).toBe(above);
  });

  test('bounds of prices', () => {
    expect(lowestPrice(DERIBIT)).toBe(1);
    expect(highestPrice(DERIBIT)).toBe(MAX_PRICE_TICKS);
    expect(highestPrice([{ from: 0, multiple: 300 }])).toBe(999_999_900);
    expect(lowestPrice([{ from: 0, multiple: 300 }])).toBe(300);
  });

  test('the price just outside another', () => {
    expect(priceOutside(DERIBIT, SIDE.buy, priceTicks(50))).toBe(49);
    expect(priceOutside(DERIBIT, SIDE.sell, priceTicks(50))).toBe(55);
    expect(priceOutside(DERIBIT, SIDE.buy, priceTicks(1))).toBe(0);
  });
});

test.each([
  ['no step', []],
  ['nine steps', Array.from({ length: 9 }, (_, i) => ({ from: i, multiple: 1 }))],
  ['no first step', [{ from: 1, multiple: 1 }]],
  ['a multiple of 0', [{ from: 0, multiple: 0 }]],
  [
    'steps that do not ascend',
    [
      { from: 0, multiple: 1 },
      { from: 0, multiple: 2 },
    ],
  ],
  [
    'a step off its own grid',
    [
      { from: 0, multiple: 1 },
      { from: 7, multiple: 5 },
    ],
  ],
  [
    'a step off the grid before',
    [
      { from: 0, multiple: 4 },
      { from: 10, multiple: 5 },
    ],
  ],
  [
    'a step above every price',
    [
      { from: 0, multiple: 1 },
      { from: 2_000_000_000, multiple: 1 },
    ],
  ],
])('refuses %s', (_, table) => expect(tickTableProblem(table)).toBeDefined());

/** Valid tables: each step begins at a common multiple. */
const tables: fc.Arbitrary<TickTable> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((steps) => {
    const table: { from: number; multiple: number }[] = [];
    for (const [multiple, span] of steps) {
      const before = table.at(-1);
      if (before === undefined) table.push({ from: 0, multiple });
      else {
        const common = before.multiple * multiple;
        table.push({ from: (Math.floor(before.from / common) + span) * common, multiple });
      }
    }
    return table;
  });

test('any valid table: rounding and neighbours agree with a walk over all prices', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 20_000 }), (table, price) => {
      expect(tickTableProblem(table)).toBeUndefined();
      let below = price - 1;
      while (!isOnTick(table, below)) below -= 1;
      let above = price + 1;
      while (!isOnTick(table, above)) above += 1;
      expect(nextTickDown(table, price)).toBe(below);
      expect(nextTickUp(table, price)).toBe(above);
      const valid = isOnTick(table, price);
      expect(roundToTickDown(table, price)).toBe(valid ? price : below);
      expect(roundToTickUp(table, price)).toBe(valid ? price : above);
    }),
    { numRuns: runs(500) },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assertExact,
  isExact,
  type OrderTerm,
  orderCash,
} from '../../../runtime/margin/portfolio/account.ts';
import {
  marginScratch,
  portfolioMargin,
} from '../../../runtime/margin/portfolio/account-margin.ts';
import {
  addOrder,
  buildSums,
  changePosition,
  emptySums,
  marginOfSums,
  removeOrder,
} from '../../../runtime/margin/portfolio/account-sums.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import { setOpenInterest } from '../../../runtime/margin/portfolio/risk-arrays.ts';
import type { Measure } from '../../../runtime/margin/portfolio/risk-layout.ts';
import {
  accountOf,
  defaultModel,
  ROWS,
  someArrays,
  someLots,
  someOrder,
} from './random-account.ts';

const model = defaultModel();
/** An account of a hundred lots is concentrated. */
const strict: PortfolioModel = {
  ...model,
  concentration: { freeDeltaUsd: 20_000, widthUsd: 100_000, openInterestShare: 0.2 },
};

type Step =
  | { readonly kind: 'trade'; readonly row: number; readonly lots: number }
  | { readonly kind: 'order'; readonly order: OrderTerm }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'fill'; readonly pick: number; readonly share: number };

const pick = fc.nat({ max: 1_000 });
const someStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('trade' as const),
    row: fc.integer({ min: 0, max: ROWS - 1 }),
    lots: someLots,
  }),
  fc.record({ kind: fc.constant('order' as const), order: someOrder }),
  fc.record({ kind: fc.constant('order' as const), order: someOrder }),
  fc.record({ kind: fc.constant('cancel' as const), pick }),
  fc.record({
    kind: fc.constant('fill' as const),
    pick,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

/** Plays a history on kept sums and on plain lists; they must agree after every step. */
function play(steps: readonly Step[], of: { model: PortfolioModel; confidence: number }): void {
  const arrays = someArrays({ ...of, rate: 0.05 });
  for (let row = 0; row < ROWS; row += 3) setOpenInterest(arrays, row, 60);
  const scratch = marginScratch(arrays);
  const kept = new Map<Measure, ReturnType<typeof emptySums>>([
    ['initial', emptySums(arrays, 'initial')],
    ['maintenance', emptySums(arrays, 'maintenance')],
  ]);
  const lots = new Map<number, number>();
  const orders = new Map<number, OrderTerm>();
  let next = 0;
  const trade = (row: number, change: number) => {
    lots.set(row, (lots.get(row) ?? 0) + change);
    for (const sums of kept.values()) changePosition(sums, row, change);
  };
  const place = (order: OrderTerm) => {
    const id = next++;
    orders.set(id, order);
    for (const sums of kept.values()) addOrder(sums, id, order);
  };
  const close = (number: number) => {
    const chosen = [...orders][number % Math.max(1, orders.size)];
    if (chosen === undefined) return undefined;
    const [id, order] = chosen;
    orders.delete(id);
    for (const sums of kept.values()) removeOrder(sums, id, order);
    return order;
  };
  for (const step of steps) {
    if (step.kind === 'trade') trade(step.row, step.lots);
    else if (step.kind === 'order') place(step.order);
    else if (step.kind === 'cancel') close(step.pick);
    else {
      const order = close(step.pick);
      if (order === undefined) continue;
      const filled = Math.trunc(order.lots * step.share);
      if (filled !== 0) trade(order.row, filled);
      if (filled !== order.lots) place({ ...order, lots: order.lots - filled });
    }
    const account = accountOf(lots, [...orders.values()]);
    for (const [measure, sums] of kept) {
      const fresh = portfolioMargin(arrays, account, measure, scratch);
      expect(marginOfSums(sums)).toEqual(fresh);
      expect(marginOfSums(buildSums(arrays, account, measure))).toEqual(fresh);
    }
  }
}

describe('kept sums', () => {
  it('equal those from scratch, bit for bit, after every step of 500 histories', () => {
    fc.assert(
      fc.property(
        fc.array(someStep, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(0.3, 1),
        (steps, confidence) => play(steps, { model, confidence }),
      ),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.array(someStep, { minLength: 1, maxLength: 25 }), (steps) =>
        play(steps, { model: strict, confidence: 1 }),
      ),
      { numRuns: 100 },
    );
  });

  it('are all zero again when everything is closed', () => {
    const arrays = someArrays({ model, confidence: 1, rate: 0 });
    const sums = emptySums(arrays, 'initial');
    const order = { row: 3, lots: -7, cash: -11 };
    changePosition(sums, 3, 5);
    addOrder(sums, 1, order);
    changePosition(sums, 3, -5);
    removeOrder(sums, 1, order);
    expect(marginOfSums(sums).excess).toBe(0);
    expect([...sums.totals].every((total) => total === 0)).toBe(true);
  });
});

describe('exactness', () => {
  it('holds for the lots that fit and is refused beyond', () => {
    const arrays = someArrays({ model, confidence: 1, rate: 0 });
    const largest = Math.max(arrays.largestValue, arrays.largestTerm);
    const lots = Math.floor(2 ** 51 / largest);
    expect(isExact(arrays, lots - 1, 0)).toBe(true);
    expect(isExact(arrays, lots + 1, 0)).toBe(false);
    // 30,000 BTC gross at $100,000, in lots of 0.01.
    expect(lots).toBeGreaterThan(3_000_000);
    const account = accountOf(new Map([[0, lots + 1]]), []);
    expect(() => assertExact(arrays, account)).toThrow('2^51');
  });

  it('bounds every value and every term of a lot', () => {
    const arrays = someArrays({ model, confidence: 0.2, rate: 0.1 });
    const { layout, values, largestValue, largestTerm, groups, group } = arrays;
    for (let row = 0; row < arrays.rows; row++) {
      const terms = groups[group[row] ?? -1];
      const at = (column: number) => values[row * layout.columns + column] ?? Number.NaN;
      for (let column = 0; column < layout.columns; column++) {
        expect(Math.abs(at(column))).toBeLessThanOrEqual(largestValue);
      }
      const slots = terms?.initial.slots;
      for (let slot = 0; slot < layout.slots; slot++) {
        const gain = slots?.gain[slot] ?? Number.NaN;
        const share = slots?.share[slot] ?? Number.NaN;
        const term = gain * at(slots?.column[slot] ?? -1) - share * at(layout.mark);
        expect(Math.abs(term)).toBeLessThanOrEqual(largestTerm);
      }
    }
  });
});

describe('cash of a filled lot', () => {
  it.each([
    // A bid above the mark costs the difference and the fee; one below it the fee alone.
    { side: 'bid', price: 120, expected: -25 },
    { side: 'bid', price: 60, expected: -5 },
    { side: 'ask', price: 90, expected: -15 },
    { side: 'ask', price: 150, expected: -5 },
    { side: 'ask', price: 99.5, expected: -6 },
  ] as const)('$side at $price', ({ side, price, expected }) => {
    expect(orderCash({ side, price, mark: 100, fee: 5 })).toBe(expected);
  });
});

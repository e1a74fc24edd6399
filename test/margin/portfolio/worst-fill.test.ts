import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Account,
  type OrderTerm,
  orderCash,
} from '../../../runtime/margin/portfolio/account.ts';
import {
  marginScratch,
  portfolioMargin,
} from '../../../runtime/margin/portfolio/account-margin.ts';
import { lotLoss } from '../../../runtime/margin/portfolio/lot-loss.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import type { RiskArrays } from '../../../runtime/margin/portfolio/risk-arrays.ts';
import type { Measure } from '../../../runtime/margin/portfolio/risk-layout.ts';
import {
  accountOf,
  afterFills,
  defaultModel,
  ROWS,
  someArrays,
  someLots,
  someOrder,
} from './random-account.ts';

const MEASURES: readonly Measure[] = ['initial', 'maintenance'];
const model = defaultModel();
/** −|·| is not concave where the discounts differ; without the skews every bound is attained. */
const withoutSkews: PortfolioModel = {
  ...model,
  skew: {
    ...model.skew,
    linear: { ...model.skew.linear, weight: 0 },
    absolute: { ...model.skew.absolute, weight: 0 },
  },
};

const someAccount = (most: number): fc.Arbitrary<Account> =>
  fc
    .record({
      positions: fc.array(fc.tuple(fc.integer({ min: 0, max: ROWS - 1 }), someLots), {
        maxLength: 12,
      }),
      orders: fc.array(someOrder, { maxLength: most }),
    })
    .map(({ positions, orders }) => accountOf(new Map(positions), orders));

/** Orders of few series, so that calls, puts and both sides meet at one strike. */
const crowded: fc.Arbitrary<Account> = fc
  .record({
    lots: someLots,
    orders: fc.array(
      someOrder.map((order) => ({ ...order, row: 4 + (order.row % 4) })),
      { minLength: 2, maxLength: 8 },
    ),
  })
  .map(({ lots, orders }) => accountOf(new Map([[4, lots]]), orders));

/** Least excess over every subset of the orders, each filled whole. */
function bruteForce(arrays: RiskArrays, account: Account, measure: Measure): number {
  const scratch = marginScratch(arrays);
  let least = Number.POSITIVE_INFINITY;
  for (let subset = 0; subset < 2 ** account.orders.length; subset++) {
    const filled = account.orders.map(({ lots }: OrderTerm, index) =>
      Math.floor(subset / 2 ** index) % 2 === 1 ? Math.abs(lots) : 0,
    );
    const after = afterFills(arrays, account, filled);
    const { excess } = portfolioMargin(arrays, after.account, measure, scratch);
    least = Math.min(least, excess + after.cash);
  }
  return least;
}

/** Units that floors can take: one for each order and each of the four groups. */
function floors(account: Account): number {
  return account.orders.length + 4;
}

function excessOf(arrays: RiskArrays, account: Account, measure: Measure): number {
  return portfolioMargin(arrays, account, measure, marginScratch(arrays)).excess;
}

describe('worst fill of open orders', () => {
  it('is that of the worst subset, but for what skew cells cannot separate', () => {
    const plain = someArrays({ model: withoutSkews, confidence: 1, rate: 0 });
    fc.assert(
      fc.property(
        fc.oneof(someAccount(7), crowded),
        fc.constantFrom(...MEASURES),
        (account, measure) => {
          const bound = excessOf(plain, account, measure);
          const worst = bruteForce(plain, account, measure);
          expect(bound).toBeLessThanOrEqual(worst + floors(account));
          expect(bound).toBeGreaterThanOrEqual(worst - floors(account));
        },
      ),
      { numRuns: 120 },
    );
  });

  it('is attained with twelve orders', () => {
    const plain = someArrays({ model: withoutSkews, confidence: 1, rate: 0 });
    fc.assert(
      fc.property(someAccount(12), (account) => {
        const worst = bruteForce(plain, account, 'initial');
        expect(Math.abs(excessOf(plain, account, 'initial') - worst)).toBeLessThanOrEqual(
          floors(account),
        );
      }),
      { numRuns: 6 },
    );
  });

  it('is never above the worst subset with skew cells, and at most 0.4 % below', () => {
    const arrays = someArrays({ model, confidence: 1, rate: 0 });
    fc.assert(
      fc.property(
        fc.oneof(someAccount(7), crowded),
        fc.constantFrom(...MEASURES),
        (account, measure) => {
          const bound = excessOf(arrays, account, measure);
          const worst = bruteForce(arrays, account, measure);
          expect(bound).toBeLessThanOrEqual(worst + floors(account));
          expect(worst - bound).toBeLessThanOrEqual(0.004 * Math.abs(worst) + floors(account));
        },
      ),
      { numRuns: 120 },
    );
  });

  it('is safe against partial fills, whatever confidence and rate', () => {
    fc.assert(
      fc.property(
        someAccount(10),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 10, maxLength: 10 }),
        fc.constantFrom(0.2, 1),
        fc.constantFrom(0, 0.1),
        (account, shares, confidence, rate) => {
          const arrays = someArrays({ model, confidence, rate });
          const filled = account.orders.map(({ lots }, index) =>
            Math.round(Math.abs(lots) * (shares[index] ?? 0)),
          );
          const after = afterFills(arrays, account, filled);
          for (const measure of MEASURES) {
            expect(excessOf(arrays, account, measure)).toBeLessThanOrEqual(
              excessOf(arrays, after.account, measure) + after.cash + floors(account),
            );
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives a bid far below the mark no credit for the improvement', () => {
    // Row 0 is a call: filled when the mark has come down to it, it must be carried as if at the mark.
    const arrays = someArrays({ model, confidence: 1, rate: 0 });
    const cash = orderCash({ side: 'bid', mark: 40_000_000, price: 1, fee: 0 });
    const bid: OrderTerm = { row: 0, lots: 10, cash };
    const filled = accountOf(new Map([[0, 10]]), []);
    const mark = arrays.values[arrays.layout.mark] ?? 0;
    expect(excessOf(arrays, accountOf(new Map(), [bid]), 'initial')).toBe(
      excessOf(arrays, filled, 'initial') - 10 * mark,
    );
  });
});

describe('loss of a lot', () => {
  it('bounds what an order takes from the margin', () => {
    fc.assert(
      fc.property(
        someAccount(6),
        someOrder,
        fc.constantFrom(...MEASURES),
        fc.constantFrom(0.2, 1),
        (account, order, measure, confidence) => {
          const arrays = someArrays({ model, confidence, rate: 0 });
          const { positions, orders } = account;
          const more = { positions, orders: [...orders, order].toSorted((a, b) => a.row - b.row) };
          const loss = lotLoss(arrays, order.row, measure)[order.lots > 0 ? 'bid' : 'ask'];
          const taken = excessOf(arrays, account, measure) - excessOf(arrays, more, measure);
          // A product of the whole order may be floored one unit lower than its lots one by one.
          expect(taken).toBeLessThanOrEqual(-Math.abs(order.lots) * (loss + order.cash) + 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is the worst cell of a lot that is alone', () => {
    // The perpetual: 18 % and 4 % of $100, marked at $100.1, in units of 10⁻⁵ USD.
    const arrays = someArrays({ model, confidence: 1, rate: 0 });
    expect(lotLoss(arrays, ROWS - 1, 'initial')).toEqual({
      bid: -(1_801_800 + 400_000),
      ask: -(1_801_800 + 400_000),
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  marginScratch,
  portfolioMargin,
} from '../../../runtime/margin/portfolio/account-margin.ts';
import { kernelMargin } from '../../../runtime/margin/portfolio/margin-kernel.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import {
  beginExpiry,
  fillFuture,
  fillPerpetual,
  fillStrike,
  type RiskArrays,
  restartRiskArrays,
  riskArrays,
} from '../../../runtime/margin/portfolio/risk-arrays.ts';
import { inLots, integerPortfolio, USD_UNITS } from './integer-portfolio.ts';
import { defaultModel } from './random-account.ts';

const model = defaultModel();
const UNITS = 1_000;
const MARKET = {
  spot: 100_000,
  confidence: 1,
  pegPrice: 1,
  usdUnits: 100_000,
  optionUnits: UNITS,
  linearUnits: 100,
};

/** The same model without discounts and contingencies: cells of one lot are differences of values. */
const bare: PortfolioModel = {
  ...model,
  discount: {
    long: { base: 1, rateScale: 0, rateAdd: 0 },
    short: { base: 1, rateScale: 0, rateAdd: 0 },
  },
  scenarios: model.scenarios.map((scenario) => ({ ...scenario, weight: 1 })),
};

function row(arrays: RiskArrays, number: number): readonly number[] {
  const { columns } = arrays.layout;
  return [...arrays.values.subarray(number * columns, (number + 1) * columns)];
}

describe('risk arrays', () => {
  it('equal the float kernel to the rounding, cell by cell', () => {
    const some = fc.record({
      years: fc.constantFrom(0, 60 / 31_536_000, 1 / 365, 30 / 365, 1, 10),
      openShare: fc.constantFrom(0, 0.3, 1),
      strike: fc.integer({ min: 1_000, max: 800_000 }),
      volatility: fc.double({ min: 0, max: 5, noNaN: true }),
      discountFactor: fc.constantFrom(1, 0.8),
      kind: fc.constantFrom('call' as const, 'put' as const),
    });
    fc.assert(
      fc.property(some, ({ kind, strike, volatility, ...terms }) => {
        const expiry = {
          ...terms,
          varianceYears: terms.years,
          forward: 103_000,
          rate: 0,
          confidence: 1,
        };
        const arrays = riskArrays(bare, MARKET, 2);
        const shocks = beginExpiry(arrays, expiry);
        fillStrike(arrays, shocks, strike, volatility * Math.sqrt(terms.years), 'both');
        const option = { kind, strike, amount: 1, volatility };
        const wanted = kernelMargin(bare, {
          cash: 0,
          spot: MARKET.spot,
          spotConfidence: 1,
          pegPrice: 1,
          perpetual: { amount: 0, price: 1, confidence: 1, unrealised: 0 },
          expiries: [{ ...expiry, options: [option] }],
          assets: [],
        });
        const values = row(arrays, kind === 'call' ? 0 : 1);
        const mark = wanted.markToMarket;
        const expectNear = (column: number, value: number) => {
          const error = Math.abs((values[column] ?? Number.NaN) - value * UNITS);
          expect(error, `column ${column}`).toBeLessThanOrEqual(0.5 + 1e-5);
        };
        wanted.cells.forEach((change, cell) => {
          expectNear(cell, mark + change);
        });
        // The kernel gives a skew as −|change|.
        for (const [index, change] of [wanted.linearSkew, wanted.absoluteSkew].entries()) {
          const moved = Math.abs((values[arrays.layout.skew + index] ?? 0) - mark * UNITS);
          expect(Math.abs(moved + change * UNITS)).toBeLessThanOrEqual(0.5 + 1e-5);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('copy the forward pair from cells, or price it where the model has none like it', () => {
    const at = (up: number): readonly number[] => {
      const of = { ...model, forward: { ...model.forward, up } };
      const arrays = riskArrays(of, MARKET, 2);
      const expiry = {
        years: 0.1,
        varianceYears: 0.1,
        forward: 100_000,
        openShare: 1,
        rate: 0,
        discountFactor: 1,
        confidence: 1,
      };
      fillStrike(arrays, beginExpiry(arrays, expiry), 101_000, 0.2, 'call');
      return row(arrays, 0);
    };
    const { forwardUp, forwardDown } = riskArrays(model, MARKET, 1).layout;
    expect(at(1.045)[forwardUp]).toBe(at(1.045)[12 + 2]);
    expect(model.scenarios[14]).toEqual({ spot: 1.045, volatility: 'none', weight: 1 });
    expect(at(1.0451)[forwardUp]).toBeGreaterThan(at(1.045)[forwardUp] ?? 0);
    expect(at(1.0451)[forwardDown]).toBe(at(1.045)[forwardDown]);
  });

  it('fill futures and the perpetual by their moves, without a mark', () => {
    const arrays = riskArrays(model, MARKET, 2);
    beginExpiry(arrays, {
      years: 0.1,
      varianceYears: 0.1,
      forward: 110_000,
      openShare: 0.5,
      rate: 0,
      discountFactor: 1,
      confidence: 1,
    });
    fillFuture(arrays, {
      years: 0.1,
      varianceYears: 0.1,
      forward: 110_000,
      openShare: 0.5,
      rate: 0,
      discountFactor: 1,
      confidence: 1,
    });
    fillPerpetual(arrays, 100_100);
    const { mark, skew, delta } = arrays.layout;
    const last = model.scenarios.length - 1;
    const [future, perpetual] = [row(arrays, 0), row(arrays, 1)];
    // +500 %, of which half reaches the future.
    expect([future[last], perpetual[last]]).toEqual([27_500_000, 50_050_000]);
    expect([future[mark], future[skew], perpetual[mark]]).toEqual([0, 0, 0]);
    expect([future[delta], perpetual[delta]]).toEqual([5_500_000, 10_010_000]);
  });

  it('give a delta in dollars', () => {
    const arrays = riskArrays(model, MARKET, 2);
    const expiry = {
      years: 0.1,
      varianceYears: 0,
      forward: 100_000,
      openShare: 1,
      rate: 0,
      discountFactor: 1,
      confidence: 1,
    };
    fillStrike(arrays, beginExpiry(arrays, expiry), 50_000, 0, 'both');
    // A call that is certain to pay moves with the coin, its put not at all: 0.01 × $100,000.
    expect(row(arrays, 0)[arrays.layout.delta]).toBe(100_000 * UNITS);
    expect(row(arrays, 1)[arrays.layout.delta]).toBe(0);
  });

  it('are filled anew in the same buffers', () => {
    const first = riskArrays(model, MARKET, 4);
    fillPerpetual(first, 100_000);
    const next = restartRiskArrays(first, { ...MARKET, spot: 90_000 });
    expect(next.values).toBe(first.values);
    expect([next.rows, next.groups.length, next.largestValue]).toEqual([0, 0, 0]);
  });
});

describe('integers against the float kernel', () => {
  it('agree within half of 10⁻⁴ USD per lot', () => {
    const some = fc.array(
      fc.record({
        kind: fc.constantFrom('call' as const, 'put' as const),
        strike: fc.constantFrom(60_000, 80_000, 100_000, 120_000, 200_000),
        amount: fc.integer({ min: -900, max: 900 }).map((lots) => lots / 100),
        years: fc.constantFrom(2 / 365, 0.2, 1.5),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(some, fc.integer({ min: -3_000, max: 3_000 }), (options, perpetualLots) => {
        const years = [...new Set(options.map((option) => option.years))].sort((a, b) => a - b);
        const portfolio = inLots({
          cash: 0,
          spot: 100_000,
          spotConfidence: 1,
          pegPrice: 1,
          perpetual: {
            amount: perpetualLots / 1_000,
            price: 100_050,
            confidence: 1,
            unrealised: 0,
          },
          expiries: years.map((term) => ({
            years: term,
            varianceYears: term,
            forward: 100_000,
            openShare: 1,
            rate: 0,
            discountFactor: 1,
            confidence: 1,
            options: options
              .filter((option) => option.years === term)
              .map((option) => ({ ...option, volatility: 0.6 })),
          })),
          assets: [],
        });
        const wanted = kernelMargin(model, portfolio);
        const { arrays, account, gross } = integerPortfolio(model, portfolio);
        for (const measure of ['initial', 'maintenance'] as const) {
          const { excess } = portfolioMargin(arrays, account, measure, marginScratch(arrays));
          const error = Math.abs(excess - wanted[measure] * USD_UNITS);
          expect(error).toBeLessThanOrEqual(0.5e-4 * USD_UNITS * gross + 4);
        }
      }),
      { numRuns: 150 },
    );
  });
});

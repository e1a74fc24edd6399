/** Small random markets and accounts on them, for the properties. */
import fc from 'fast-check';
import type { Account, OrderTerm } from '../../../runtime/margin/portfolio/account.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import {
  defaultPortfolioParameters,
  portfolioModel,
} from '../../../runtime/margin/portfolio/portfolio-parameters.ts';
import {
  beginExpiry,
  fillFuture,
  fillPerpetual,
  fillStrike,
  type RiskArrays,
  riskArrays,
} from '../../../runtime/margin/portfolio/risk-arrays.ts';

export function defaultModel(): PortfolioModel {
  const model = portfolioModel(defaultPortfolioParameters());
  if (!model.ok) throw new Error(model.error.code);
  return model.value;
}

export type MarketTerms = {
  readonly model: PortfolioModel;
  readonly confidence: number;
  readonly rate: number;
};

const SPOT = 100_000;
const STRIKES = [60_000, 90_000, 100_000, 105_000, 150_000];
const EXPIRY_YEARS = [1 / 365, 30 / 365, 1];

/** Three expiries of five strikes and a future each, and a perpetual: 34 rows. */
export function someArrays({ model, confidence, rate }: MarketTerms): RiskArrays {
  const market = {
    spot: SPOT,
    confidence,
    pegPrice: 1,
    usdUnits: 100_000,
    optionUnits: 1_000,
    linearUnits: 100,
  };
  const arrays = riskArrays(model, market, 64);
  for (const years of EXPIRY_YEARS) {
    const expiry = {
      years,
      varianceYears: years,
      forward: SPOT * (1 + 0.05 * years),
      openShare: 1,
      rate,
      discountFactor: Math.exp(-rate * years),
      confidence: 1,
    };
    const shocks = beginExpiry(arrays, expiry);
    for (const strike of STRIKES) {
      const smile = 0.5 + 0.3 * Math.abs(strike / SPOT - 1);
      fillStrike(arrays, shocks, strike, smile * Math.sqrt(years), 'both');
    }
    fillFuture(arrays, expiry);
  }
  fillPerpetual(arrays, SPOT * 1.001);
  return arrays;
}

export const ROWS: number = EXPIRY_YEARS.length * (2 * STRIKES.length + 1) + 1;

/** Signed lots, never 0. */
export const someLots: fc.Arbitrary<number> = fc
  .integer({ min: -40, max: 39 })
  .map((lots) => (lots < 0 ? lots : lots + 1));

export const someOrder: fc.Arbitrary<OrderTerm> = fc.record({
  row: fc.integer({ min: 0, max: ROWS - 1 }),
  lots: someLots,
  // Up to $3 a lot from the mark; 0 for what is at it or better.
  cash: fc.oneof(fc.constant(0), fc.integer({ min: -300_000, max: 0 })),
});

export function accountOf(
  lots: ReadonlyMap<number, number>,
  orders: readonly OrderTerm[],
): Account {
  const rows = [...lots.keys()].filter((row) => lots.get(row) !== 0).sort((a, b) => a - b);
  return {
    positions: {
      rows: Int32Array.from(rows),
      lots: Float64Array.from(rows, (row) => lots.get(row) ?? 0),
    },
    orders: orders.toSorted((a, b) => a.row - b.row),
  };
}

/**
 * The account as if `filled[i]` lots of order i were filled: positions, and cash: the mark of what was
 * traded, and what the order counts beyond it.
 */
export function afterFills(
  arrays: RiskArrays,
  account: Account,
  filled: readonly number[],
): { readonly account: Account; readonly cash: number } {
  const { positions, orders } = account;
  const { columns, mark } = arrays.layout;
  const lots = new Map<number, number>();
  positions.rows.forEach((row, index) => {
    lots.set(row, positions.lots[index] ?? 0);
  });
  let cash = 0;
  orders.forEach(({ row, lots: size, cash: perLot }, index) => {
    const amount = filled[index] ?? 0;
    const traded = Math.sign(size) * amount;
    lots.set(row, (lots.get(row) ?? 0) + traded);
    cash += perLot * amount - traded * (arrays.values[row * columns + mark] ?? 0);
  });
  return { account: accountOf(lots, []), cash };
}

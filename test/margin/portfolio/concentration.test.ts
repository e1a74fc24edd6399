import { describe, expect, it } from 'vitest';
import {
  marginScratch,
  portfolioMargin,
} from '../../../runtime/margin/portfolio/account-margin.ts';
import {
  CONCENTRATED,
  type PortfolioMargin,
} from '../../../runtime/margin/portfolio/margin-result.ts';
import {
  fillPerpetual,
  riskArrays,
  setOpenInterest,
} from '../../../runtime/margin/portfolio/risk-arrays.ts';
import { defaultModel } from './random-account.ts';

const model = defaultModel();
const UNITS = 100_000;
/** One perpetual at $100,000 in lots of 0.001: a lot is $100 of delta. */
const arrays = riskArrays(
  model,
  {
    spot: 100_000,
    confidence: 1,
    pegPrice: 1,
    usdUnits: UNITS,
    optionUnits: 1_000,
    linearUnits: 100,
  },
  1,
);
fillPerpetual(arrays, 100_000);

function marginOfDelta(usd: number, bidUsd = 0): PortfolioMargin {
  setOpenInterest(arrays, 0, 0);
  return compute(usd, bidUsd);
}

function compute(usd: number, bidUsd: number): PortfolioMargin {
  const orders = bidUsd === 0 ? [] : [{ row: 0, lots: bidUsd / 100, cash: 0 }];
  const positions = { rows: Int32Array.of(0), lots: Float64Array.of(usd / 100) };
  return portfolioMargin(arrays, { positions, orders }, 'initial', marginScratch(arrays));
}

/** Loss in the worst cell as a share of the delta, less the 4 % that perpetuals are charged. */
function shareOf(usd: number, margin: PortfolioMargin): number {
  return -margin.worst / UNITS / usd - 0.04;
}

describe('concentration', () => {
  it.each([
    { millions: 20, range: 0.18 },
    { millions: 45, range: 0.18 * 1.25 },
    { millions: 70, range: 0.18 * 1.5 },
    { millions: 120, range: 0.36 },
    { millions: 400, range: 0.36 },
  ])('tests $millions million of delta over $range', ({ millions, range }) => {
    const usd = millions * 1e6;
    for (const side of [1, -1]) {
      expect(shareOf(usd, marginOfDelta(side * usd))).toBeCloseTo(range, 9);
    }
  });

  it('says where the worst is', () => {
    expect(marginOfDelta(10e6).worstMeasure).toBe(0);
    expect(marginOfDelta(70e6).worstMeasure).toBe(CONCENTRATED);
  });

  it('looks at what orders would make of it', () => {
    const filled = marginOfDelta(70e6).worst;
    const open = marginOfDelta(10e6, 60e6).worst;
    // Positions and orders are floored apart.
    expect(open).toBeLessThanOrEqual(filled);
    expect(open).toBeGreaterThanOrEqual(filled - 2);
  });

  it('gives a twentieth of the free delta above a share of the open interest', () => {
    // $15M is below the free 20, but its 150,000 lots are more than a fifth of what is open.
    setOpenInterest(arrays, 0, 700_000);
    expect(shareOf(15e6, compute(15e6, 0))).toBeCloseTo(0.18 * 1.14, 9);
    setOpenInterest(arrays, 0, 1);
    expect(shareOf(1e6, compute(1e6, 0))).toBeCloseTo(0.18, 9);
    expect(shareOf(3e6, compute(3e6, 0))).toBeCloseTo(0.18 * 1.02, 9);
    setOpenInterest(arrays, 0, 750_000);
    expect(shareOf(15e6, compute(15e6, 0))).toBeCloseTo(0.18, 9);
  });
});

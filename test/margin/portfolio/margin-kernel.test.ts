import { describe, expect, it } from 'vitest';
import {
  type KernelExpiry,
  type KernelPortfolio,
  kernelMargin,
} from '../../../runtime/margin/portfolio/margin-kernel.ts';
import type { PortfolioModel } from '../../../runtime/margin/portfolio/portfolio-model.ts';
import {
  skewMultiplier,
  skewWidth,
  staticDiscounts,
  volatilityMultipliers,
} from '../../../runtime/margin/portfolio/shocks.ts';
import { defaultModel } from './random-account.ts';

const model = defaultModel();
/** No volatility is left, so options are worth what they pay and figures can be made by hand. */
const certain: PortfolioModel = { ...model, volatility: { ...model.volatility, upFloor: 0 } };

const NOTHING: KernelPortfolio = {
  cash: 0,
  spot: 3_000,
  spotConfidence: 1,
  pegPrice: 1,
  perpetual: { amount: 0, price: 3_000, confidence: 1, unrealised: 0 },
  expiries: [],
  assets: [],
};

/** Expires now: no discount, no volatility, and the forward contingency is half of the worse move. */
function expiring(options: KernelExpiry['options']): KernelExpiry {
  return {
    years: 0,
    varianceYears: 0,
    forward: 3_000,
    openShare: 1,
    rate: 0,
    discountFactor: 1,
    confidence: 1,
    options,
  };
}

function cell(spot: number, volatility: string): number {
  return model.scenarios.findIndex((of) => of.spot === spot && of.volatility === volatility);
}

describe('float kernel', () => {
  it('has 31 cells, 23 of them regular', () => {
    expect(model.scenarios.length).toBe(31);
    expect(model.scenarios.filter(({ weight }) => weight === 1).length).toBe(23);
  });

  it('margins one perpetual', () => {
    const perpetual = { amount: -2, price: 3_000, confidence: 1, unrealised: -100 };
    const margin = kernelMargin(model, { ...NOTHING, cash: 5_000, perpetual });
    // −2 × 3,000 × 18 %; the tail of +50 % weighs 27.72 %.
    expect(margin.worst).toBeCloseTo(-1_080, 9);
    expect(margin.cells[cell(1.5, 'up')]).toBeCloseTo(-2 * 1_500 * 0.2772, 9);
    expect(margin.perpetual).toEqual({ maintenance: 180, initialAdd: 60 });
    expect(margin.initial).toBeCloseTo(5_000 - 100 - 1_080 - 240, 9);
    expect(margin.maintenance).toBeCloseTo(5_000 - 100 - 0.8 * 1_080 - 180, 9);
  });

  it('margins a naked short call in the money', () => {
    const call = { kind: 'call' as const, strike: 2_500, amount: -1, volatility: 0 };
    const margin = kernelMargin(certain, { ...NOTHING, cash: 2_000, expiries: [expiring([call])] });
    expect(margin.optionValues).toEqual([-500]);
    // The call gains the whole of +18 %: 540.
    expect(margin.worst).toBeCloseTo(-540, 9);
    expect(margin.forwardContingency).toBeCloseTo(-0.5 * 135, 9);
    expect(margin.linearSkew).toBeCloseTo(0, 9);
    expect(margin.option).toEqual({ maintenance: 9, initialAdd: 6 });
    expect(margin.initial).toBeCloseTo(2_000 - 500 - 540 - 15, 9);
    expect(margin.maintenance).toBeCloseTo(2_000 - 500 - 0.8 * 540 - 9, 9);
  });

  it('charges no short option that a long one of the strike covers', () => {
    const short = { kind: 'call' as const, strike: 2_500, amount: -3, volatility: 0 };
    const long = { kind: 'put' as const, strike: 2_500, amount: 2, volatility: 0 };
    const margin = kernelMargin(certain, { ...NOTHING, expiries: [expiring([short, long])] });
    expect(margin.option.maintenance).toBeCloseTo(3_000 * 0.003, 12);
  });

  it('charges doubt on gross options, on the perpetual and on assets, initially only', () => {
    const call = { kind: 'call' as const, strike: 2_500, amount: 1, volatility: 0 };
    const put = { kind: 'put' as const, strike: 2_500, amount: -1, volatility: 0 };
    const expiry = { ...expiring([call, put]), confidence: 0.4 };
    const margin = kernelMargin(certain, { ...NOTHING, expiries: [expiry] });
    expect(margin.confidence).toBeCloseTo(0.6 * 2 * 3_000, 9);
    const sure = kernelMargin(certain, { ...NOTHING, expiries: [{ ...expiry, confidence: 0.55 }] });
    expect(sure.confidence).toBe(0);
    expect(margin.maintenance).toBe(sure.maintenance);
  });

  it('raises the initial factor when the currency of margin falls', () => {
    expect(kernelMargin(model, { ...NOTHING, pegPrice: 0.97 }).initialFactor).toBeCloseTo(1.08, 12);
  });
});

describe('shocks', () => {
  // reference/exchange.md, B1: R = +50 % and −27.5 %.
  it.each([
    { days: 1, up: 2.387, down: 0.237 },
    { days: 7, up: 1.774, down: 0.575 },
    { days: 30, up: 1.5, down: 0.725 },
    { days: 37.2, up: 1.486, down: 0.733 },
    { days: 90, up: 1.434, down: 0.762 },
    { days: 0.25, up: 2.387, down: 0.237 },
  ])('of volatility at $days days', ({ days, up, down }) => {
    const published = { ...model, volatility: { ...model.volatility, down: 0.275 } };
    // 37.2 days is printed with three digits: its multiplier lies within 10⁻³.
    const given = volatilityMultipliers(published, days / 365);
    expect(Math.abs(given.up - up)).toBeLessThan(1e-3);
    expect(Math.abs(given.down - down)).toBeLessThan(1e-3);
  });

  it('discount a long value more than a short one, and nothing after expiry', () => {
    const none = { rate: 0, discountFactor: 1 };
    const { long, short } = staticDiscounts(model, 1, none);
    expect(long).toBeCloseTo(0.95 * 0.852_143_788_966_211, 14);
    // df = 1 caps the short discount.
    expect(short).toBe(1);
    expect(staticDiscounts(model, 0, none)).toEqual({ long: 1, short: 1 });
    const rated = staticDiscounts(model, 1, { rate: 0.1, discountFactor: 0.5 });
    expect(rated.short).toBeCloseTo(1.05 * 1.296_930_086_665_772, 12);
  });

  it('of skew raise one wing and lower the other, to a cap', () => {
    const width = skewWidth(model, model.skew.linear, 0.25);
    expect(width.cap).toBeCloseTo(0.2, 12);
    expect(width.kStar).toBeCloseTo(4 * 0.5 * 0.6, 12);
    expect(skewMultiplier(width, 0.6)).toBeCloseTo(1.1, 12);
    expect(skewMultiplier(width, 5)).toBeCloseTo(1.2, 12);
    expect(skewMultiplier(width, -5)).toBeCloseTo(0.8, 12);
  });
});

import { describe, expect, it } from 'vitest';
import {
  defaultPortfolioParameters,
  PORTFOLIO_PARAMETER_RANGES,
  portfolioModel,
} from '../../../runtime/margin/portfolio/portfolio-parameters.ts';
import { staticDiscounts } from '../../../runtime/margin/portfolio/shocks.ts';

const defaults = defaultPortfolioParameters();

describe('portfolio parameters', () => {
  it('have their genesis values within their ranges', () => {
    for (const { initial, least, most } of Object.values(PORTFOLIO_PARAMETER_RANGES)) {
      expect(initial).toBeGreaterThanOrEqual(least);
      expect(initial).toBeLessThanOrEqual(most);
    }
    expect(portfolioModel(defaults).ok).toBe(true);
  });

  const [first, ...rest] = defaults.scenarios;
  const flat = { spotPpm: 1_000_000, volatility: 'none', weightPpm: 1_000_000 } as const;
  it.each([
    [{ volatilityUpPpm: -1 }, 'parameter_out_of_range'],
    [{ longDiscountPpm: 1_000_001 }, 'parameter_out_of_range'],
    [{ shortDiscountPpm: 999_999 }, 'parameter_out_of_range'],
    [{ shortPowerPpm: 0.5 }, 'parameter_out_of_range'],
    [{ maintenanceFactorPpm: 1_100_000 }, 'initial_below_maintenance'],
    [{ scenarios: Array.from({ length: 41 }, () => flat) }, 'too_many_scenarios'],
    [{ scenarios: [{ ...flat, spotPpm: 0 }] }, 'scenario_out_of_range'],
    [{ scenarios: [...defaults.scenarios, flat] }, 'not_one_flat_scenario'],
    [{ scenarios: first === undefined ? [] : [first] }, 'not_one_flat_scenario'],
    [{ scenarios: rest.filter(({ spotPpm }) => spotPpm > 700_000) }, 'wider_range_not_covered'],
  ])('refuse %o: %s', (change, code) => {
    const model = portfolioModel({ ...defaults, ...change });
    expect(model.ok ? 'ok' : model.error.code).toBe(code);
  });

  it('keep the long discount at or below the short one at the ends of every range', () => {
    const ends = (name: keyof typeof PORTFOLIO_PARAMETER_RANGES) => [
      PORTFOLIO_PARAMETER_RANGES[name].least,
      PORTFOLIO_PARAMETER_RANGES[name].most,
    ];
    for (const longDiscountPpm of ends('longDiscountPpm')) {
      for (const shortDiscountPpm of ends('shortDiscountPpm')) {
        for (const add of ends('longRateAddPpm')) {
          const changed = { longDiscountPpm, shortDiscountPpm, longRateAddPpm: add };
          const model = portfolioModel({ ...defaults, ...changed });
          if (!model.ok) throw new Error(model.error.code);
          for (const years of [0, 0.01, 1, 10]) {
            const of = { rate: 0.2, discountFactor: Math.exp(-0.2 * years) };
            const { long, short } = staticDiscounts(model.value, years, of);
            expect(long).toBeLessThanOrEqual(short);
          }
        }
      }
    }
  });
});

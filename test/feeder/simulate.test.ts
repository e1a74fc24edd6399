import { describe, expect, test } from 'vitest';
import { mertonCall } from '../../feeder/simulate/jump-diffusion.ts';
import { MODEL_NAMES, simulatedPath } from '../../feeder/simulate/models.ts';
import { expectedVariance, type RegimeModel } from '../../feeder/simulate/regimes.ts';
import { callPrice } from '../../runtime/pricing/black76.ts';

describe.each(MODEL_NAMES)('%s', (name) => {
  const options = { initialPrice: 60_000, seed: 7 };

  test('is one path for a seed, in any order of asking', () => {
    const at = (seed: number, steps: readonly number[]): number => {
      const path = simulatedPath(name, { ...options, seed });
      for (const step of steps) path.walkTo(step);
      return path.price();
    };
    expect(at(7, [500])).toBe(at(7, [100, 200, 500]));
    expect(at(7, [500])).toBe(at(7, [900, 500]));
    expect(at(7, [500])).not.toBe(at(8, [500]));
    expect(at(7, [])).toBe(60_000);
  });

  test('moves about as much as its options say', () => {
    // A day in 5 minute returns, over 12 seeds: realised variance against that expected at the start.
    const years = 1 / 365;
    let realised = 0;
    let expected = 0;
    for (let seed = 0; seed < 12; seed++) {
      const path = simulatedPath(name, { ...options, seed });
      expected += path.volatility(years) ** 2 * years;
      let last = path.price();
      for (let step = 300; step <= 86_400; step += 300) {
        path.walkTo(step);
        realised += Math.log(path.price() / last) ** 2;
        last = path.price();
      }
    }
    expect(realised / expected).toBeGreaterThan(0.5);
    expect(realised / expected).toBeLessThan(2);
  });

  test('has options between their bounds that fall with the strike', () => {
    const path = simulatedPath(name, options);
    path.walkTo(3_600);
    const forward = path.price();
    const strikes = [0.9, 0.95, 1, 1.05, 1.1].map((x) => x * forward);
    const calls = path.calls(strikes, 7 / 365);
    calls.forEach((call, i) => {
      expect(call).toBeGreaterThanOrEqual(Math.max(0, forward - (strikes[i] ?? 0)));
      expect(call).toBeLessThan(calls[i - 1] ?? forward);
    });
  });
});

test("Merton's series is Black's value without jumps, and with many small ones", () => {
  const market = { forward: 100, strike: 105, years: 0.5 };
  const none = { volatility: 0.4, jumpsPerYear: 0, jumpMean: 0, jumpDeviation: 0 };
  expect(mertonCall(none, market)).toBeCloseTo(callPrice(100, 105, 0.4 * Math.sqrt(0.5)), 12);
  // 100 jumps of 2 % a year are a variance of 0.04 more, nearly normal.
  const many = { ...none, jumpsPerYear: 100, jumpDeviation: 0.02 };
  const whole = callPrice(100, 105, Math.sqrt((0.16 + 0.04) * 0.5));
  expect(Math.abs(mertonCall(many, market) - whole)).toBeLessThan(5e-3);
});

test("the variance that regimes are expected to bring: their own at once, the chain's in the end", () => {
  const model: RegimeModel = {
    regimes: [
      { name: 'calm', volatility: 0.2, meanDays: 30, entryJump: 0 },
      { name: 'wild', volatility: 1, meanDays: 10, entryJump: 0 },
    ],
    next: [
      [0, 1],
      [1, 0],
    ],
  };
  expect(expectedVariance(model, 0, 1e-8)).toBeCloseTo(0.04, 5);
  expect(expectedVariance(model, 1, 1e-8)).toBeCloseTo(1, 4);
  // Three quarters of the time calm, a quarter wild.
  expect(expectedVariance(model, 0, 20)).toBeCloseTo(0.75 * 0.04 + 0.25, 2);
});

import { describe, expect, test } from 'vitest';
import {
  FITTED_MODEL,
  type MarketModel,
  STEP_MS,
  simulateMarket,
  stepReturns,
} from '../../devnet/prices/jump-diffusion.ts';
import { UNDERLYING_NAMES, YEAR_MS } from '../../devnet/prices/price-source.ts';

const START = 1_800_000_000_000;
const source = (seed: number) =>
  simulateMarket({ model: FITTED_MODEL, seed, startedAtMs: START, expiryIntervalMs: 300_000 });
const index = (market: ReturnType<typeof source>, seconds: number): number =>
  market.observe({ underlying: 'BTC', atMs: START + seconds * 1_000, expiriesMs: [] }).index;

describe('simulated market', () => {
  test('starts at the recorded price and every feeder sees the same path', () => {
    const early = source(5);
    expect(index(early, 0)).toBe(FITTED_MODEL.underlyings.BTC.initialPrice);
    for (const seconds of [10, 500, 4_000]) index(early, seconds);
    // A feeder that starts late, or asks for the past, walks the same path.
    expect(index(source(5), 4_000)).toBe(index(early, 4_000));
    expect(index(early, 500)).toBe(index(source(5), 500));
    expect(index(source(6), 4_000)).not.toBe(index(early, 4_000));
  });

  test('has the variance, jumps and correlation of its parameters', () => {
    // Jumps are frequent here, so that a short walk has enough of them to count.
    const jumpy = { initialPrice: 1, volatility: 0.5, jumpsPerYear: YEAR_MS / STEP_MS / 50 };
    const sizes = { jumpMean: 0.001, jumpDeviation: 0.0005, surface: [] };
    const model: MarketModel = {
      underlyings: { BTC: { ...jumpy, ...sizes }, ETH: { ...jumpy, ...sizes } },
      correlation: 0.8,
      commonJumpsPerYear: jumpy.jumpsPerYear / 2,
      commonJumpCorrelation: 0.9,
    };
    const steps = 40_000;
    const returns = Array.from({ length: steps }, (_, step) => stepReturns(model, 3, step));
    for (const name of UNDERLYING_NAMES) {
      const variance = returns.reduce((sum, r) => sum + r[name] ** 2, 0) / steps;
      const expected =
        (0.5 ** 2 * STEP_MS) / YEAR_MS + (sizes.jumpMean ** 2 + sizes.jumpDeviation ** 2) / 50;
      expect(variance / expected).toBeGreaterThan(0.9);
      expect(variance / expected).toBeLessThan(1.1);
      const jumps = returns.filter((r) => Math.abs(r[name]) > 6e-4).length;
      // 800 expected; of a normal(0.001, 0.0005) jump 79 % exceed 0.0006.
      expect(jumps).toBeGreaterThan(550);
      expect(jumps).toBeLessThan(720);
    }
    const calm = returns.filter((r) => Math.abs(r.BTC) < 3e-4 && Math.abs(r.ETH) < 3e-4);
    const dot = calm.reduce((sum, r) => sum + (r.BTC + 1.9e-5) * (r.ETH + 1.9e-5), 0);
    const norm = calm.reduce((sum, r) => sum + (r.BTC + 1.9e-5) ** 2, 0);
    expect(dot / norm).toBeGreaterThan(0.75);
    expect(dot / norm).toBeLessThan(0.85);
  });

  test('is a martingale: the drift takes off what jumps are expected to bring', () => {
    const steps = 100_000;
    let sum = 0;
    for (let step = 0; step < steps; step++) sum += stepReturns(FITTED_MODEL, 11, step).ETH;
    const deviation = Math.sqrt((0.95 ** 2 * steps * STEP_MS) / YEAR_MS);
    expect(Math.abs(sum)).toBeLessThan(3 * deviation);
  });
});

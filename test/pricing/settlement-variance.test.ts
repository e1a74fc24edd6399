import { expect, test } from 'vitest';
import { expiryPricing, priceSeries } from '../../runtime/pricing/price-series.ts';
import { effectiveVarianceMs, openShare } from '../../runtime/pricing/settlement-variance.ts';

const MINUTE = 60_000;
const W = 30 * MINUTE;

test('variance time is τ − 2W/3 before the window and (τ/3)(τ/W)² inside, and continuous', () => {
  expect(effectiveVarianceMs(90 * MINUTE, W)).toBe(70 * MINUTE);
  expect(effectiveVarianceMs(W, W)).toBe(10 * MINUTE);
  expect(effectiveVarianceMs(W - 1, W)).toBeCloseTo(10 * MINUTE, -1);
  expect(effectiveVarianceMs(15 * MINUTE, W)).toBe(1.25 * MINUTE);
  expect(effectiveVarianceMs(0, W)).toBe(0);
  expect(effectiveVarianceMs(-5, W)).toBe(0);
});

test('delta decays with the open share of the mean', () => {
  expect([2 * W, W, W / 2, 0, -1].map((left) => openShare(left, W))).toEqual([1, 1, 0.5, 0, 0]);
});

test('variance time is that of the mean of a random walk', () => {
  // Var of the mean of n steps still to come, of N: Σ over future steps of (share of slots after)².
  const slots = 1_000;
  for (const left of [1_000, 500, 100]) {
    let sum = 0;
    for (let j = 1; j <= left; j++) sum += (j / slots) ** 2;
    expect(effectiveVarianceMs(left, slots) / sum).toBeCloseTo(1, 1);
  }
});

/** design/exchange.md §5: at 07:30 naive Black marks 181 where 104 is right. */
test('an at-the-money BTC option half an hour before its expiry', () => {
  const inputs = {
    expiry: W,
    markedAt: 0,
    forward: 100_000_000_000,
    // 60 % a year over half an hour.
    theta: Math.round(((0.36 * 0.5) / 8_760) * 1e12),
    u: 0,
    l: 0,
  };
  const strike = 100_000_000_000;
  const naive = priceSeries(expiryPricing({ ...inputs, windowMs: 0 }), 'call', strike);
  const right = priceSeries(expiryPricing({ ...inputs, windowMs: W }), 'call', strike);
  expect(Math.round(naive.price / 1e6)).toBe(181);
  expect(Math.round(right.price / 1e6)).toBe(104);
  expect(right.volatility).toBe(600_000);
  expect(right.delta).toBeGreaterThan(500_000);
  // At the money a price is proportional to its volatility of 60 points, but for ½σ²τ.
  expect(Math.abs(60 * right.vega - right.price)).toBeLessThan(right.price / 10_000);
  expect(Math.abs(60 * naive.vega - naive.price)).toBeLessThan(naive.price / 10_000);
});

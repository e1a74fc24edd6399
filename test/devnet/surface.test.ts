import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { totalVariance, withoutCalendar } from '../../devnet/prices/essvi.ts';
import { fitSlice } from '../../devnet/prices/fit-slice.ts';
import { FITTED_MODEL } from '../../devnet/prices/jump-diffusion.ts';
import type { Slice } from '../../devnet/prices/price-source.ts';
import { knotAt, slicesAt } from '../../devnet/prices/surface.ts';

const MINUTE_MS = 60_000;

function expectFreeOfArbitrage(slices: readonly Slice[]): void {
  slices.forEach(({ theta, u, l }, i) => {
    const wing = Math.max(u, l);
    expect(wing).toBeLessThan(4);
    expect(((u + l) / 2) * wing).toBeLessThanOrEqual(4 * theta * (1 + 1e-12));
    const before = slices[i - 1];
    if (!before) return;
    expect(theta).toBeGreaterThanOrEqual(before.theta);
    expect(u).toBeGreaterThanOrEqual(before.u);
    expect(l).toBeGreaterThanOrEqual(before.l);
    expect((u + l) / theta).toBeLessThanOrEqual(
      ((before.u + before.l) / before.theta) * (1 + 1e-9),
    );
  });
}

describe('eSSVI fit', () => {
  test('finds the slice that the points were made from', () => {
    const made: Slice = { theta: 0.004, u: 0.05, l: 0.085 };
    const points = Array.from({ length: 21 }, (_, i) => {
      const k = (i - 10) * 0.02;
      return { k, variance: totalVariance(made, k), weight: 1 + (i % 3) };
    });
    const fit = fitSlice(points);
    expect(fit?.slice.theta).toBeCloseTo(made.theta, 7);
    expect(fit?.slice.u).toBeCloseTo(made.u, 5);
    expect(fit?.slice.l).toBeCloseTo(made.l, 5);
    expect(fit?.rmse).toBeLessThan(1e-7);
  });

  test('has no answer to fewer than five points', () => {
    expect(fitSlice([{ k: 0, variance: 0.01, weight: 1 }])).toBeUndefined();
  });

  test('θ is the total variance at the money', () => {
    expect(totalVariance({ theta: 0.02, u: 0.1, l: 0.3 }, 0)).toBeCloseTo(0.02, 15);
  });
});

describe('surface', () => {
  test('any slices are repaired to slices without arbitrage', () => {
    const slice = fc.record({
      theta: fc.double({ min: 1e-8, max: 2, noNaN: true }),
      u: fc.double({ min: 1e-6, max: 8, noNaN: true }),
      l: fc.double({ min: 1e-6, max: 8, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(slice, { minLength: 1, maxLength: 6 }), (slices) => {
        expectFreeOfArbitrage(withoutCalendar(slices));
      }),
    );
  });

  test('slices without arbitrage are left as they are', () => {
    const slices = [
      { theta: 0.001, u: 0.02, l: 0.03 },
      { theta: 0.002, u: 0.03, l: 0.045 },
    ];
    expect(withoutCalendar(slices)).toEqual(slices);
  });

  test('one expiry interval is read as one recorded day', () => {
    const { surface } = FITTED_MODEL.underlyings.BTC;
    const expiryIntervalMs = 5 * MINUTE_MS;
    const [slice] = slicesAt(surface, {
      atMs: 0,
      expiriesMs: [2 * expiryIntervalMs],
      expiryIntervalMs,
    });
    const years = (2 * expiryIntervalMs) / (365 * 24 * 60 * MINUTE_MS);
    expect(Math.sqrt((slice?.theta ?? 0) / years)).toBeCloseTo(knotAt(surface, 2).volatility, 12);
  });

  test('expired expiries are left out and the others come in order without arbitrage', () => {
    for (const { surface } of Object.values(FITTED_MODEL.underlyings)) {
      const slices = slicesAt(surface, {
        atMs: 1_000,
        expiriesMs: [900_000, 1_000, 300_000, 500, 600_000],
        expiryIntervalMs: 5 * MINUTE_MS,
      });
      expect(slices.map(({ expiryMs }) => expiryMs)).toEqual([300_000, 600_000, 900_000]);
      expectFreeOfArbitrage(slices);
    }
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { deviationVega } from '../../runtime/pricing/vega.ts';

test('vega is the rise of call and put with deviation, and the same for both', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: 0.05, max: 2, noNaN: true }),
      (k, deviation) => {
        const forward = 100_000;
        const strike = forward * Math.exp(k);
        const step = 1e-4;
        const vega = deviationVega(forward, strike, deviation);
        for (const price of [callPrice, putPrice]) {
          const rise =
            price(forward, strike, deviation + step) - price(forward, strike, deviation - step);
          expect(Math.abs(rise / (2 * step) - vega)).toBeLessThan(1e-4 * forward);
        }
      },
    ),
  );
  expect(deviationVega(100, 110, 0)).toBe(0);
  // F ÷ √(2π).
  expect(deviationVega(100, 100, 0)).toBeCloseTo(39.894_228_040_143_27, 12);
});

/** Greeks against published values, and against differences of the price. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { type GreeksInput, greeks } from '../../runtime/pricing/greeks.ts';

test('the forward Greeks of F100 K105 σ√τ 0.2: QuantLib blackcalculator.cpp, undiscounted', () => {
  // With df 0.95 and S 98 the published deltas are 0.42921… (spot) and 0.42063… (discounted forward).
  const { delta, vega } = greeks({
    kind: 'call',
    forward: 100,
    strike: 105,
    volatility: 0.2,
    years: 1,
  });
  expect(delta * 0.95).toBeCloseTo(0.42063116955653351, 14);
  expect(vega * 0.95).toBeCloseTo(37.508870024173795, 12);
});

const inputs = fc.record({
  kind: fc.constantFrom('call' as const, 'put' as const),
  forward: fc.double({ min: 50, max: 200, noNaN: true }),
  strike: fc.double({ min: 50, max: 200, noNaN: true }),
  volatility: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
  years: fc.double({ min: 0.05, max: 2, noNaN: true }),
});

/** Central difference of the price in one input. */
function slope(
  input: GreeksInput,
  field: 'forward' | 'volatility' | 'years',
  step: number,
): number {
  const price = (sign: number): number =>
    greeks({ ...input, [field]: input[field] + sign * step }).price;
  return (price(1) - price(-1)) / (2 * step);
}

test('first and second derivatives are those of the price', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const all = greeks(input);
      const { forward, volatility } = input;
      expect(Math.abs(all.delta - slope(input, 'forward', 1e-4 * forward))).toBeLessThan(1e-6);
      expect(Math.abs(all.vega - slope(input, 'volatility', 1e-4))).toBeLessThan(1e-4);
      expect(Math.abs(all.theta + slope(input, 'years', 1e-6))).toBeLessThan(
        1e-4 * (1 + Math.abs(all.theta)),
      );
      const deltaAt = (f: number, v: number): number =>
        greeks({ ...input, forward: f, volatility: v }).delta;
      const df = 1e-4 * forward;
      const gamma =
        (deltaAt(forward + df, volatility) - deltaAt(forward - df, volatility)) / (2 * df);
      expect(Math.abs(all.gamma - gamma)).toBeLessThan(1e-5);
      const vanna =
        (deltaAt(forward, volatility + 1e-4) - deltaAt(forward, volatility - 1e-4)) / 2e-4;
      expect(Math.abs(all.vanna - vanna)).toBeLessThan(1e-4);
      const vegaAt = (v: number): number => greeks({ ...input, volatility: v }).vega;
      const volga = (vegaAt(volatility + 1e-4) - vegaAt(volatility - 1e-4)) / 2e-4;
      expect(Math.abs(all.volga - volga)).toBeLessThan(1e-3 * (1 + Math.abs(all.volga)));
    }),
  );
});

test('a put has the call’s gamma and vega, and its delta less one', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const call = greeks({ ...input, kind: 'call' });
      const put = greeks({ ...input, kind: 'put' });
      expect(put.gamma).toBe(call.gamma);
      expect(put.vega).toBe(call.vega);
      expect(put.delta).toBe(call.delta - 1);
    }),
  );
});

test('without time an option is its payoff', () => {
  const still = greeks({ kind: 'put', forward: 90, strike: 100, volatility: 0.5, years: 0 });
  expect(still).toEqual({
    price: putPrice(90, 100, 0),
    delta: -1,
    gamma: 0,
    vega: 0,
    theta: 0,
    rho: -0,
    vanna: 0,
    volga: 0,
  });
  expect(callPrice(90, 100, 0)).toBe(0);
});

/** Black-76 against published and high-precision values, and the relations prices must keep. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callDelta, callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { erfc, erfcx, exp, ln } from '../../runtime/pricing/elementary.ts';
import { relativeError, VECTORS } from './vectors.ts';

type Haug = (typeof VECTORS.haug)[number];

/** Black–Scholes–Merton through the forward: what the chain prices, discounted by the test. */
function blackScholes({ cp, K, S, q, r, t, v }: Haug): number {
  const forward = Number(S) * Math.exp((Number(r) - Number(q)) * Number(t));
  const deviation = Number(v) * Math.sqrt(Number(t));
  const price = cp === 1 ? callPrice : putPrice;
  return price(forward, Number(K), deviation) * Math.exp(-Number(r) * Number(t));
}

/** 1e-15 of the greater of forward and strike, discounted as the price is. */
function toleranceOf({ K, S, q, r, t }: Haug): number {
  const discount = Math.exp(-Number(r) * Number(t));
  const forward = Number(S) * Math.exp((Number(r) - Number(q)) * Number(t));
  return 1e-15 * Math.max(forward, Number(K)) * discount;
}

describe('reference values', () => {
  test.each(VECTORS.haug)('Haug: $cp K$K S$S q$q r$r t$t v$v', (row) => {
    expect(Math.abs(blackScholes(row) - Number(row.exact))).toBeLessThan(toleranceOf(row));
  });

  test.each(VECTORS.black76)('F$forward K$strike s$deviation', (row) => {
    const [forward, strike, deviation] = [row.forward, row.strike, row.deviation].map(Number);
    if (forward === undefined || strike === undefined || deviation === undefined) return;
    const tolerance = 1e-15 * Math.max(forward, strike);
    expect(Math.abs(callPrice(forward, strike, deviation) - Number(row.call))).toBeLessThan(
      tolerance,
    );
    expect(Math.abs(putPrice(forward, strike, deviation) - Number(row.put))).toBeLessThan(
      tolerance,
    );
    expect(Math.abs(callDelta(forward, strike, deviation) - Number(row.delta))).toBeLessThan(1e-11);
  });

  test.each(VECTORS.normalTail)('N(−$x)', ({ x, value }) => {
    expect(relativeError(0.5 * erfc(Number(x) / Math.sqrt(2)), Number(value))).toBeLessThan(1e-13);
  });

  test('every vector of the shared file, where that is at hand', () => {
    const shared = new URL('../../../shared/data/pricing-vectors.json', import.meta.url);
    const rows: Haug[] = existsSync(shared)
      ? JSON.parse(readFileSync(shared, 'utf8')).bsm_haug
      : VECTORS.haug;
    expect(rows.length).toBe(43);
    for (const row of rows) {
      expect(Math.abs(blackScholes(row) - Number(row.exact))).toBeLessThan(toleranceOf(row));
    }
  });
});

test.each([
  ['exp', exp, 2, '7.3890560989306502', 1],
  ['ln', ln, 3, '1.0986122886681097', 1],
  ['erfc', erfc, 0.5, '0.47950012218695346', 3],
  ['erfcx', erfcx, 10, '0.056140992743822586', 1],
])('%s is within its stated error', (_, f, x, exact, ulps) => {
  expect(relativeError(f(x), Number(exact))).toBeLessThan((ulps + 0.5) * 2 ** -52);
});

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const deviations = fc.double({ min: 0, max: 5, noNaN: true });

test('prices keep parity and their bounds, and do not fall with volatility', () => {
  fc.assert(
    fc.property(positive, positive, deviations, deviations, (forward, strike, one, other) => {
      const [calm, wild] = one < other ? [one, other] : [other, one];
      const call = callPrice(forward, strike, calm);
      const put = putPrice(forward, strike, calm);
      const scale = 1e-12 * Math.max(forward, strike);
      expect(Math.abs(call - put - (forward - strike))).toBeLessThanOrEqual(scale);
      expect(call).toBeGreaterThanOrEqual(Math.max(0, forward - strike));
      expect(put).toBeGreaterThanOrEqual(Math.max(0, strike - forward));
      expect(call).toBeLessThanOrEqual(forward + scale);
      expect(put).toBeLessThanOrEqual(strike + scale);
      expect(callPrice(forward, strike, wild)).toBeGreaterThanOrEqual(call - scale);
      const delta = callDelta(forward, strike, calm);
      expect(delta).toBeGreaterThanOrEqual(0);
      expect(delta).toBeLessThanOrEqual(1);
    }),
  );
});

test('without variance an option is worth its intrinsic value, exactly', () => {
  expect(callPrice(60_000, 58_000, 0)).toBe(2_000);
  expect(putPrice(60_000, 58_000, 0)).toBe(0);
  expect(putPrice(60_000, 61_000.5, 0)).toBe(1_000.5);
  expect(callPrice(60_000, 60_000, 0)).toBe(0);
});

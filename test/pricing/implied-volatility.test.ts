/** Implied volatility: round trips over the whole domain, bounds, and the normalised Black function. */
import { describe, expect, test } from 'vitest';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { impliedDeviation, impliedVolatility } from '../../runtime/pricing/implied-volatility.ts';
import { normalisedBlack } from '../../runtime/pricing/normalised-black.ts';
import { relativeError, VECTORS } from './vectors.ts';

const POINTS = 1_000_000;

/** mulberry32: the same points on every machine. */
function uniform(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Distance to the next double above. */
function ulp(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const next = view.getBigUint64(0) + 1n;
  view.setBigUint64(0, next);
  return view.getFloat64(0) - value;
}

/** From 1 % to 1000 % volatility, a minute to ten years, to 37 deviations out of the money. */
function* domain(): Generator<{
  forward: number;
  strike: number;
  s: number;
  kind: 'call' | 'put';
}> {
  const next = uniform(20_261_121);
  while (true) {
    const volatility = 10 ** (next() * 3 - 2);
    const years = 10 ** (next() * 6.72 - 5.72);
    const s = volatility * Math.sqrt(years);
    const h = next() < 0.5 ? 37 * next() : 10 ** (next() * 7 - 6);
    const forward = 10 ** (next() * 6 - 1);
    const distance = Math.exp(h * s);
    if (h * s > 20) continue;
    const strike = next() < 0.5 ? forward * distance : forward / distance;
    yield { forward, strike, s, kind: next() < 0.5 ? 'call' : 'put' };
  }
}

describe('round trip', () => {
  test('a million points: within 4 ulp and twice what half an ulp of the price moves it', () => {
    let worst = 0;
    let seen = 0;
    for (const { forward, strike, s, kind } of domain()) {
      const price = (kind === 'call' ? callPrice : putPrice)(forward, strike, s);
      const intrinsic = Math.max(0, kind === 'call' ? forward - strike : strike - forward);
      const bound = kind === 'call' ? forward : strike;
      // Where the price rounds to a bound no volatility can be told from it.
      if (price - intrinsic < 1e-290 || price >= bound) continue;
      const result = impliedDeviation({ kind, forward, strike, price });
      if (!result.ok) throw new Error(JSON.stringify({ forward, strike, s, kind, result }));
      const d = Math.log(Math.min(forward, strike) / Math.max(forward, strike)) / s + s / 2;
      const vega = (Math.min(forward, strike) * Math.exp((-d * d) / 2)) / Math.sqrt(2 * Math.PI);
      const allowed = 4 * ulp(s) + ulp(price) / vega;
      worst = Math.max(worst, Math.abs(result.value - s) / allowed);
      seen += 1;
      if (seen === POINTS) break;
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  test('years turn a deviation into an annual volatility', () => {
    const price = callPrice(60_000, 65_000, 0.8 * Math.sqrt(0.25));
    const quote = { kind: 'call', forward: 60_000, strike: 65_000, price } as const;
    const result = impliedVolatility(quote, 0.25);
    expect(result.ok && result.value).toBeCloseTo(0.8, 14);
  });
});

describe('bounds', () => {
  const quote = { kind: 'call', forward: 100, strike: 90, price: 10 } as const;
  test.each([
    ['forward', { ...quote, forward: 0 }, { code: 'bad_input', field: 'forward' }],
    ['strike', { ...quote, strike: Number.NaN }, { code: 'bad_input', field: 'strike' }],
    ['price', { ...quote, price: -1 }, { code: 'bad_input', field: 'price' }],
    ['infinite price', { ...quote, price: Infinity }, { code: 'bad_input', field: 'price' }],
    [
      'below intrinsic value',
      { ...quote, price: 9.99 },
      { code: 'below_intrinsic', price: 9.99, intrinsic: 10 },
    ],
    [
      'at the bound of a call',
      { ...quote, price: 100 },
      { code: 'above_bound', price: 100, bound: 100 },
    ],
    [
      'at the bound of a put',
      { ...quote, kind: 'put' as const, price: 90 },
      { code: 'above_bound', price: 90, bound: 90 },
    ],
  ])('%s', (_, given, error) => {
    expect(impliedDeviation(given)).toEqual({ ok: false, error });
  });

  test('no time is an error, after the price is known to be one', () => {
    expect(impliedVolatility({ ...quote, price: 11 }, 0)).toEqual({
      ok: false,
      error: { code: 'bad_input', field: 'years' },
    });
  });

  test('intrinsic value has no deviation', () => {
    expect(impliedDeviation(quote)).toEqual({ ok: true, value: 0 });
  });
});

test.each(VECTORS.normalisedBlack)('normalised Black ($x, $s), published to 22 digits', (row) => {
  const [x, s, beta] = [Number(row.x), Number(row.s), Number(row.beta)];
  const value = Math.exp(x / 2) * normalisedBlack(x, s);
  const tolerance = 5e-15 * Math.max(1, -Math.log(beta));
  expect(relativeError(value, beta)).toBeLessThan(tolerance);
});

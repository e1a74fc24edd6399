/** Bit-equality of prices over machines and versions: a recorded trace of a million. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { callDelta, callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { essviSlice, totalVariance } from '../../runtime/pricing/essvi.ts';

const PRICES = 1_000_000;

/** Numerical Recipes' generator, in 32-bit integers: the same inputs everywhere. */
function* inputs(): Generator<number> {
  let seed = 20_261_225;
  while (true) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    yield seed / 4_294_967_296;
  }
}

/** SHA-256 of variance, call, put and delta of `PRICES` series, as little-endian doubles. */
function traceHash(): string {
  const bytes = new Uint8Array(PRICES * 32);
  const view = new DataView(bytes.buffer);
  const random = inputs();
  const next = (): number => random.next().value;
  for (let i = 0; i < PRICES; i++) {
    const theta = Math.floor(next() * next() * 1e12) + 1;
    const slice = essviSlice({ theta, u: Math.floor(next() * 1e9), l: Math.floor(next() * 1e9) });
    const forward = 1_000 + 100_000 * next();
    const k = next() * 2 - 1;
    const strike = forward * (1 + 0.9 * k);
    const variance = totalVariance(slice, k);
    const deviation = Math.sqrt(variance);
    view.setFloat64(32 * i, variance, true);
    view.setFloat64(32 * i + 8, callPrice(forward, strike, deviation), true);
    view.setFloat64(32 * i + 16, putPrice(forward, strike, deviation), true);
    view.setFloat64(32 * i + 24, callDelta(forward, strike, deviation), true);
  }
  return toHex(sha256(bytes));
}

test('a million prices have the recorded bits', () => {
  const recorded: { readonly sha256: string } = JSON.parse(
    readFileSync(new URL('../vectors/price-trace.json', import.meta.url), 'utf8'),
  );
  expect(traceHash()).toBe(recorded.sha256);
});

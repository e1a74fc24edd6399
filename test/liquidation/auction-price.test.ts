/** The auction's formulas, against Derive's published examples and by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bufferedExcess,
  discountPpm,
  insolventPayout,
  keptPpm,
  largestSharePpm,
  takeFee,
} from '../../runtime/liquidation/auction-price.ts';
import {
  DEFAULT_LIQUIDATION_PARAMETERS as DEFAULTS,
  LIQUIDATION_PARAMETER_RANGES,
  liquidationParametersProblem,
} from '../../runtime/liquidation/parameters.ts';
import { runs } from '../fixtures/runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the price', () => {
  test.each([
    ['at first 95 %', 0, 950_000],
    ['half-way through the first 15 minutes 82.5 %', 7.5 * MINUTE, 825_000],
    ['after 15 minutes 70 %', 15 * MINUTE, 700_000],
    ['6 hours later half of that', 15 * MINUTE + 6 * HOUR, 350_000],
    ['12 hours later nothing', 15 * MINUTE + 12 * HOUR, 0],
    ['nothing for ever', 48 * HOUR, 0],
  ])('is %s', (_name, elapsed, expected) => {
    expect(discountPpm(DEFAULTS, elapsed)).toBe(expected);
  });

  test('never rises', () => {
    let last = discountPpm(DEFAULTS, 0);
    for (let elapsed = 0; elapsed <= 13 * HOUR; elapsed += 97_003) {
      const now = discountPpm(DEFAULTS, elapsed);
      expect(now).toBeLessThanOrEqual(last);
      last = now;
    }
  });
});

describe('the share that restores the buffer', () => {
  test('is 41.82 % in the published example: buffered −62,000, value 98,000, price 88 %', () => {
    const facts = { buffered: -62_000n, value: 98_000n, reserved: 0n, keptPpm: 880_000 };
    // 62,000 ÷ (62,000 + 0.88 × 98,000), rounded up to a millionth.
    expect(largestSharePpm(facts)).toBe(418_241);
  });

  test('is 37.5 % at the full price of 100,000 with −60,000, and its fee 3,750 as published', () => {
    const facts = { buffered: -60_000n, value: 100_000n, reserved: 0n, keptPpm: 1_000_000 };
    expect(largestSharePpm(facts)).toBe(375_000);
    expect(takeFee(37_500n, 37_500n, DEFAULTS.feeBps)).toBe(3_750n);
  });

  test('is the whole when nothing is kept of the price', () => {
    const facts = { buffered: -1n, value: 100_000n, reserved: 0n, keptPpm: 0 };
    expect(largestSharePpm(facts)).toBe(1_000_000);
  });

  test('takes the buffered excess to 0 and not to a millionth of the whole above', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 15n });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.nat({ max: 999_999 }),
        fc.nat({ max: 1_000_000 }),
        (lacking, value, reservedPpm, kept) => {
          const reserved = (value * BigInt(reservedPpm)) / 1_000_000n;
          const buffered = -lacking;
          const ppm = largestSharePpm({ buffered, value, reserved, keptPpm: kept });
          // (1 − f)(B − reserved) + reserved + f·p·(V − reserved), a billion billion times.
          const restored = (f: bigint): bigint =>
            (1_000_000n - f) * (buffered - reserved) * 1_000_000n +
            reserved * 10n ** 12n +
            f * BigInt(kept) * (value - reserved);
          expect(ppm).toBeGreaterThanOrEqual(1);
          expect(ppm).toBeLessThanOrEqual(1_000_000);
          if (ppm < 1_000_000) expect(restored(BigInt(ppm))).toBeGreaterThanOrEqual(0n);
          expect(restored(BigInt(ppm - 1))).toBeLessThan(0n);
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe('amounts', () => {
  test('the buffer is 15 % of the requirement: Derive’s MM + 0.15 (MM − MtM)', () => {
    // Value 100, lacks 40 of a requirement of 140: 40 + 21.
    expect(bufferedExcess({ value: 100n, bare: -40n }, 1_500)).toBe(-61n);
  });

  test('the account keeps the price less the fee, never less than nothing', () => {
    expect([keptPpm(950_000, 1_000), keptPpm(100_000, 1_000), keptPpm(50_000, 1_000)]).toEqual([
      850_000, 0, 0,
    ]);
  });

  test('a fee is rounded up, at most the price, and never negative', () => {
    expect(takeFee(101n, 100n, 1_000)).toBe(11n);
    expect(takeFee(101n, 5n, 1_000)).toBe(5n);
    expect(takeFee(-101n, 5n, 1_000)).toBe(0n);
  });

  test.each([
    ['at first the hole alone', 0, { hole: 50n, premium: 0n }],
    ['after half an hour half the requirement beside it', 30 * MINUTE, { hole: 50n, premium: 60n }],
    ['after an hour all of it', HOUR, { hole: 50n, premium: 120n }],
    ['and no more', 9 * HOUR, { hole: 50n, premium: 120n }],
  ])('the payout for an insolvent account is %s', (_name, elapsed, expected) => {
    // Value −50, requirement 120: excess −170.
    expect(insolventPayout({ value: -50n, bare: -170n }, DEFAULTS, elapsed)).toEqual(expected);
  });
});

describe('parameters', () => {
  test('the defaults are allowed', () => {
    expect(liquidationParametersProblem(DEFAULTS)).toBeUndefined();
  });

  test.each(Object.entries(LIQUIDATION_PARAMETER_RANGES))(
    '%s is held to its range',
    (name, range) => {
      for (const value of [range.min - 1, range.max + 1]) {
        expect(liquidationParametersProblem({ ...DEFAULTS, [name]: value })).toContain(name);
      }
    },
  );

  test('the price may not rise', () => {
    expect(liquidationParametersProblem({ ...DEFAULTS, startBps: 6_000 })).toContain('fastBps');
  });
});

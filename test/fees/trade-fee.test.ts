import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactProduct, tradeFee } from '../../runtime/fees/trade-fee.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, MICRO } from '../fixtures/state.ts';

/** 3 bp of the notional of `lots` at $100,000, unless the cap is less. */
function takerFee(lots: number, premium: bigint, index: number = 100_000 * MICRO): bigint {
  return tradeFee({ underlying: BTC, index, lots, premium, centiBps: BTC.takerFeeCentiBps });
}

test.each([
  // 0.01 BTC: $1,000, so $0.30.
  { lots: 1, premium: 1_000_000_000n, fee: 300_000n },
  { lots: 250, premium: 1_000_000_000n, fee: 75_000_000n },
  // 12.5 % of $1 is less than $0.30, and 12.5 % of 9 micro-USD is 1.125: the payer bears it.
  { lots: 1, premium: 1_000_000n, fee: 125_000n },
  { lots: 1, premium: 9n, fee: 2n },
  { lots: 1, premium: 0n, fee: 0n },
])('$lots lots, premium $premium: $fee micro-USD', ({ lots, premium, fee }) => {
  expect(takerFee(lots, premium)).toBe(fee);
});

test('a fraction of a micro-USD is rounded up', () => {
  // 1 micro-USD above $100,000 a coin: 300,000.000003.
  expect(takerFee(1, 1_000_000_000n, 100_000 * MICRO + 1)).toBe(300_001n);
});

test('is exact beyond what doubles hold', () => {
  // 10⁹ lots are 10⁷ BTC, $10¹², 3 bp of it $3 × 10⁸.
  const premium = 10n ** 24n;
  expect(takerFee(1_000_000_000, premium)).toBe(300_000_000n * BigInt(MICRO));
  expect(takerFee(1_000_000_000, premium, 100_000 * MICRO + 1)).toBe(
    300_000_000n * BigInt(MICRO) + 3_000n,
  );
  expect(exactProduct(1_000_000_007, 1_000_000_000_003)).toBe(1_000_000_007n * 1_000_000_000_003n);
});

test('numbers and bigints agree with the formula in bigints', () => {
  const ceil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 10 ** 12 }),
      fc.oneof(fc.bigInt(0n, 10n ** 7n), fc.bigInt(0n, 2n * 10n ** 12n)),
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 0, max: 10_000 }),
      (lots, index, premium, centiBps, feeCapBps) => {
        const underlying = { ...BTC, feeCapBps };
        const notional = ceil(BigInt(lots) * BigInt(index) * BigInt(centiBps), 100_000_000n);
        const cap = ceil(premium * BigInt(feeCapBps), 10_000n);
        const expected = notional < cap ? notional : cap;
        expect(tradeFee({ underlying, index, lots, premium, centiBps })).toBe(expected);
      },
    ),
    { numRuns: runs(500) },
  );
});

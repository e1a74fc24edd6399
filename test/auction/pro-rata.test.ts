/** Sharing at the margin. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Claim, proRata } from '../../runtime/auction/pro-rata.ts';
import { runs } from '../fixtures/runs.ts';

const claims = (...lots: readonly number[]): Claim[] =>
  lots.map((own, i) => ({ lots: own, hash: () => new Uint8Array([255 - i]) }));

describe('worked examples', () => {
  test.each<{
    readonly rule: string;
    readonly available: number;
    readonly lots: readonly number[];
    readonly opposing: number;
    readonly shares: readonly number[];
  }>([
    // 60 of 120: each gets half.
    {
      rule: 'in proportion',
      available: 60,
      lots: [20, 40, 60],
      opposing: 60,
      shares: [10, 20, 30],
    },
    // 7 × 3/9 = 2 3/9, 7 × 5/9 = 3 8/9, 7 × 1/9 = 7/9: the two lots over go to 8/9 and 7/9.
    { rule: 'largest remainder', available: 7, lots: [3, 5, 1], opposing: 7, shares: [2, 4, 1] },
    // 1⅓ each, one lot over: the last has the lowest hash.
    { rule: 'ties by hash', available: 4, lots: [2, 2, 2], opposing: 4, shares: [1, 1, 2] },
    // The sellers have 10 lots: a bid for a million counts as 10, so both get 5, not 9,999 to 1.
    {
      rule: 'a size beyond the other side counts as the other side',
      available: 10,
      lots: [1_000_000, 10],
      opposing: 10,
      shares: [5, 5],
    },
    { rule: 'nothing to share', available: 0, lots: [3, 4], opposing: 9, shares: [0, 0] },
  ])('$rule', ({ available, lots, opposing, shares }) => {
    expect(proRata(available, claims(...lots), opposing)).toEqual(shares);
  });
});

test('shares sum to what there is, stay within claims and within one lot of exact', () => {
  const lots = fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 1_000_000_000 }),
  );
  fc.assert(
    fc.property(
      fc.array(lots, { minLength: 1, maxLength: 30 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 1_000 }),
      (sizes, part, more) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const available = Math.floor(total * part);
        const opposing = available + more;
        const shares = proRata(available, claims(...sizes), opposing);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(available);
        const weights = sizes.map((size) => BigInt(Math.min(size, opposing)));
        const all = weights.reduce((sum, weight) => sum + weight, 0n);
        for (const [i, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(sizes[i] ?? 0);
          // |share − available × weight ÷ all| < 1, in whole numbers.
          const error = BigInt(share) * all - BigInt(available) * (weights[i] ?? 0n);
          expect((error < 0n ? -error : error) < (all === 0n ? 1n : all)).toBe(true);
        }
      },
    ),
    { numRuns: runs(1_000) },
  );
});

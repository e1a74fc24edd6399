/** The surface: its formula against high-precision values, and repair against the definitions. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  essviSlice,
  repairSlice,
  type SliceParameters,
  totalVariance,
} from '../../runtime/pricing/essvi.ts';
import { relativeError, VECTORS } from './vectors.ts';

test.each(VECTORS.essvi)('w($k) of θ=$theta u=$u l=$l', ({ theta, u, l, k, w }) => {
  const slice = essviSlice({
    theta: Math.round(Number(theta) * 1e12),
    u: Math.round(Number(u) * 1e9),
    l: Math.round(Number(l) * 1e9),
  });
  expect(relativeError(totalVariance(slice, Number(k)), Number(w))).toBeLessThan(1e-13);
});

test('degenerate slices are flat, zero or one-sided, never NaN', () => {
  expect(totalVariance(essviSlice({ theta: 10 ** 10, u: 0, l: 0 }), 3)).toBeCloseTo(0.01, 15);
  expect(totalVariance(essviSlice({ theta: 0, u: 0, l: 0 }), 3)).toBe(0);
  expect(totalVariance(essviSlice({ theta: 0, u: 0, l: 10 ** 9 }), 3)).toBe(0);
});

/** w, w′ and w″ from the formula of the paper, for checking only. */
function derivatives({ theta, u, l }: SliceParameters, k: number): [number, number, number] {
  const [t, up, low] = [theta * 1e-12, u * 1e-9, l * 1e-9];
  const psi = (up + low) / 2;
  const rho = up + low > 0 ? (up - low) / (up + low) : 0;
  const rest = t * t * (1 - rho * rho);
  const z = psi * k + rho * t;
  const root = Math.sqrt(z * z + rest);
  // The formula loses every digit of a w far below θ; a density needs them.
  const line = t + rho * psi * k;
  return [
    line >= 0 ? (line + root) / 2 : (up * low * k * k) / (root - line) / 2,
    (psi * (rho + z / root)) / 2,
    (psi * psi * rest) / (2 * root ** 3),
  ];
}

/** Gatheral's g: negative where the density implied by a slice is. */
function density(slice: SliceParameters, k: number): number {
  const [w, first, second] = derivatives(slice, k);
  // With u or l of 0 a wing ends at no variance: nothing is beyond it, and options there cost 0.
  if (w === 0) return 0;
  const bracket = 1 - (k * first) / (2 * w);
  return bracket * bracket - (first * first * (1 / w + 0.25)) / 4 + second / 2;
}

/** Log-moneyness from −6 to 6 standard deviations. */
function grid(slice: SliceParameters): number[] {
  const deviation = Math.sqrt(slice.theta * 1e-12);
  return Array.from({ length: 61 }, (_, i) => ((i - 30) / 5) * deviation);
}

/** A slice as anyone might vote it: every order of magnitude alike. */
const votedSlice = fc
  .tuple(
    fc.double({ min: 5, max: 13, noNaN: true }),
    fc.double({ min: 3, max: 10, noNaN: true }),
    fc.double({ min: 3, max: 10, noNaN: true }),
  )
  .map(([theta, u, l]) => ({
    theta: Math.floor(10 ** theta),
    u: Math.floor(10 ** u),
    l: Math.floor(10 ** l),
  }));

function repairAll(voted: readonly SliceParameters[]): SliceParameters[] {
  const repaired: SliceParameters[] = [];
  for (const slice of voted) repaired.push(repairSlice(slice, repaired.at(-1)));
  return repaired;
}

describe('repair', () => {
  const surfaces = fc.array(votedSlice, { minLength: 1, maxLength: 6 });

  test('leaves no butterfly: g is not negative anywhere', () => {
    fc.assert(
      fc.property(surfaces, (voted) => {
        for (const slice of repairAll(voted)) {
          for (const k of grid(slice)) expect(density(slice, k)).toBeGreaterThanOrEqual(-1e-9);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('leaves no calendar arbitrage: total variance does not fall with expiry', () => {
    fc.assert(
      fc.property(surfaces, (voted) => {
        const repaired = repairAll(voted);
        for (const [i, slice] of repaired.entries()) {
          const shorter = repaired[i - 1];
          if (shorter === undefined) continue;
          for (const k of [...grid(shorter), ...grid(slice)]) {
            const before = totalVariance(essviSlice(shorter), k);
            expect(totalVariance(essviSlice(slice), k)).toBeGreaterThanOrEqual(before - 1e-15);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('keeps the stated bounds in integers, and leaves a good surface alone', () => {
    fc.assert(
      fc.property(surfaces, (voted) => {
        const repaired = repairAll(voted);
        for (const [i, { theta, u, l }] of repaired.entries()) {
          expect([theta, u, l].every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(
            true,
          );
          expect(Math.max(u, l)).toBeLessThan(4e9);
          expect(((u + l) / 2) * Math.max(u, l)).toBeLessThanOrEqual(4 * theta * 1e6 * (1 + 1e-12));
          const shorter = repaired[i - 1];
          if (shorter === undefined) continue;
          expect(theta).toBeGreaterThanOrEqual(shorter.theta);
          expect(Math.min(u - shorter.u, l - shorter.l)).toBeGreaterThanOrEqual(0);
          const ratio = (shorter.u + shorter.l) / shorter.theta;
          expect((u + l) / theta).toBeLessThanOrEqual(ratio * (1 + 1e-12));
        }
        expect(repairAll(repaired)).toEqual(repaired);
      }),
      { numRuns: 300 },
    );
  });

  test('a surface free of arbitrage is not touched', () => {
    // BTC-like: 60 % at one day, 55 % at a week, 50 % at a month; ψ ∝ √θ with a negative skew.
    const good = [
      { theta: 986_301_370, u: 20_000_000, l: 30_000_000 },
      { theta: 5_801_369_863, u: 45_000_000, l: 75_000_000 },
      { theta: 20_547_945_205, u: 80_000_000, l: 140_000_000 },
    ];
    expect(repairAll(good)).toEqual(good);
  });
});

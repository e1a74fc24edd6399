/** Values of fields: hostile ones at the ends of their ranges, and plausible ones. */
import type { Prng } from '../sim/prng.ts';

/** Draws fields of one action: `hostility` is the chance that a field is hostile. */
export type Draw = {
  readonly prng: Prng;
  readonly hostility: number;
};

/** Three of four actions are plausible whole; most others have one odd field or two. */
export function drawOf(prng: Prng): Draw {
  const kind = prng.float();
  return { prng, hostility: kind < 0.75 ? 0 : kind < 0.95 ? 0.12 : 0.5 };
}

const U8 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 254, 255];
const U32 = [
  0,
  1,
  2,
  3,
  99,
  100,
  101,
  2 ** 16,
  999_999_999,
  1_000_000_000,
  1_000_000_001,
  2_000_000_000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
  4_999,
  5_000,
  86_400_000,
  86_400_001,
];
const U64 = [
  0,
  1,
  2,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 50,
  2 ** 50 + 1,
  2 ** 52,
  2 ** 53 - 2,
  2 ** 53 - 1,
  1_000_000_000_000,
  1_000_000_000_001,
  100_000_000_000_000,
];
const I128 = [
  0n,
  1n,
  -1n,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 63n - 1n,
  2n ** 64n,
  -(2n ** 64n),
  2n ** 100n,
  2n ** 127n - 1n,
  -(2n ** 127n),
  1_000_000n,
  -1_000_000n,
];
const U64_BIG = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

export const hostileU8 = (prng: Prng): number => prng.pick(U8);
export const hostileU32 = (prng: Prng): number => (prng.chance(0.8) ? prng.pick(U32) : prng.u32());
export const hostileU64 = (prng: Prng): number =>
  prng.chance(0.8) ? prng.pick(U64) : prng.u32() * 2 ** 21;
export const hostileI128 = (prng: Prng): bigint => prng.pick(I128);
export const hostileU64Big = (prng: Prng): bigint => prng.pick(U64_BIG);

/** A time around `now`, to the millisecond, or far from it. */
export function hostileTime(prng: Prng, now: number): number {
  const day = 24 * 3_600_000;
  const near = [-1, 0, 1, 500, 10_000, 10_001, 400 * day, 400 * day + 1_000, -day];
  return prng.chance(0.6) ? now + prng.pick(near) : hostileU64(prng);
}

/** The plausible value, or now and then the hostile one. */
export function field<T>({ prng, hostility }: Draw, plausible: () => T, hostile: () => T): T {
  return prng.chance(hostility) ? hostile() : plausible();
}

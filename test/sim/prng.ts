/**
 * The simulator's only randomness: sfc32 (Chris Doty-Humphrey, PractRand), seeded from a number.
 *
 * Parts of a simulation that must not disturb each other (the plan of faults, the network, the disk)
 * each take a `fork`.
 */

export type Prng = {
  /** Uniform in [0, 2³²). */
  readonly u32: () => number;
  /** Uniform in [0, 1). */
  readonly float: () => number;
  /** Uniform integer in [from, to]. */
  readonly between: (from: number, to: number) => number;
  /** True with this probability. */
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** A generator of its own, fixed by this one's state and the label. */
  readonly fork: (label: string) => Prng;
};

/** Two lanes of FNV-1a over a string's char codes: 64 bits, not for secrets. */
export function hashText(text: string, seed = 0): readonly [number, number] {
  let a = 0x811c9dc5 ^ seed;
  let b = 0x1000193 ^ (seed * 31);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return [a >>> 0, b >>> 0];
}

export function createPrng(seed: number, label = ''): Prng {
  let [a, b] = hashText(`${label}/${seed}`);
  let c = seed | 0;
  let counter = 1;
  const u32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) u32();
  const float = (): number => u32() / 2 ** 32;
  const between = (from: number, to: number): number =>
    from + Math.floor(float() * (to - from + 1));
  return {
    u32,
    float,
    between,
    chance: (probability) => float() < probability,
    pick: (items) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError('pick of nothing');
      return item;
    },
    fork: (forkLabel) => createPrng(u32(), forkLabel),
  };
}

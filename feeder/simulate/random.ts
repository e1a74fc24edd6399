/**
 * Random numbers as a function of (seed, counter): any process that knows the seed draws the same
 * ones, in any order. Not for secrets.
 */

/** The finalizer of MurmurHash3: every bit of the word moves half of the bits of the result. */
function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * An unsigned 32-bit hash of two integers. The seed is scrambled before the counter comes in: with
 * a bare exclusive or, nearby seeds would draw the same numbers in another order.
 */
export function mix32(seed: number, counter: number): number {
  const low = scramble((scramble(seed + 0x9e3779b9) ^ counter) >>> 0);
  return scramble((low + Math.floor(counter / 2 ** 32)) >>> 0);
}

/** Uniform numbers in [0, 1), one after the other, from a seed. */
export function uniforms(seed: number): () => number {
  let counter = 0;
  return () => mix32(seed, counter++) / 2 ** 32;
}

/** A standard normal number from two uniform ones (Box–Muller). */
export function gaussian(uniform: () => number): number {
  // 1 − u is above 0, so the logarithm is finite.
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The number of events of a Poisson process whose expectation is `mean` (small). */
export function poisson(mean: number, uniform: () => number): number {
  const limit = Math.exp(-mean);
  let events = 0;
  for (let product = uniform(); product > limit; product *= uniform()) events++;
  return events;
}

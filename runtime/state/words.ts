/**
 * Hashes as words of 64 bits: they are copied and compared in half the time of words of 32. Copies of
 * so few are loops, because `set` costs several times as much.
 */

export const WORD_BYTES = 8;
/** Words of one hash, and of the 64 bytes that make one. */
export const HASH_WORDS = 4;
export const PAIR_WORDS = 8;
export const HASH_BYTES: number = WORD_BYTES * HASH_WORDS;
export const PAIR_BYTES: number = WORD_BYTES * PAIR_WORDS;

/** Scratch memory above 32 MB is given back after use. */
export const KEPT_WORDS: number = 2 ** 22;

export function copyHash(
  source: BigInt64Array,
  from: number,
  target: BigInt64Array,
  to: number,
): void {
  for (let i = 0; i < HASH_WORDS; i++) target[to + i] = source[from + i] ?? 0n;
}

export function copyPair(
  source: BigInt64Array,
  from: number,
  target: BigInt64Array,
  to: number,
): void {
  for (let i = 0; i < PAIR_WORDS; i++) target[to + i] = source[from + i] ?? 0n;
}

export function sameHash(a: BigInt64Array, at: number, b: BigInt64Array, bt: number): boolean {
  for (let i = 0; i < HASH_WORDS; i++) if (a[at + i] !== b[bt + i]) return false;
  return true;
}

/** A number of 32 bits whose bytes are read in the other order: big-endian on a little-endian machine. */
export function swapBytes(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/** Bits of a prefix: one less than a number has, so that V8 puts it in no box of its own. */
export const PREFIX_BITS = 31;

/** The first `PREFIX_BITS` bits of a key hash, of its first 32. */
export function prefixOf(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 1;
}

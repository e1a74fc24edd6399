/**
 * The hashing of keys and values: gathered row by row, computed many at a time through the pair
 * hasher, a level of all their Merkle trees in one call.
 *
 * Format: `bytesRoot` in `merkle-format.ts`. A row's last two pairs (top ‖ length of its key, then
 * of its value) lie side by side, so their hashes come out as keyHash ‖ valueHash.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { DELETED, type EncodedRows } from './encoded-rows.ts';
import { HASH_WORDS, PAIR_WORDS } from './node-pool.ts';

/** Rows hashed at a time: 32 KB of last pairs, which stay in the processor's cache. */
export const BATCH_ROWS = 256;
/** Most pairs of a batch before it is hashed, unless one row alone has more. */
const BATCH_PAIRS = 1_024;

const CHUNK_BYTES = 32;
const PAIR_BYTES = 64;

/** Rows to be hashed. */
export type RowHashes = {
  count: number;
  /** Of each row: key top ‖ key length ‖ value top ‖ value length, 32 bytes each. */
  readonly last: Uint8Array;
  readonly lastWords: BigInt64Array;
  /** Pairs below the tops of what is longer than a chunk, one tree after the other. */
  pairs: Uint8Array;
  pairWords: BigInt64Array;
  pairCount: number;
  /** Hashes of `pairs`. */
  hashes: Uint8Array;
  hashWords: BigInt64Array;
  /** The trees in `pairs`: which half of `last` gets the top, and how many pairs are left. */
  readonly halves: number[];
  readonly sizes: number[];
};

export function createRowHashes(): RowHashes {
  const last = new Uint8Array(BATCH_ROWS * 2 * PAIR_BYTES);
  return {
    count: 0,
    last,
    lastWords: new BigInt64Array(last.buffer),
    ...pairMemory(BATCH_PAIRS),
    pairCount: 0,
    halves: [],
    sizes: [],
  };
}

function pairMemory(
  pairs: number,
): Pick<RowHashes, 'pairs' | 'pairWords' | 'hashes' | 'hashWords'> {
  const pairWords = new BigInt64Array(pairs * PAIR_WORDS);
  const hashWords = new BigInt64Array(pairs * HASH_WORDS);
  return {
    pairs: new Uint8Array(pairWords.buffer),
    pairWords,
    hashes: new Uint8Array(hashWords.buffer),
    hashWords,
  };
}

/** Whether the batch must be hashed before it takes another row. */
export function isFull(batch: RowHashes): boolean {
  return batch.count === BATCH_ROWS || batch.pairCount >= BATCH_PAIRS / 2;
}

/** Adds a row to a batch that is not full; of a deleted one the value hash means nothing. */
export function addRowToHash(
  batch: RowHashes,
  key: Uint8Array,
  value: Uint8Array | undefined,
): void {
  const half = 2 * batch.count;
  batch.count++;
  clearWords(batch.lastWords, half * PAIR_WORDS, (half + 2) * PAIR_WORDS);
  addBytes(batch, half, key);
  if (value !== undefined) addBytes(batch, half + 1, value);
}

/** The spans of encoded rows as words. */
export type EncodedWords = {
  readonly keys: BigInt64Array;
  readonly values: BigInt64Array;
};

export function encodedWords({ keys, values }: EncodedRows): EncodedWords {
  return { keys: new BigInt64Array(keys.buffer), values: new BigInt64Array(values.bytes.buffer) };
}

/** As `addRowToHash`, of an encoded row. */
export function addEncodedToHash(
  batch: RowHashes,
  words: EncodedWords,
  rows: EncodedRows,
  row: number,
): void {
  const half = 2 * batch.count;
  batch.count++;
  clearWords(batch.lastWords, half * PAIR_WORDS, (half + 2) * PAIR_WORDS);
  addWords(batch, half, words.keys, (row * rows.keyStride) >>> 3, rows.keyBytes);
  const length = rows.lengths[row] ?? DELETED;
  if (length !== DELETED) {
    addWords(batch, half + 1, words.values, (rows.starts[row] ?? 0) >>> 3, length);
  }
}

/** As `addBytes`, of bytes that are followed by zeros to the end of their last word. */
function addWords(
  batch: RowHashes,
  half: number,
  source: BigInt64Array,
  from: number,
  length: number,
): void {
  writeU32(batch.last, half * PAIR_BYTES + CHUNK_BYTES, length);
  const count = (length + 7) >>> 3;
  if (length <= CHUNK_BYTES) {
    copyWords(source, from, batch.lastWords, half * PAIR_WORDS, count);
    return;
  }
  const to = addTree(batch, half, length) * PAIR_WORDS;
  copyWords(source, from, batch.pairWords, to, count);
  clearWords(batch.pairWords, to + count, batch.pairCount * PAIR_WORDS);
}

function addBytes(batch: RowHashes, half: number, bytes: Uint8Array): void {
  const { length } = bytes;
  const start = half * PAIR_BYTES;
  writeU32(batch.last, start + CHUNK_BYTES, length);
  if (length <= CHUNK_BYTES) {
    for (let i = 0; i < length; i++) batch.last[start + i] = bytes[i] ?? 0;
    return;
  }
  const from = addTree(batch, half, length) * PAIR_BYTES;
  batch.pairs.set(bytes, from);
  batch.pairs.fill(0, from + length, batch.pairCount * PAIR_BYTES);
}

/** Makes room for the tree of a long key or value; returns its first pair. */
function addTree(batch: RowHashes, half: number, length: number): number {
  const first = batch.pairCount;
  const size = Math.floor((length + PAIR_BYTES - 1) / PAIR_BYTES);
  growPairs(batch, first + size);
  batch.pairCount += size;
  batch.halves.push(half);
  batch.sizes.push(size);
  return first;
}

function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

function growPairs(batch: RowHashes, pairs: number): void {
  if (pairs * PAIR_BYTES <= batch.pairs.length) return;
  const before = batch.pairs;
  Object.assign(batch, pairMemory(2 * pairs));
  batch.pairs.set(before);
}

/** Computes keyHash ‖ valueHash of every row to `target`, 64 bytes each, and empties the batch. */
export function hashRows(batch: RowHashes, hashPairs: PairHasher, target: Uint8Array): void {
  while (batch.pairCount > 0) {
    const { pairs, hashes, pairCount } = batch;
    hashPairs(pairs.subarray(0, pairCount * PAIR_BYTES), hashes.subarray(0, pairCount * 32));
    rise(batch);
  }
  hashPairs(batch.last.subarray(0, batch.count * 2 * PAIR_BYTES), target);
  batch.count = 0;
  if (batch.pairs.length > BATCH_PAIRS * PAIR_BYTES) Object.assign(batch, pairMemory(BATCH_PAIRS));
}

/** Makes the hashes of one level the pairs of the next; a tree of one pair gives its top. */
function rise(batch: RowHashes): void {
  const { halves, sizes, pairWords, hashWords, lastWords } = batch;
  let from = 0;
  let pairCount = 0;
  let trees = 0;
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i] ?? 0;
    const half = halves[i] ?? 0;
    if (size === 1) {
      copyWords(hashWords, from, lastWords, half * PAIR_WORDS, HASH_WORDS);
    } else {
      const to = pairCount * PAIR_WORDS;
      const words = size * HASH_WORDS;
      copyWords(hashWords, from, pairWords, to, words);
      const isOdd = (size & 1) === 1;
      if (isOdd) clearWords(pairWords, to + words, to + words + HASH_WORDS);
      halves[trees] = half;
      sizes[trees] = (size + 1) >>> 1;
      pairCount += (size + 1) >>> 1;
      trees++;
    }
    from += size * HASH_WORDS;
  }
  halves.length = trees;
  sizes.length = trees;
  batch.pairCount = pairCount;
}

/** A loop, because `set` of so few words costs several times as much. */
function copyWords(
  source: BigInt64Array,
  from: number,
  target: BigInt64Array,
  to: number,
  words: number,
): void {
  for (let i = 0; i < words; i++) target[to + i] = source[from + i] ?? 0n;
}

/** As `fill`, in a quarter of the time for so few words. */
function clearWords(words: BigInt64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) words[i] = 0n;
}

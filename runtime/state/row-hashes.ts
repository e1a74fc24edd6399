/**
 * The hashing of keys and values: gathered row by row, computed many at a time through the pair
 * hasher, a level of all their Merkle trees in one call.
 *
 * Format: `bytesRoot` in `merkle-format.ts`. A row's last two pairs (top ‖ length of its key, then
 * of its value) lie side by side, so their hashes come out as keyHash ‖ valueHash. Of a tree that is
 * not yet one chunk, the odd last chunk of its level waits at the place of its top.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { DELETED, type EncodedRows } from './encoded-rows.ts';
import { lengthChunk } from './merkle-format.ts';
import { copyHash, HASH_WORDS, PAIR_BYTES, PAIR_WORDS } from './words.ts';

/** Rows hashed at a time: 32 KB of last pairs, which stay in the processor's cache. */
export const BATCH_ROWS = 256;
/** Most pairs of a batch before it is hashed, unless one row alone has more. */
const BATCH_PAIRS = 1_024;

const CHUNK_BYTES = 32;

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
  /** The trees in `pairs`: which half of `last` gets the top, and how many chunks are left. */
  readonly halves: number[];
  readonly sizes: number[];
};

export function createRowHashes(): RowHashes {
  const last = new Uint8Array(BATCH_ROWS * 2 * PAIR_BYTES);
  for (let at = CHUNK_BYTES; at < last.length; at += PAIR_BYTES) last.set(lengthChunk(0), at);
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
  const { lastWords } = batch;
  const start = half * PAIR_WORDS;
  writeU32(batch.last, half * PAIR_BYTES + CHUNK_BYTES, length);
  const end = from + ((length + 7) >>> 3);
  let at = from;
  if (length > CHUNK_BYTES) {
    const to = addTree(batch, half, length) * PAIR_WORDS;
    const words = batch.pairCount * PAIR_WORDS - to;
    const copied = Math.min(words, end - from);
    copyWords(source, from, batch.pairWords, to, copied);
    clearWords(batch.pairWords, to + copied, to + words);
    at += words;
  }
  // What is left is at most one chunk.
  clearWords(lastWords, start, start + HASH_WORDS);
  copyWords(source, at, lastWords, start, end - at);
}

function addBytes(batch: RowHashes, half: number, bytes: Uint8Array): void {
  const { length } = bytes;
  const start = half * PAIR_BYTES;
  writeU32(batch.last, start + CHUNK_BYTES, length);
  let at = 0;
  if (length > CHUNK_BYTES) {
    const to = addTree(batch, half, length) * PAIR_BYTES;
    const end = batch.pairCount * PAIR_BYTES;
    batch.pairs.set(bytes.subarray(0, end - to), to);
    batch.pairs.fill(0, Math.min(to + length, end), end);
    at = end - to;
  }
  for (let i = 0; i < CHUNK_BYTES; i++) batch.last[start + i] = bytes[at + i] ?? 0;
}

/** Makes room for the pairs of a long key or value; returns the first. */
function addTree(batch: RowHashes, half: number, length: number): number {
  const first = batch.pairCount;
  const chunks = (length + CHUNK_BYTES - 1) >>> 5;
  growPairs(batch, first + (chunks >>> 1));
  batch.pairCount += chunks >>> 1;
  batch.halves.push(half);
  batch.sizes.push(chunks);
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

/** Makes the hashes of one level the pairs of the next; a tree of one chunk has its top. */
function rise(batch: RowHashes): void {
  const { halves, sizes, pairWords, hashWords, lastWords } = batch;
  let from = 0;
  let pairCount = 0;
  let trees = 0;
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i] ?? 0;
    const half = halves[i] ?? 0;
    const waiting = half * PAIR_WORDS;
    const hashed = size >>> 1;
    const chunks = hashed + (size & 1);
    const words = hashed * HASH_WORDS;
    if (chunks > 1) {
      const to = pairCount * PAIR_WORDS;
      // An odd last chunk waits; one that waited joins the last pair when there is room for it.
      const paired = (chunks >>> 1) * PAIR_WORDS;
      copyWords(hashWords, from, pairWords, to, Math.min(words, paired));
      if (paired > words) copyHash(lastWords, waiting, pairWords, to + words);
      if (words > paired) copyHash(hashWords, from + paired, lastWords, waiting);
      halves[trees] = half;
      sizes[trees] = chunks;
      pairCount += chunks >>> 1;
      trees++;
    } else {
      copyHash(hashWords, from, lastWords, waiting);
    }
    from += words;
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

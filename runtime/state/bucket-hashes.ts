/**
 * The hashes of buckets, many at a time: all leaves in one call of the pair hasher, then the nodes
 * over them, those of one height in each call.
 *
 * The caller puts the records of a bucket, keyHash ‖ valueHash in the order of their key hashes, at
 * the end of `records`: they are the leaves' input as they stand.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { MANY_ROWS, NO_ROW, ONE_ROW } from './table-tree.ts';
import { copyHash, HASH_BYTES, HASH_WORDS, KEPT_WORDS, PAIR_BYTES, PAIR_WORDS } from './words.ts';

/** Records hashed at a time: 32 KB, and as much again of hashes, which stay in the processor's cache. */
const BATCH_RECORDS = 512;
/** Most buckets of a batch: some are empty now. */
const BATCH_BUCKETS = 512;

/** Where the hash of a bucket goes. */
export type TakeBucket = (bucket: number, kind: number, words: BigInt64Array, at: number) => void;

export type BucketHashes = {
  /** Records of the buckets so far, as words, bytes and numbers of 32 bits: the same memory. */
  records: BigInt64Array;
  recordBytes: Uint8Array;
  recordNumbers: Uint32Array;
  recordCount: number;
  /** The buckets: number, and where their records end. */
  readonly buckets: Int32Array;
  readonly ends: Int32Array;
  bucketCount: number;
  /** The number of each one's topmost node, or `EMPTY`. */
  readonly tops: Int32Array;
  /** Hashes by node: first one for each record, then one for each node over them. */
  hashes: BigInt64Array;
  hashBytes: Uint8Array;
  /** The nodes over records: their children's numbers, their height, and their order by height. */
  lefts: Int32Array;
  rights: Int32Array;
  heights: Uint16Array;
  order: Int32Array;
  nodeCount: number;
  /** How many nodes have each height. */
  readonly perHeight: Int32Array;
  /** Pairs of one height, and their hashes. */
  readonly input: BigInt64Array;
  readonly inputBytes: Uint8Array;
  readonly output: BigInt64Array;
  readonly outputBytes: Uint8Array;
};

/** A child that holds no row. */
const EMPTY = -1;
/** Nodes on a path below a bucket are at most so many, and so is a height. */
const MAX_HEIGHT = 257;
const PAIRS = 512;

export function createBucketHashes(): BucketHashes {
  const input = new BigInt64Array(PAIRS * PAIR_WORDS);
  const output = new BigInt64Array(PAIRS * HASH_WORDS);
  return {
    ...recordMemory(2 * BATCH_RECORDS),
    recordCount: 0,
    buckets: new Int32Array(BATCH_BUCKETS),
    ends: new Int32Array(BATCH_BUCKETS),
    bucketCount: 0,
    tops: new Int32Array(BATCH_BUCKETS),
    ...hashMemory(2 * BATCH_RECORDS),
    ...nodeMemory(2 * BATCH_RECORDS),
    nodeCount: 0,
    perHeight: new Int32Array(MAX_HEIGHT + 1),
    input,
    inputBytes: new Uint8Array(input.buffer),
    output,
    outputBytes: new Uint8Array(output.buffer),
  };
}

function recordMemory(
  count: number,
): Pick<BucketHashes, 'records' | 'recordBytes' | 'recordNumbers'> {
  const records = new BigInt64Array(count * PAIR_WORDS);
  const recordBytes = new Uint8Array(records.buffer);
  return { records, recordBytes, recordNumbers: new Uint32Array(records.buffer) };
}

function hashMemory(count: number): Pick<BucketHashes, 'hashes' | 'hashBytes'> {
  const hashes = new BigInt64Array(count * HASH_WORDS);
  return { hashes, hashBytes: new Uint8Array(hashes.buffer) };
}

function nodeMemory(count: number): Pick<BucketHashes, 'lefts' | 'rights' | 'heights' | 'order'> {
  return {
    lefts: new Int32Array(count),
    rights: new Int32Array(count),
    heights: new Uint16Array(count),
    order: new Int32Array(count),
  };
}

/** Makes room for so many records behind those that are there. */
export function makeRecordRoom(batch: BucketHashes, count: number): void {
  const needed = batch.recordCount + count;
  if (needed * PAIR_WORDS <= batch.records.length) return;
  const before = batch.records;
  Object.assign(batch, recordMemory(2 * needed));
  batch.records.set(before);
}

/** Whether the batch must be hashed before it takes another bucket. */
export function isFullBatch({ recordCount, bucketCount }: BucketHashes): boolean {
  return recordCount >= BATCH_RECORDS || bucketCount === BATCH_BUCKETS;
}

/** Says that the records from the end of the last bucket to `end` are those of `bucket`. */
export function addBucket(batch: BucketHashes, bucket: number, end: number): void {
  batch.recordCount = end;
  batch.buckets[batch.bucketCount] = bucket;
  batch.ends[batch.bucketCount] = end;
  batch.bucketCount++;
}

/**
 * Computes the hashes of the buckets in the batch, whose subtrees stand at `depth`, hands them to
 * `take` in the order in which they came, and empties the batch.
 */
export function hashBuckets(
  batch: BucketHashes,
  hashPairs: PairHasher,
  depth: number,
  take: TakeBucket,
): void {
  const { buckets, ends, tops, recordCount, bucketCount } = batch;
  if (bucketCount === 0) return;
  growHashes(batch, recordCount);
  if (recordCount > 0) {
    const leaves = batch.hashBytes.subarray(0, recordCount * HASH_BYTES);
    hashPairs(batch.recordBytes.subarray(0, recordCount * PAIR_BYTES), leaves);
  }
  let start = 0;
  for (let i = 0; i < bucketCount; i++) {
    const end = ends[i] ?? start;
    tops[i] = addChild(batch, start, end, depth);
    start = end;
  }
  growHashes(batch, recordCount + batch.nodeCount);
  hashNodes(batch, hashPairs);
  start = 0;
  for (let i = 0; i < bucketCount; i++) {
    const end = ends[i] ?? start;
    const top = tops[i] ?? EMPTY;
    const kind = end === start ? NO_ROW : end - start === 1 ? ONE_ROW : MANY_ROWS;
    if (top === EMPTY) take(buckets[i] ?? 0, kind, ZEROS, 0);
    else take(buckets[i] ?? 0, kind, batch.hashes, top * HASH_WORDS);
    start = end;
  }
  emptyBatch(batch);
}

function emptyBatch(batch: BucketHashes): void {
  batch.recordCount = 0;
  batch.nodeCount = 0;
  batch.bucketCount = 0;
  if (batch.records.length > KEPT_WORDS) Object.assign(batch, recordMemory(2 * BATCH_RECORDS));
  if (batch.hashes.length > KEPT_WORDS) Object.assign(batch, hashMemory(2 * BATCH_RECORDS));
  if (batch.lefts.length > KEPT_WORDS / HASH_WORDS) {
    Object.assign(batch, nodeMemory(2 * BATCH_RECORDS));
  }
}

function growHashes(batch: BucketHashes, count: number): void {
  if (count * HASH_WORDS <= batch.hashes.length) return;
  const before = batch.hashes;
  Object.assign(batch, hashMemory(2 * count));
  batch.hashes.set(before);
}

/** Notes the nodes over sorted records, at least two; returns the number of the topmost. */
function addSubtree(batch: BucketHashes, from: number, to: number, depth: number): number {
  const { recordBytes } = batch;
  const byte = depth >>> 3;
  const shift = 7 - (depth & 7);
  let middle = from;
  while (middle < to && (((recordBytes[middle * PAIR_BYTES + byte] ?? 0) >>> shift) & 1) === 0) {
    middle++;
  }
  const left = addChild(batch, from, middle, depth + 1);
  const right = addChild(batch, middle, to, depth + 1);
  return addNode(batch, left, right);
}

function addChild(batch: BucketHashes, from: number, to: number, depth: number): number {
  if (to - from < 2) return from === to ? EMPTY : from;
  return addSubtree(batch, from, to, depth);
}

function addNode(batch: BucketHashes, left: number, right: number): number {
  const node = batch.nodeCount;
  if (node === batch.lefts.length) growNodes(batch);
  const height = 1 + Math.max(heightOf(batch, left), heightOf(batch, right));
  batch.lefts[node] = left;
  batch.rights[node] = right;
  batch.heights[node] = height;
  batch.perHeight[height] = (batch.perHeight[height] ?? 0) + 1;
  batch.nodeCount = node + 1;
  return batch.recordCount + node;
}

function growNodes(batch: BucketHashes): void {
  const { lefts, rights, heights } = batch;
  Object.assign(batch, nodeMemory(2 * lefts.length));
  batch.lefts.set(lefts);
  batch.rights.set(rights);
  batch.heights.set(heights);
}

function heightOf({ recordCount, heights }: BucketHashes, child: number): number {
  return child < recordCount ? 0 : (heights[child - recordCount] ?? 0);
}

/** Hashes all nodes, the lowest first. */
function hashNodes(batch: BucketHashes, hashPairs: PairHasher): void {
  const { perHeight, heights, order, nodeCount, recordCount } = batch;
  if (nodeCount === 0) return;
  // Where the nodes of each height begin in their order by height.
  let first = 0;
  let highest = 0;
  for (let height = 1; first < nodeCount; height++) {
    const count = perHeight[height] ?? 0;
    perHeight[height] = first;
    first += count;
    highest = height;
  }
  for (let node = 0; node < nodeCount; node++) {
    const height = heights[node] ?? 0;
    const place = perHeight[height] ?? 0;
    order[place] = node;
    perHeight[height] = place + 1;
  }
  let from = 0;
  for (let height = 1; height <= highest; height++) {
    const to = perHeight[height] ?? from;
    perHeight[height] = 0;
    for (let part = from; part < to; part += PAIRS) {
      hashPart(batch, hashPairs, part, Math.min(to, part + PAIRS), recordCount);
    }
    from = to;
  }
}

/** Hashes nodes of one height, `from` to `to` in the order. */
function hashPart(
  batch: BucketHashes,
  hashPairs: PairHasher,
  from: number,
  to: number,
  recordCount: number,
): void {
  const { order, lefts, rights, hashes, input, output } = batch;
  let at = 0;
  for (let i = from; i < to; i++) {
    const node = order[i] ?? 0;
    gatherChild(hashes, lefts[node] ?? EMPTY, input, at);
    gatherChild(hashes, rights[node] ?? EMPTY, input, at + HASH_WORDS);
    at += PAIR_WORDS;
  }
  const count = to - from;
  hashPairs(
    batch.inputBytes.subarray(0, count * PAIR_BYTES),
    batch.outputBytes.subarray(0, count * HASH_BYTES),
  );
  for (let i = from; i < to; i++) {
    const target = (recordCount + (order[i] ?? 0)) * HASH_WORDS;
    copyHash(output, (i - from) * HASH_WORDS, hashes, target);
  }
}

function gatherChild(hashes: BigInt64Array, child: number, input: BigInt64Array, at: number): void {
  if (child === EMPTY) for (let i = 0; i < HASH_WORDS; i++) input[at + i] = 0n;
  else copyHash(hashes, child * HASH_WORDS, input, at);
}

const ZEROS: BigInt64Array = new BigInt64Array(HASH_WORDS);

/**
 * The tree of one table in memory: complete down to a depth D, addressed by level and index, and
 * below it 2^D buckets that hold the rows, sorted by key hash, without any node between.
 *
 * The root of a set of rows does not depend on D (docs/spec/state.md), so D follows the number of
 * rows, between one and `MOST_ROWS` a bucket: a change then writes one run of a few rows and a few
 * hashes in arrays, where a tree of linked nodes has each on a line of memory of its own.
 *
 * Invariants: level d has the hash and the kind of all 2^d subtrees at depth d; the index of a
 * subtree is the first d bits of the key hashes in it; `rows` is the sum of `counts`.
 */
import { assert } from '../core/result.ts';
import {
  allocateRun,
  NO_RUN_CLASS,
  type RunPool,
  releaseRun,
  runClass,
  runNumbers,
  runOffset,
  runWords,
} from './run-pool.ts';
import { HASH_WORDS, PAIR_WORDS, PREFIX_BITS, prefixOf } from './words.ts';

/** What a subtree holds: its kind is the number of its rows, `MANY` for two and more. */
export const NO_ROW = 0;
export const ONE_ROW = 1;
export const MANY_ROWS = 2;

export type TableTree = {
  rows: number;
  depth: number;
  /** By level: the hashes of its nodes, as words and as bytes, the same memory; and their kinds. */
  readonly hashes: BigInt64Array[];
  readonly kinds: Uint8Array[];
  /** By bucket: its run, how many rows it has, and the run's class. */
  runs: Int32Array;
  counts: Int32Array;
  classes: Uint8Array;
};

/** Rows a bucket on average above which the tree gets a level; below the least it loses one. */
const MOST_ROWS = 3;
const LEAST_ROWS = 1;
/** Below `PREFIX_BITS`, and with indexes of nodes that are small integers. */
const MAX_DEPTH = 28;

export function createTableTree(): TableTree {
  return {
    rows: 0,
    depth: 0,
    hashes: [new BigInt64Array(HASH_WORDS)],
    kinds: [new Uint8Array(1)],
    runs: new Int32Array(1),
    counts: new Int32Array(1),
    classes: new Uint8Array(1),
  };
}

/** The bucket of a key hash by its prefix. */
export function bucketOf(tree: TableTree, prefix: number): number {
  return prefix >>> (PREFIX_BITS - tree.depth);
}

export function levelHashes(tree: TableTree, depth: number): BigInt64Array {
  return tree.hashes[depth] ?? NO_HASHES;
}
export function levelKinds(tree: TableTree, depth: number): Uint8Array {
  return tree.kinds[depth] ?? NO_KINDS;
}

/** Whether a tree of so many rows is too flat, or too deep. */
export const isFlat = ({ depth }: TableTree, rows: number): boolean =>
  depth < MAX_DEPTH && rows > MOST_ROWS * (1 << depth);
const isDeep = ({ depth, rows }: TableTree): boolean =>
  depth > 0 && rows < LEAST_ROWS * (1 << depth);

/** Adds a level of zeros to a tree without rows. */
export function deepenEmpty(tree: TableTree): void {
  assert(tree.rows === 0, 'the tree is empty');
  addLevel(tree);
  const buckets = 1 << tree.depth;
  tree.runs = new Int32Array(buckets);
  tree.counts = new Int32Array(buckets);
  tree.classes = new Uint8Array(buckets);
}

function addLevel(tree: TableTree): void {
  tree.depth++;
  const nodes = 1 << tree.depth;
  tree.hashes.push(new BigInt64Array(nodes * HASH_WORDS));
  tree.kinds.push(new Uint8Array(nodes));
}

/** Parts every bucket in two; the caller computes the hashes and kinds of the new level. */
export function splitBuckets(tree: TableTree, pool: RunPool): void {
  const { runs, counts, classes, depth } = tree;
  addLevel(tree);
  const buckets = 1 << tree.depth;
  tree.runs = new Int32Array(buckets);
  tree.counts = new Int32Array(buckets);
  tree.classes = new Uint8Array(buckets);
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const run = runs[bucket] ?? 0;
    const count = counts[bucket] ?? 0;
    const ofRun = classes[bucket] ?? NO_RUN_CLASS;
    const zeros = countZeros(pool, run, count, depth);
    // The larger half keeps the run.
    const keeper = 2 * zeros >= count ? 0 : 1;
    const mover = 1 - keeper;
    const moved = keeper === 0 ? count - zeros : zeros;
    const movedFrom = keeper === 0 ? zeros : 0;
    setRun(tree, 2 * bucket + mover, pool, run + movedFrom, moved);
    if (keeper === 1 && moved > 0) {
      const at = runOffset(run);
      runWords(pool, run).copyWithin(at, at + zeros * PAIR_WORDS, at + count * PAIR_WORDS);
    }
    tree.runs[2 * bucket + keeper] = run;
    tree.counts[2 * bucket + keeper] = count - moved;
    tree.classes[2 * bucket + keeper] = ofRun;
    fitRun(tree, pool, 2 * bucket + keeper);
  }
}

/** How many of a run's sorted records have a 0 at bit `depth`. */
function countZeros(pool: RunPool, run: number, count: number, depth: number): number {
  const numbers = runNumbers(pool, run);
  const at = 2 * runOffset(run);
  let zeros = 0;
  while (zeros < count) {
    const prefix = prefixOf(numbers[at + zeros * 2 * PAIR_WORDS] ?? 0);
    if (((prefix >>> (PREFIX_BITS - 1 - depth)) & 1) === 1) break;
    zeros++;
  }
  return zeros;
}

/** Copies `count` records that begin at `from` to a run of their own. */
function setRun(tree: TableTree, bucket: number, pool: RunPool, from: number, count: number): void {
  const ofRun = runClass(count);
  tree.counts[bucket] = count;
  tree.classes[bucket] = ofRun;
  if (count === 0) return;
  const run = allocateRun(pool, ofRun);
  const start = runOffset(from);
  const records = runWords(pool, from).subarray(start, start + count * PAIR_WORDS);
  runWords(pool, run).set(records, runOffset(run));
  tree.runs[bucket] = run;
}

/** Gives a bucket a smaller run when it needs less than half of its own. */
function fitRun(tree: TableTree, pool: RunPool, bucket: number): void {
  const count = tree.counts[bucket] ?? 0;
  const ofRun = tree.classes[bucket] ?? NO_RUN_CLASS;
  if (!isSpacious(count, ofRun)) return;
  const run = tree.runs[bucket] ?? 0;
  setRun(tree, bucket, pool, run, count);
  releaseRun(pool, run, ofRun);
}

/** Whether a run is twice as large as it need be. */
export const isSpacious = (count: number, ofRun: number): boolean =>
  runClass(2 * count) < ofRun || (count === 0 && ofRun !== NO_RUN_CLASS);

/** Takes levels from a tree whose rows became few. Hashes above stay as they are. */
export function flatten(tree: TableTree, pool: RunPool): void {
  while (isDeep(tree)) joinBuckets(tree, pool);
}

function joinBuckets(tree: TableTree, pool: RunPool): void {
  const { runs, counts, classes } = tree;
  tree.depth--;
  tree.hashes.pop();
  tree.kinds.pop();
  const buckets = 1 << tree.depth;
  tree.runs = new Int32Array(buckets);
  tree.counts = new Int32Array(buckets);
  tree.classes = new Uint8Array(buckets);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const left = counts[2 * bucket] ?? 0;
    const right = counts[2 * bucket + 1] ?? 0;
    const ofRun = runClass(left + right);
    const run = ofRun === NO_RUN_CLASS ? 0 : allocateRun(pool, ofRun);
    tree.runs[bucket] = run;
    tree.counts[bucket] = left + right;
    tree.classes[bucket] = ofRun;
    let at = runOffset(run);
    for (const half of [2 * bucket, 2 * bucket + 1]) {
      const from = runs[half] ?? 0;
      const words = (counts[half] ?? 0) * PAIR_WORDS;
      const start = runOffset(from);
      if (words > 0)
        runWords(pool, run).set(runWords(pool, from).subarray(start, start + words), at);
      at += words;
      releaseRun(pool, from, classes[half] ?? NO_RUN_CLASS);
    }
  }
}

const NO_HASHES: BigInt64Array = new BigInt64Array(0);
const NO_KINDS: Uint8Array = new Uint8Array(0);

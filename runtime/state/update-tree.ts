/**
 * Batch update of a table's tree.
 *
 * `updateTree` merges the changed rows, in the order of their key hashes, into the buckets that they
 * fall into, hashes those buckets, and then the nodes above them level by level. Rows and hashes
 * change in place, after what they were went to the checkpoint's undo log.
 *
 * Shape (docs/spec/state.md): an empty subtree is 32 zero bytes, a subtree with one leaf is that
 * leaf, every other node has two children. So the root is a function of the rows alone.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import {
  addBucket,
  type BucketHashes,
  hashBuckets,
  isFullBatch,
  makeRecordRoom,
} from './bucket-hashes.ts';
import {
  allocateRun,
  NO_RUN_CLASS,
  type RunPool,
  releaseRun,
  runClass,
  runNumbers,
  runOffset,
  runRecords,
  runWords,
} from './run-pool.ts';
import { isDelete, rowOf, type SortedChanges, sortChanges } from './sorted-changes.ts';
import { compareKeys, type StagedRows } from './staged-rows.ts';
import {
  bucketOf,
  deepenEmpty,
  flatten,
  isFlat,
  isSpacious,
  levelHashes,
  levelKinds,
  MANY_ROWS,
  splitBuckets,
  type TableTree,
} from './table-tree.ts';
import {
  openSegment,
  saveAbsence,
  saveNode,
  saveRow,
  type UndoLog,
  type UndoSegment,
} from './undo-log.ts';
import {
  copyHash,
  copyPair,
  HASH_BYTES,
  HASH_WORDS,
  PAIR_BYTES,
  PAIR_WORDS,
  prefixOf,
  sameHash,
} from './words.ts';

/** Memory of all updates: fresh pages would cost more than the work done in them. */
export type TreeScratch = {
  readonly sorted: SortedChanges;
  readonly batch: BucketHashes;
  /** Nodes of one level that changed, ascending: their indexes. */
  dirty: Int32Array;
};

/** The work of one checkpoint on one table. */
export type TreeUpdate = {
  readonly tableId: number;
  readonly tree: TableTree;
  readonly pool: RunPool;
  readonly scratch: TreeScratch;
  readonly hashPairs: PairHasher;
  /** The changed rows of the table. */
  readonly staged: StagedRows;
  /** None when no older checkpoint is retained. */
  readonly undo: UndoLog | undefined;
};

/** Where an update is. */
type Progress = {
  readonly segment: UndoSegment | undefined;
  /** Buckets hashed, in `scratch.dirty`. */
  dirtyCount: number;
};

/**
 * Applies `update.staged` to `update.tree`. Throws `InvariantViolation` when a key changes twice.
 * Cost: a pass over the rows of each bucket that has a change, and a hash for each of them.
 */
export function updateTree(update: TreeUpdate): void {
  const { tree, pool, scratch, staged, tableId, undo } = update;
  sortChanges(scratch.sorted, staged);
  fitDepth(update, staged.count);
  const segment = undo && openSegment(undo, tableId, tree.depth);
  const progress: Progress = { segment, dirtyCount: 0 };
  mergeChanges(update, progress);
  if (undo && segment) segment.rowsTo = undo.rowCount;
  raiseHashes(update, progress);
  flatten(tree, pool);
}

/** Gives the tree the depth of the rows it has; an empty one that of those to come. */
function fitDepth(update: TreeUpdate, changes: number): void {
  const { tree, pool } = update;
  if (tree.rows === 0) {
    while (isFlat(tree, changes)) deepenEmpty(tree);
    return;
  }
  while (isFlat(tree, tree.rows)) {
    splitBuckets(tree, pool);
    hashLevel(update);
  }
}

/** Computes the hashes of all buckets, which were just parted: those of a checkpoint, so nothing is noted. */
function hashLevel(update: TreeUpdate): void {
  const { tree, pool, scratch, hashPairs } = update;
  const { batch } = scratch;
  const hashes = levelHashes(tree, tree.depth);
  const kinds = levelKinds(tree, tree.depth);
  const take = (bucket: number, kind: number, words: BigInt64Array, at: number): void => {
    copyHash(words, at, hashes, bucket * HASH_WORDS);
    kinds[bucket] = kind;
  };
  for (let bucket = 0; bucket < tree.counts.length; bucket++) {
    const count = tree.counts[bucket] ?? 0;
    if (count === 0) continue;
    makeRecordRoom(batch, count);
    const run = tree.runs[bucket] ?? 0;
    const start = runOffset(run);
    const records = runWords(pool, run).subarray(start, start + count * PAIR_WORDS);
    batch.records.set(records, batch.recordCount * PAIR_WORDS);
    addBucket(batch, bucket, batch.recordCount + count);
    if (isFullBatch(batch)) hashBuckets(batch, hashPairs, tree.depth, take);
  }
  hashBuckets(batch, hashPairs, tree.depth, take);
}

/** Merges all changes into their buckets and hashes those that are not as they were. */
function mergeChanges(update: TreeUpdate, progress: Progress): void {
  const { tree, scratch, hashPairs, staged, undo } = update;
  const { sorted, batch } = scratch;
  const { count: length } = staged;
  const { prefixes } = sorted;
  if (scratch.dirty.length < length) scratch.dirty = new Int32Array(2 * length);
  const hashes = levelHashes(tree, tree.depth);
  const kinds = levelKinds(tree, tree.depth);
  const { segment } = progress;
  if (undo && segment) segment.nodesFrom[tree.depth] = undo.nodeCount;
  const take = (bucket: number, kind: number, words: BigInt64Array, at: number): void => {
    if (undo) saveNode(undo, bucket, kinds[bucket] ?? 0, hashes, bucket * HASH_WORDS);
    copyHash(words, at, hashes, bucket * HASH_WORDS);
    kinds[bucket] = kind;
    scratch.dirty[progress.dirtyCount++] = bucket;
  };
  let from = 0;
  while (from < length) {
    const bucket = bucketOf(tree, prefixes[from] ?? 0);
    let to = from + 1;
    while (to < length && bucketOf(tree, prefixes[to] ?? 0) === bucket) to++;
    mergeBucket(update, bucket, from, to);
    if (isFullBatch(batch)) {
      hashBuckets(batch, hashPairs, tree.depth, take);
    }
    from = to;
  }
  hashBuckets(batch, hashPairs, tree.depth, take);
  if (undo && segment) segment.nodesTo[tree.depth] = undo.nodeCount;
}

/**
 * Merges the sorted changes `from` to `to` (exclusive) into their bucket. Its rows as they are then
 * stand in the batch, unless nothing changed.
 */
function mergeBucket(update: TreeUpdate, bucket: number, from: number, to: number): void {
  const { tree, pool, scratch, staged, undo } = update;
  const { batch, sorted } = scratch;
  const { changes, prefixes } = sorted;
  const count = tree.counts[bucket] ?? 0;
  makeRecordRoom(batch, count + to - from);
  const { records } = batch;
  const run = tree.runs[bucket] ?? 0;
  const words = runWords(pool, run);
  const numbers = runNumbers(pool, run);
  let at = runOffset(run);
  const end = at + count * PAIR_WORDS;
  const start = batch.recordCount * PAIR_WORDS;
  let out = start;
  let change = from;
  let isChanged = false;
  let isMoved = false;
  while (change < to) {
    const next = changes[change] ?? 0;
    const row = rowOf(next) * PAIR_WORDS;
    const order =
      at === end ? 1 : comparePrefix(numbers, at, prefixes[change] ?? 0, words, staged, row);
    if (order < 0) {
      copyPair(words, at, records, out);
      at += PAIR_WORDS;
      out += PAIR_WORDS;
      continue;
    }
    change++;
    if (order > 0) {
      if (isDelete(next)) continue;
      if (undo) saveAbsence(undo, staged.words, row);
      copyPair(staged.words, row, records, out);
      out += PAIR_WORDS;
      isMoved = true;
      continue;
    }
    if (isDelete(next)) {
      if (undo) saveRow(undo, words, at);
      at += PAIR_WORDS;
      isMoved = true;
      continue;
    }
    // A row written with the value it had leaves the tree as it is.
    if (!sameHash(words, at + HASH_WORDS, staged.words, row + HASH_WORDS)) {
      if (undo) saveRow(undo, words, at);
      copyHash(staged.words, row + HASH_WORDS, words, at + HASH_WORDS);
      isChanged = true;
    }
    copyPair(words, at, records, out);
    at += PAIR_WORDS;
    out += PAIR_WORDS;
  }
  if (!isChanged && !isMoved) return;
  for (; at < end; at += PAIR_WORDS, out += PAIR_WORDS) copyPair(words, at, records, out);
  if (isMoved) storeBucket(update, bucket, start, out);
  addBucket(batch, bucket, out / PAIR_WORDS);
}

/** Whether the key hash of a record stands before (−1), at (0) or behind (1) that of a staged row. */
function comparePrefix(
  numbers: Uint32Array,
  at: number,
  prefix: number,
  words: BigInt64Array,
  staged: StagedRows,
  row: number,
): number {
  const mine = prefixOf(numbers[2 * at] ?? 0);
  if (mine !== prefix) return mine < prefix ? -1 : 1;
  if (sameHash(words, at, staged.words, row)) return 0;
  return compareKeys(numbers, 2 * at, staged.numbers, 2 * row);
}

/** Writes a bucket's records back from the batch, to another run where its own does not suit. */
function storeBucket(update: TreeUpdate, bucket: number, start: number, end: number): void {
  const { tree, pool, scratch } = update;
  const { records } = scratch.batch;
  const count = (end - start) / PAIR_WORDS;
  const ofRun = tree.classes[bucket] ?? NO_RUN_CLASS;
  tree.rows += count - (tree.counts[bucket] ?? 0);
  tree.counts[bucket] = count;
  if (count > runRecords(ofRun) || isSpacious(count, ofRun)) {
    releaseRun(pool, tree.runs[bucket] ?? 0, ofRun);
    const fitting = runClass(count);
    tree.classes[bucket] = fitting;
    if (fitting !== NO_RUN_CLASS) tree.runs[bucket] = allocateRun(pool, fitting);
  }
  if (count === 0) return;
  const run = tree.runs[bucket] ?? 0;
  const words = runWords(pool, run);
  const shift = runOffset(run) - start;
  for (let from = start; from < end; from += PAIR_WORDS)
    copyPair(records, from, words, from + shift);
}

/** Hashes the nodes above the buckets that changed, level by level. */
function raiseHashes(update: TreeUpdate, progress: Progress): void {
  const { tree, scratch, undo } = update;
  const { segment } = progress;
  const { dirty } = scratch;
  let count = progress.dirtyCount;
  for (let depth = tree.depth - 1; depth >= 0; depth--) {
    let parents = 0;
    for (let i = 0; i < count; i++) {
      const parent = (dirty[i] ?? 0) >>> 1;
      if (parents === 0 || dirty[parents - 1] !== parent) dirty[parents++] = parent;
    }
    count = parents;
    if (undo && segment) segment.nodesFrom[depth] = undo.nodeCount;
    hashParents(update, depth, count);
    if (undo && segment) segment.nodesTo[depth] = undo.nodeCount;
  }
}

/** Hashes the first `count` dirty nodes, which are of level `depth`. */
function hashParents(update: TreeUpdate, depth: number, count: number): void {
  const { tree, scratch, hashPairs, undo } = update;
  const { batch, dirty } = scratch;
  const { input, output, inputBytes, outputBytes } = batch;
  const hashes = levelHashes(tree, depth);
  const kinds = levelKinds(tree, depth);
  const below = levelHashes(tree, depth + 1);
  const kindsBelow = levelKinds(tree, depth + 1);
  const most = input.length / PAIR_WORDS;
  for (let from = 0; from < count; from += most) {
    const to = Math.min(count, from + most);
    for (let i = from; i < to; i++) {
      copyPair(below, (dirty[i] ?? 0) * PAIR_WORDS, input, (i - from) * PAIR_WORDS);
    }
    const pairs = to - from;
    hashPairs(
      inputBytes.subarray(0, pairs * PAIR_BYTES),
      outputBytes.subarray(0, pairs * HASH_BYTES),
    );
    for (let i = from; i < to; i++) {
      const node = dirty[i] ?? 0;
      const target = node * HASH_WORDS;
      if (undo) saveNode(undo, node, kinds[node] ?? 0, hashes, target);
      const left = kindsBelow[2 * node] ?? 0;
      const right = kindsBelow[2 * node + 1] ?? 0;
      const kind = Math.min(MANY_ROWS, left + right);
      kinds[node] = kind;
      // A lone leaf, or nothing, stands for itself; the hash of its pair is not used.
      const lone = (2 * node + (left === 0 ? 1 : 0)) * HASH_WORDS;
      if (kind === MANY_ROWS) copyHash(output, (i - from) * HASH_WORDS, hashes, target);
      else copyHash(below, lone, hashes, target);
    }
  }
}

/**
 * Batch update of a table's sparse Merkle tree by path copying, and the hashing of what changed.
 *
 * `updateTree` walks a tree once with all changes of its table: at each node it parts them by the
 * next bit of their key hash, so they need no sorting. It copies the nodes on changed paths and
 * leaves the old ones for older checkpoints. Hashes are only noted as due; `hashDue` then computes
 * them layer by layer, over all tables at once, from the deepest up.
 *
 * Shape (docs/spec/state.md): an empty subtree is 32 zero bytes, a subtree with one leaf is that
 * leaf, every other node has two children. So the tree is a function of its rows alone.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { assert } from '../core/result.ts';
import { KEY_BITS, LEAF_TAG } from './merkle-format.ts';
import {
  allocateSlot,
  EMPTY_REF,
  HASH_WORDS,
  innerRef,
  isInner,
  isLeaf,
  leafRef,
  type NodePool,
  place,
  releaseSlot,
  SLOT_BYTES,
  SLOT_WORDS,
  slotOf,
} from './node-pool.ts';

/** A changed row: a slot with its keyHash ‖ valueHash, and whether it deletes the row. */
export const setChange = (slot: number): number => slot * 2;
export const deleteChange = (slot: number): number => slot * 2 + 1;
const changeSlot = (change: number): number => change >>> 1;
const isDelete = (change: number): boolean => (change & 1) === 1;

/** The work of one checkpoint over all tables. */
export type TreeUpdate = {
  readonly pool: NodePool;
  /** Slots that the new trees no longer use but older ones do. */
  readonly replaced: number[];
  /** Leaves whose hash is due: slot, place, slot, place, … */
  readonly dueLeaves: number[];
  /** Inner nodes whose hash is due, by depth: slot, place, slot, place, … */
  readonly dueInner: number[][];
};

export function beginUpdate(pool: NodePool): TreeUpdate {
  return { pool, replaced: [], dueLeaves: [], dueInner: [] };
}

/**
 * Applies `changes` to the tree `root` and returns the new root ref; its hash will be written to
 * `rootPlace`. Owns the changes' slots from here on and reorders the array. Throws
 * `InvariantViolation` when two changes have one key. About 1 µs a change in a tree of 10⁶.
 */
export function updateTree(
  update: TreeUpdate,
  root: number,
  rootPlace: number,
  changes: number[],
): number {
  const next = updateSubtree(update, changes, { ref: root, depth: 0, from: 0, to: changes.length });
  if (next !== root) writeChildHash(update, next, 0, rootPlace);
  return next;
}

/** A subtree at `depth` with the changes `from` to `to` (exclusive) that fall into it. */
type Step = {
  readonly ref: number;
  readonly depth: number;
  readonly from: number;
  readonly to: number;
};

function updateSubtree(update: TreeUpdate, changes: number[], step: Step): number {
  const { ref, depth, from, to } = step;
  if (from === to) return ref;
  if (to - from === 1 && !isInner(ref)) {
    const settled = settleOne(update, ref, changes[from] ?? 0);
    if (settled !== undefined) return settled;
  }
  assert(depth < KEY_BITS, 'a key changes once in a checkpoint');
  const { pool } = update;
  const middle = partChanges(pool, changes, step);
  let left = EMPTY_REF;
  let right = EMPTY_REF;
  if (isInner(ref)) {
    left = pool.left[slotOf(ref)] ?? 0;
    right = pool.right[slotOf(ref)] ?? 0;
  } else if (ref !== EMPTY_REF) {
    if (slotBit(pool, slotOf(ref), depth) === 0) left = ref;
    else right = ref;
  }
  const newLeft = updateSubtree(update, changes, { ref: left, depth: depth + 1, from, to: middle });
  const newRight = updateSubtree(update, changes, {
    ref: right,
    depth: depth + 1,
    from: middle,
    to,
  });
  if (isInner(ref)) {
    if (newLeft === left && newRight === right) return ref;
    update.replaced.push(slotOf(ref));
  }
  return joinChildren(update, step, newLeft, newRight);
}

/**
 * The outcome of one change on a leaf or an empty subtree; `undefined` when the change adds a
 * second leaf, which must first be parted from this one.
 */
function settleOne(update: TreeUpdate, ref: number, change: number): number | undefined {
  const { pool, replaced } = update;
  const slot = changeSlot(change);
  if (ref === EMPTY_REF) {
    if (!isDelete(change)) return leafRef(slot);
    releaseSlot(pool, slot);
    return EMPTY_REF;
  }
  const present = slotOf(ref);
  if (!equalHalves(pool, present, slot, 0)) {
    if (!isDelete(change)) return undefined;
    releaseSlot(pool, slot);
    return ref;
  }
  if (isDelete(change)) {
    releaseSlot(pool, slot);
    replaced.push(present);
    return EMPTY_REF;
  }
  if (equalHalves(pool, present, slot, 1)) {
    // The row was written with the value it had: the tree stays as it is.
    releaseSlot(pool, slot);
    return ref;
  }
  replaced.push(present);
  return leafRef(slot);
}

/** The node over two updated children: a lone leaf stands for its parent. */
function joinChildren(update: TreeUpdate, step: Step, left: number, right: number): number {
  if (left === EMPTY_REF && !isInner(right)) return right;
  if (right === EMPTY_REF && isLeaf(left)) return left;
  const { pool } = update;
  const slot = allocateSlot(pool);
  pool.left[slot] = left;
  pool.right[slot] = right;
  const old = isInner(step.ref) ? slotOf(step.ref) : undefined;
  if (old !== undefined && pool.left[old] === left) copyHash(pool, place(old, 0), place(slot, 0));
  else writeChildHash(update, left, step.depth + 1, place(slot, 0));
  if (old !== undefined && pool.right[old] === right) copyHash(pool, place(old, 1), place(slot, 1));
  else writeChildHash(update, right, step.depth + 1, place(slot, 1));
  return innerRef(slot);
}

/** Writes the hash of a child that is new at `target`, or notes it as due. */
function writeChildHash(update: TreeUpdate, ref: number, depth: number, target: number): void {
  if (ref === EMPTY_REF) {
    update.pool.words.fill(0, target * HASH_WORDS, (target + 1) * HASH_WORDS);
  } else if (isLeaf(ref)) {
    update.dueLeaves.push(slotOf(ref), target);
  } else {
    while (update.dueInner.length <= depth) update.dueInner.push([]);
    update.dueInner[depth]?.push(slotOf(ref), target);
  }
}

/** Orders the step's changes by bit `depth` of their key hash; returns where the ones begin. */
function partChanges(pool: NodePool, changes: number[], step: Step): number {
  let low = step.from;
  let high = step.to;
  while (low < high) {
    const change = changes[low] ?? 0;
    if (slotBit(pool, changeSlot(change), step.depth) === 0) {
      low++;
    } else {
      high--;
      changes[low] = changes[high] ?? 0;
      changes[high] = change;
    }
  }
  return low;
}

/** Bit `depth` of the key hash in a leaf's slot, as `keyBit`. */
function slotBit(pool: NodePool, slot: number, depth: number): number {
  const byte = pool.bytes[slot * SLOT_BYTES + (depth >>> 3)] ?? 0;
  return (byte >>> (7 - (depth & 7))) & 1;
}

/** Whether two slots agree in one half: 0 the key hash, 1 the value hash of leaves. */
function equalHalves(pool: NodePool, a: number, b: number, side: 0 | 1): boolean {
  const { words } = pool;
  const fromA = place(a, side) * HASH_WORDS;
  const fromB = place(b, side) * HASH_WORDS;
  for (let i = 0; i < HASH_WORDS; i++) if (words[fromA + i] !== words[fromB + i]) return false;
  return true;
}

function copyHash(pool: NodePool, from: number, to: number): void {
  const { words } = pool;
  for (let i = 0; i < HASH_WORDS; i++) {
    words[to * HASH_WORDS + i] = words[from * HASH_WORDS + i] ?? 0;
  }
}

/** Pairs hashed by one call: 96 KB of buffers, which stay in the second-level cache. */
const BATCH_PAIRS = 1024;

/** Computes every hash that is due: all leaves, then inner nodes from the deepest level up. */
export function hashDue(update: TreeUpdate, hashPairs: PairHasher): void {
  const buffers = createBuffers();
  hashEach(update.pool, update.dueLeaves, buffers, (count) => {
    const half = buffers.output.subarray(0, count * 32);
    hashPairs(buffers.input.subarray(0, count * 64), half);
    for (let i = 0; i < count; i++) {
      buffers.tagged.set(half.subarray(i * 32, (i + 1) * 32), i * 64);
    }
    hashPairs(buffers.tagged.subarray(0, count * 64), half);
  });
  for (let depth = update.dueInner.length - 1; depth >= 0; depth--) {
    hashEach(update.pool, update.dueInner[depth] ?? [], buffers, (count) => {
      hashPairs(buffers.input.subarray(0, count * 64), buffers.output.subarray(0, count * 32));
    });
  }
}

type Buffers = {
  readonly input: Uint8Array;
  readonly inputWords: Int32Array;
  readonly output: Uint8Array;
  readonly outputWords: Int32Array;
  /** Pairs whose right half is the leaf tag. */
  readonly tagged: Uint8Array;
};

function createBuffers(): Buffers {
  const inputWords = new Int32Array(BATCH_PAIRS * SLOT_WORDS);
  const outputWords = new Int32Array(BATCH_PAIRS * HASH_WORDS);
  const tagged = new Uint8Array(BATCH_PAIRS * 64);
  for (let i = 0; i < BATCH_PAIRS; i++) tagged.set(LEAF_TAG, i * 64 + 32);
  return {
    input: new Uint8Array(inputWords.buffer),
    inputWords,
    output: new Uint8Array(outputWords.buffer),
    outputWords,
    tagged,
  };
}

/** Gathers the due slots into `input` batch by batch, has them hashed and puts the hashes in place. */
function hashEach(
  pool: NodePool,
  due: readonly number[],
  buffers: Buffers,
  hashBatch: (count: number) => void,
): void {
  const { words } = pool;
  const { inputWords, outputWords } = buffers;
  for (let start = 0; start < due.length; start += 2 * BATCH_PAIRS) {
    const count = Math.min(BATCH_PAIRS, (due.length - start) / 2);
    for (let i = 0; i < count; i++) {
      const from = (due[start + 2 * i] ?? 0) * SLOT_WORDS;
      for (let w = 0; w < SLOT_WORDS; w++) inputWords[i * SLOT_WORDS + w] = words[from + w] ?? 0;
    }
    hashBatch(count);
    for (let i = 0; i < count; i++) {
      const to = (due[start + 2 * i + 1] ?? 0) * HASH_WORDS;
      for (let w = 0; w < HASH_WORDS; w++) words[to + w] = outputWords[i * HASH_WORDS + w] ?? 0;
    }
  }
}

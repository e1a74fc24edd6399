/**
 * The nodes that an update changes, and the hashing of them layer by layer.
 *
 * Each entry holds the 64 bytes of one changed node, close together unlike the slots they came from;
 * hashes are put into the parent's entry, and at the end every entry is written to its slot. Entries
 * 0 to 63 are the slots of the tables' roots. A `place` is half an entry, `entry * 2 + side`: the
 * root of table t goes to place t.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { LEAF_TAG } from './merkle-format.ts';
import {
  HASH_WORDS,
  isLeaf,
  KEPT_WORDS,
  type NodePool,
  PAIR_WORDS,
  ROOT_SLOTS,
  slotOf,
  slotWords,
  wordOffset,
} from './node-pool.ts';

export type DirtyNodes = {
  /** The 64 bytes of every entry. */
  pairs: Int32Array;
  /** Ref of the node of every entry. */
  readonly refs: number[];
  /** Leaves whose hash is due: entry, place, entry, place, … */
  readonly dueLeaves: number[];
  /** Inner nodes whose hash is due, by depth: entry, place, entry, place, … */
  readonly dueInner: number[][];
};

export function createDirtyNodes(): DirtyNodes {
  return { pairs: new Int32Array(1024 * PAIR_WORDS), refs: [], dueLeaves: [], dueInner: [] };
}

/** Empties the list but for the tables' roots, keeping its memory unless that is very much. */
export function resetDirtyNodes(dirty: DirtyNodes, pool: NodePool): void {
  dirty.refs.length = 0;
  dirty.dueLeaves.length = 0;
  for (const due of dirty.dueInner) due.length = 0;
  if (dirty.pairs.length > KEPT_WORDS) dirty.pairs = new Int32Array(1024 * PAIR_WORDS);
  for (let slot = 0; slot < ROOT_SLOTS; slot++) addDirty(dirty, pool, slot * 2);
}

/** Adds the node `ref` with the 64 bytes of its slot; returns its entry. */
export function addDirty(dirty: DirtyNodes, pool: NodePool, ref: number): number {
  const entry = dirty.refs.push(ref) - 1;
  const start = entry * PAIR_WORDS;
  if (start === dirty.pairs.length) {
    const larger = new Int32Array(2 * dirty.pairs.length);
    larger.set(dirty.pairs);
    dirty.pairs = larger;
  }
  const page = slotWords(pool, slotOf(ref));
  const offset = wordOffset(slotOf(ref));
  const { pairs } = dirty;
  for (let i = 0; i < PAIR_WORDS; i++) pairs[start + i] = page[offset + i] ?? 0;
  return entry;
}

export const entryRef = (dirty: DirtyNodes, entry: number): number => dirty.refs[entry] ?? 0;

/** Says that the hash of an entry at `depth` is due at `place`. */
export function hashLater(dirty: DirtyNodes, entry: number, depth: number, place: number): void {
  if (isLeaf(entryRef(dirty, entry))) {
    dirty.dueLeaves.push(entry, place);
    return;
  }
  while (dirty.dueInner.length <= depth) dirty.dueInner.push([]);
  dirty.dueInner[depth]?.push(entry, place);
}

/** Puts the hash of the empty subtree at `place`. */
export function putEmptyHash(dirty: DirtyNodes, place: number): void {
  dirty.pairs.fill(0, place * HASH_WORDS, (place + 1) * HASH_WORDS);
}

const LEAF_TAG_WORDS = new Int32Array(LEAF_TAG.slice().buffer);

/** Pairs hashed by one call: 96 KB of buffers, which stay in the second-level cache. */
const BATCH_PAIRS = 1024;

/** Computes every hash that is due, leaves first, then the deepest level up, and fills the slots. */
export function hashDirty(dirty: DirtyNodes, pool: NodePool, hashPairs: PairHasher): void {
  const input = new Uint8Array(BATCH_PAIRS * 64);
  const output = new Uint8Array(BATCH_PAIRS * 32);
  const buffers = { input: new Int32Array(input.buffer), output: new Int32Array(output.buffer) };
  const hashInner = (count: number): void =>
    hashPairs(input.subarray(0, count * 64), output.subarray(0, count * 32));
  const hashLeaves = (count: number): void => {
    hashInner(count);
    for (let i = 0; i < count; i++) {
      for (let w = 0; w < HASH_WORDS; w++) {
        buffers.input[i * PAIR_WORDS + w] = buffers.output[i * HASH_WORDS + w] ?? 0;
        buffers.input[i * PAIR_WORDS + HASH_WORDS + w] = LEAF_TAG_WORDS[w] ?? 0;
      }
    }
    hashInner(count);
  };

  hashEach(dirty.pairs, dirty.dueLeaves, buffers, hashLeaves);
  for (let depth = dirty.dueInner.length - 1; depth >= 0; depth--) {
    hashEach(dirty.pairs, dirty.dueInner[depth] ?? [], buffers, hashInner);
  }
  writeBack(dirty, pool);
}

/** Gathers due entries into `input` batch by batch, has them hashed, puts the hashes in place. */
function hashEach(
  pairs: Int32Array,
  due: readonly number[],
  buffers: { readonly input: Int32Array; readonly output: Int32Array },
  hashBatch: (count: number) => void,
): void {
  const { input, output } = buffers;
  for (let start = 0; start < due.length; start += 2 * BATCH_PAIRS) {
    const count = Math.min(BATCH_PAIRS, (due.length - start) / 2);
    for (let i = 0; i < count; i++) {
      const from = (due[start + 2 * i] ?? 0) * PAIR_WORDS;
      for (let w = 0; w < PAIR_WORDS; w++) input[i * PAIR_WORDS + w] = pairs[from + w] ?? 0;
    }
    hashBatch(count);
    for (let i = 0; i < count; i++) {
      const to = (due[start + 2 * i + 1] ?? 0) * HASH_WORDS;
      for (let w = 0; w < HASH_WORDS; w++) pairs[to + w] = output[i * HASH_WORDS + w] ?? 0;
    }
  }
}

function writeBack(dirty: DirtyNodes, pool: NodePool): void {
  const { pairs, refs } = dirty;
  for (let entry = 0; entry < refs.length; entry++) {
    const slot = slotOf(refs[entry] ?? 0);
    const page = slotWords(pool, slot);
    const offset = wordOffset(slot);
    const start = entry * PAIR_WORDS;
    for (let i = 0; i < PAIR_WORDS; i++) page[offset + i] = pairs[start + i] ?? 0;
  }
}

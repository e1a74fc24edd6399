/**
 * The hashing of changed nodes: noted while a tree is updated, computed a level at a time.
 *
 * Hashes are due in the order in which nodes are finished, each after all nodes below it. So at any
 * moment what is due can be hashed, deepest level first; it is done as soon as `MAX_DUE` nodes are,
 * while their slots are still in the processor's cache.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { LEAF_TAG } from './merkle-format.ts';
import {
  HASH_WORDS,
  isLeaf,
  type NodePool,
  PAIR_WORDS,
  placeOffset,
  placeSlot,
  slotOf,
  slotWords,
  wordOffset,
} from './node-pool.ts';

export type DueHashes = {
  /** Leaves whose hash is due: slot, place, slot, place, … */
  readonly leaves: number[];
  /** Inner nodes whose hash is due, by depth: slot, place, slot, place, … */
  readonly inner: number[][];
  /** How many are due in all. */
  count: number;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** The same memory, as words. */
  readonly inputWords: BigInt64Array;
  readonly outputWords: BigInt64Array;
};

/** Most nodes that are due at a time: 80 KB of slots and 96 KB of buffers. */
export const MAX_DUE = 1024;

export function createDueHashes(): DueHashes {
  const inputWords = new BigInt64Array(MAX_DUE * PAIR_WORDS);
  const outputWords = new BigInt64Array(MAX_DUE * HASH_WORDS);
  return {
    leaves: [],
    inner: [],
    count: 0,
    input: new Uint8Array(inputWords.buffer),
    output: new Uint8Array(outputWords.buffer),
    inputWords,
    outputWords,
  };
}

/** Says that the hash of the node `ref` at `depth` is due at `place`. */
export function hashLater(due: DueHashes, ref: number, depth: number, place: number): void {
  due.count++;
  if (isLeaf(ref)) {
    due.leaves.push(slotOf(ref), place);
    return;
  }
  while (due.inner.length <= depth) due.inner.push([]);
  due.inner[depth]?.push(slotOf(ref), place);
}

const LEAF_TAG_WORDS: BigInt64Array = new BigInt64Array(LEAF_TAG.slice().buffer);

/** Computes every hash that is due, leaves first, then the deepest level up. */
export function hashDue(due: DueHashes, pool: NodePool, hashPairs: PairHasher): void {
  const { inputWords, outputWords } = due;
  const leaves = gather(due, pool, due.leaves);
  hashFirst(due, leaves, hashPairs);
  for (let i = 0; i < leaves; i++) {
    for (let w = 0; w < HASH_WORDS; w++) {
      inputWords[i * PAIR_WORDS + w] = outputWords[i * HASH_WORDS + w] ?? 0n;
      inputWords[i * PAIR_WORDS + HASH_WORDS + w] = LEAF_TAG_WORDS[w] ?? 0n;
    }
  }
  hashFirst(due, leaves, hashPairs);
  scatter(due, pool, due.leaves);
  for (let depth = due.inner.length - 1; depth >= 0; depth--) {
    const nodes = due.inner[depth] ?? [];
    hashFirst(due, gather(due, pool, nodes), hashPairs);
    scatter(due, pool, nodes);
  }
  due.count = 0;
}

function hashFirst(due: DueHashes, count: number, hashPairs: PairHasher): void {
  if (count === 0) return;
  hashPairs(due.input.subarray(0, count * 64), due.output.subarray(0, count * 32));
}

/** Copies the 64 bytes of every listed node into the input; returns their number. */
function gather(due: DueHashes, pool: NodePool, nodes: readonly number[]): number {
  const { inputWords } = due;
  for (let i = 0; i < nodes.length; i += 2) {
    const slot = nodes[i] ?? 0;
    const page = slotWords(pool, slot);
    const from = wordOffset(slot);
    const to = i * (PAIR_WORDS / 2);
    for (let w = 0; w < PAIR_WORDS; w++) inputWords[to + w] = page[from + w] ?? 0n;
  }
  return nodes.length / 2;
}

/** Puts the hashes in the output where the listed nodes want them, and empties the list. */
function scatter(due: DueHashes, pool: NodePool, nodes: number[]): void {
  const { outputWords } = due;
  for (let i = 0; i < nodes.length; i += 2) {
    const place = nodes[i + 1] ?? 0;
    const page = slotWords(pool, placeSlot(place));
    const to = placeOffset(place);
    const from = i * (HASH_WORDS / 2);
    for (let w = 0; w < HASH_WORDS; w++) page[to + w] = outputWords[from + w] ?? 0n;
  }
  nodes.length = 0;
}

/**
 * Storage of the commitment's tree nodes: numbered slots of 64 bytes in typed arrays, so a tree of
 * millions of nodes is a few allocations that the garbage collector never walks.
 *
 * A slot holds exactly the 64 bytes that are hashed: of an inner node its children's hashes (left ‖
 * right), of a leaf keyHash ‖ valueHash. A node's own hash stands in its parent, so an update reads
 * one slot a level. A `ref` is `slot * 2 + isLeaf`; 0 is the empty subtree.
 *
 * Slots 0 to 63 are no tree nodes: they hold the roots of tables 2i and 2i+1, so that a root is
 * written like any other child's hash. Hence ref 0 names no node.
 *
 * Bound: 2²⁵ slots (2 GiB of hashes), about 13 million rows. A table of n rows takes n leaves and
 * about 1.44 n inner nodes of 72 bytes each.
 */
import { assert } from '../core/result.ts';
import { MAX_TABLES } from './merkle-format.ts';

/** Bytes of a slot, and 32-bit words. */
export const SLOT_BYTES = 64;
export const SLOT_WORDS = 16;
/** Words of a hash: half a slot. */
export const HASH_WORDS = 8;

/** The empty subtree. */
export const EMPTY_REF = 0;

const RESERVED_SLOTS = MAX_TABLES / 2;
const MAX_SLOTS = 2 ** 25;

export type NodePool = {
  /** The slots as words, for copying, and as bytes, for hashing: one memory. */
  words: Int32Array;
  bytes: Uint8Array;
  /** Refs of the children of an inner node, by slot. */
  left: Int32Array;
  right: Int32Array;
  /** Slots below this were handed out at least once. */
  used: number;
  /** Slots to hand out again. */
  readonly free: number[];
};

export const leafRef = (slot: number): number => slot * 2 + 1;
export const innerRef = (slot: number): number => slot * 2;
export const isLeaf = (ref: number): boolean => (ref & 1) === 1;
export const isInner = (ref: number): boolean => ref !== EMPTY_REF && (ref & 1) === 0;
export const slotOf = (ref: number): number => ref >>> 1;

/**
 * Where a hash is written: half a slot, `slot * 2 + side`. The root of table t goes to place t,
 * which is the left or right half of slot ⌊t/2⌋.
 */
export const place = (slot: number, side: 0 | 1): number => slot * 2 + side;

export function createNodePool(): NodePool {
  const slots = 1024;
  const words = new Int32Array(slots * SLOT_WORDS);
  return {
    words,
    bytes: new Uint8Array(words.buffer),
    left: new Int32Array(slots),
    right: new Int32Array(slots),
    used: RESERVED_SLOTS,
    free: [],
  };
}

/** Makes room for `slots` slots in all. Untouched room costs no memory. */
export function reserveSlots(pool: NodePool, slots: number): void {
  if (slots <= pool.left.length) return;
  assert(slots <= MAX_SLOTS, `the state tree has at most ${MAX_SLOTS} nodes`);
  const words = new Int32Array(slots * SLOT_WORDS);
  words.set(pool.words);
  pool.words = words;
  pool.bytes = new Uint8Array(words.buffer);
  const left = new Int32Array(slots);
  left.set(pool.left);
  pool.left = left;
  const right = new Int32Array(slots);
  right.set(pool.right);
  pool.right = right;
}

/** A slot with arbitrary content. O(1), but doubling the room copies everything. */
export function allocateSlot(pool: NodePool): number {
  const recycled = pool.free.pop();
  if (recycled !== undefined) return recycled;
  if (pool.used === pool.left.length) {
    reserveSlots(pool, Math.min(pool.used * 2, MAX_SLOTS));
    assert(pool.used < pool.left.length, `the state tree has at most ${MAX_SLOTS} nodes`);
  }
  return pool.used++;
}

/** Gives a slot back: nothing may refer to it any more. */
export function releaseSlot(pool: NodePool, slot: number): void {
  pool.free.push(slot);
}

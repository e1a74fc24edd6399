/**
 * Storage of the commitment's tree nodes: numbered slots in pages of typed arrays, so a tree of
 * millions of nodes is a few hundred objects to the garbage collector, and growing copies nothing.
 *
 * A slot is a pair and four links, in pages of their own:
 *   pair     the 64 bytes that are hashed: of an inner node its children's hashes (left ‖ right), of
 *            a leaf keyHash ‖ valueHash. A node's own hash stands in its parent.
 *   links 0, 1  of an inner node the refs of its children. A `ref` is `slot * 2 + isLeaf`; 0 is the
 *            empty subtree.
 *   link 2   version: the checkpoint that wrote this content.
 *   link 3   where that checkpoint's undo log holds the content before it, or −1 for a new node.
 *
 * A walk goes by the links, four nodes of which fit a cache line; the pairs are touched only where
 * something changed.
 *
 * Nodes are changed in place, because at a million rows an update is bound by cache misses and a
 * node's neighbours in the tree stay its neighbours in memory. The undo logs of the last checkpoints
 * answer for older content: `locateSlot`.
 *
 * Slots 0 to 63 are no tree nodes: they hold the roots of tables 2i and 2i+1, so that a root is
 * written like any other child's hash. Hence ref 0 names no node.
 *
 * Memory: a table of n rows takes n leaves and about 1.44 n inner nodes, 195 bytes a row in all.
 */
import { assert } from '../core/result.ts';
import { MAX_TABLES } from './merkle-format.ts';

/**
 * Words of 64 bits of what is hashed of a slot and of one hash: they are copied in half the time of
 * as many bytes in words of 32.
 */
export const PAIR_WORDS = 8;
export const HASH_WORDS = 4;
export const WORD_BYTES = 8;
/** Numbers of 32 bits in the rest of a slot. */
const LINKS = 4;
const LEFT = 0;
const RIGHT = 1;
const VERSION = 2;
const UNDO = 3;
const NO_UNDO = -1;
const LEAST_UNDO = 16;
const PAIR_BYTES: number = WORD_BYTES * PAIR_WORDS;
const PAGE_OFFSET = 48;

/** Scratch memory above 32 MB is given back after use. */
export const KEPT_WORDS: number = 2 ** 22;

/** The empty subtree. */
export const EMPTY_REF = 0;

/** Slots 0 to 63: the roots of 128 tables. */
export const ROOT_SLOTS: number = MAX_TABLES / 2;

/** Slots of a page: 1 MB of pairs and 256 KB of links. */
const PAGE_SHIFT = 14;
const PAGE_SLOTS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_SLOTS - 1;
/** Refs must stay small integers: 2²⁹ slots, 43 GB. */
const MAX_PAGES = 1 << (29 - PAGE_SHIFT);

/** Slots as they were before one checkpoint changed them: their pairs and their links. */
export type UndoLog = {
  version: number;
  pairs: BigInt64Array;
  links: Int32Array;
  count: number;
};

export type NodePool = {
  /** Pages as words, for copying, and as bytes, for hashes and key bits: the same memory. */
  readonly words: BigInt64Array[];
  readonly bytes: Uint8Array[];
  /** Pages of links. */
  readonly links: Int32Array[];
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

export function createNodePool(): NodePool {
  const pool: NodePool = { words: [], bytes: [], links: [], used: ROOT_SLOTS, free: [] };
  addPage(pool);
  return pool;
}

function addPage(pool: NodePool): void {
  assert(pool.words.length < MAX_PAGES, 'the state trees fit their pages');
  // A pair is one cache line, not parts of two, where the allocator puts a large block 16 bytes
  // behind a line, as glibc's does; elsewhere this changes nothing.
  const buffer = new ArrayBuffer(PAGE_OFFSET + PAGE_SLOTS * PAIR_BYTES);
  pool.words.push(new BigInt64Array(buffer, PAGE_OFFSET, PAGE_SLOTS * PAIR_WORDS));
  pool.bytes.push(new Uint8Array(buffer, PAGE_OFFSET, PAGE_SLOTS * PAIR_BYTES));
  pool.links.push(new Int32Array(PAGE_SLOTS * LINKS));
}

/** A slot of arbitrary content, marked as new in `version`. O(1). */
export function allocateSlot(pool: NodePool, version: number): number {
  let slot = pool.free.pop();
  if (slot === undefined) {
    if (pool.used === pool.words.length * PAGE_SLOTS) addPage(pool);
    slot = pool.used++;
  }
  const links = slotLinks(pool, slot);
  const offset = linkOffset(slot);
  links[offset + VERSION] = version;
  links[offset + UNDO] = NO_UNDO;
  return slot;
}

/** Gives a slot back: no retained checkpoint may use it any more. */
export function releaseSlot(pool: NodePool, slot: number): void {
  pool.free.push(slot);
}

/** The page of a slot as words, and the slot's first word in it. */
export function slotWords(pool: NodePool, slot: number): BigInt64Array {
  return pool.words[slot >>> PAGE_SHIFT] ?? NO_WORDS;
}
export const wordOffset = (slot: number): number => (slot & PAGE_MASK) * PAIR_WORDS;

/** The page of a slot's links, and the first of them in it. */
function slotLinks(pool: NodePool, slot: number): Int32Array {
  return pool.links[slot >>> PAGE_SHIFT] ?? NO_LINKS;
}
const linkOffset = (slot: number): number => (slot & PAGE_MASK) * LINKS;

/**
 * A place is half a slot, `slot * 2 + side`: where a hash is put. The root of table t has place t.
 */
export const placeOf = (slot: number, side: 0 | 1): number => slot * 2 + side;
export const placeSlot = (place: number): number => place >>> 1;
export const placeOffset = (place: number): number =>
  wordOffset(place >>> 1) + (place & 1) * HASH_WORDS;

/** The page of a slot as bytes, and the slot's first byte in it. */
export function slotBytes(pool: NodePool, slot: number): Uint8Array {
  return pool.bytes[slot >>> PAGE_SHIFT] ?? NO_BYTES;
}
export const byteOffset = (slot: number): number => wordOffset(slot) * WORD_BYTES;

export function leftRef(pool: NodePool, slot: number): number {
  return slotLinks(pool, slot)[linkOffset(slot) + LEFT] ?? EMPTY_REF;
}

export function rightRef(pool: NodePool, slot: number): number {
  return slotLinks(pool, slot)[linkOffset(slot) + RIGHT] ?? EMPTY_REF;
}

/** Sets the children of an inner node; `saveSlot` comes first if it is not new. */
export function setChildren(pool: NodePool, slot: number, left: number, right: number): void {
  const links = slotLinks(pool, slot);
  const offset = linkOffset(slot);
  links[offset + LEFT] = left;
  links[offset + RIGHT] = right;
}

export function createUndoLog(version: number): UndoLog {
  return { version, ...undoMemory(LEAST_UNDO), count: 0 };
}

function undoMemory(slots: number): Pick<UndoLog, 'pairs' | 'links'> {
  return { pairs: new BigInt64Array(slots * PAIR_WORDS), links: new Int32Array(slots * LINKS) };
}

/** Empties a log for another checkpoint, keeping its memory unless that is far more than usual. */
export function resetUndoLog(log: UndoLog, version: number): void {
  log.version = version;
  log.count = 0;
  if (log.pairs.length > KEPT_WORDS) Object.assign(log, undoMemory(LEAST_UNDO));
}

/** Notes the content of a slot before the log's checkpoint first changes it. */
export function saveSlot(pool: NodePool, log: UndoLog, slot: number): void {
  const links = slotLinks(pool, slot);
  const link = linkOffset(slot);
  if (links[link + VERSION] === log.version) return;
  const { count } = log;
  if ((count + 1) * PAIR_WORDS > log.pairs.length) growUndo(log);
  const words = slotWords(pool, slot);
  const from = wordOffset(slot);
  const to = count * PAIR_WORDS;
  for (let i = 0; i < PAIR_WORDS; i++) log.pairs[to + i] = words[from + i] ?? 0n;
  for (let i = 0; i < LINKS; i++) log.links[count * LINKS + i] = links[link + i] ?? 0;
  links[link + VERSION] = log.version;
  links[link + UNDO] = count;
  log.count++;
}

function growUndo(log: UndoLog): void {
  const { pairs, links, count } = log;
  Object.assign(log, undoMemory(2 * count));
  log.pairs.set(pairs);
  log.links.set(links);
}

/** Where the content of a slot stands: `PAIR_WORDS` from `pair`, and its links from `link`. */
export type SlotContent = {
  readonly pairs: BigInt64Array;
  readonly pair: number;
  readonly links: Int32Array;
  readonly link: number;
};

/**
 * The content of a slot as checkpoint `version` left it. `logs` holds the undo logs of all
 * checkpoints after `version`. Cost: one step for each of them that changed the slot.
 */
export function locateSlot(
  pool: NodePool,
  logs: readonly UndoLog[],
  slot: number,
  version: number,
): SlotContent {
  let pairs = slotWords(pool, slot);
  let pair = wordOffset(slot);
  let links = slotLinks(pool, slot);
  let link = linkOffset(slot);
  let writtenBy = links[link + VERSION] ?? 0;
  while (writtenBy > version) {
    const undo = links[link + UNDO] ?? NO_UNDO;
    const log = logs.find((candidate) => candidate.version === writtenBy);
    assert(log !== undefined && undo !== NO_UNDO, 'a node in use at a checkpoint can be restored');
    pairs = log.pairs;
    pair = undo * PAIR_WORDS;
    links = log.links;
    link = undo * LINKS;
    writtenBy = links[link + VERSION] ?? 0;
  }
  return { pairs, pair, links, link };
}

/** Ref of a child in located content: 0 left, 1 right. */
export function childRef(content: SlotContent, side: number): number {
  return content.links[content.link + LEFT + side] ?? EMPTY_REF;
}

/** The left (0) or right (1) 32 bytes of located content, copied. */
export function halfBytes(content: SlotContent, side: number): Uint8Array {
  const { buffer, byteOffset } = content.pairs;
  return new Uint8Array(buffer, byteOffset + content.pair * WORD_BYTES + 32 * side, 32).slice();
}

const NO_WORDS = new BigInt64Array(0);
const NO_LINKS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

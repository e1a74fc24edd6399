/**
 * The state commitment: one sparse Merkle tree a table, one root over them, and the trees of the
 * last four checkpoints.
 *
 * Source: design/chain.md §5; format in docs/spec/state.md. Updates copy the changed paths, so an
 * older checkpoint is its root refs; nodes that a checkpoint replaced are recycled when the last
 * checkpoint that used them leaves the window. A checkpoint is named by its state root: two with
 * one root have the same rows, so either answers for both.
 *
 * Invariants: the roots depend on the rows alone, not on the order or history of changes; every
 * slot of the pool is reserved, free, or used by a retained tree (`replaced` holds those that only
 * older ones use).
 */
import { equalBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import type { PairHasher } from '../core/merkle-hash.ts';
import { assert } from '../core/result.ts';
import { MAX_TABLES } from './merkle-format.ts';
import {
  allocateSlot,
  createNodePool,
  EMPTY_REF,
  type NodePool,
  releaseSlot,
  reserveSlots,
  SLOT_BYTES,
} from './node-pool.ts';
import type { TableChanges } from './table.ts';
import { beginUpdate, deleteChange, hashDue, setChange, updateTree } from './update-tree.ts';

/** Checkpoints whose rows can be proved: the newest and three before it. */
export const RETAINED_CHECKPOINTS = 4;

/** The trees as one checkpoint left them. */
export type RetainedCheckpoint = {
  readonly stateRoot: Uint8Array;
  /** The binary tree over the tables' roots, 32 bytes a node: node 1 is the state root, the
   * children of node i are 2i and 2i+1, node 128 + t is the root of table t. */
  readonly tableTree: Uint8Array;
  /** Root ref of every table. */
  readonly roots: Int32Array;
  /** Slots that this checkpoint's trees no longer use and the one before still does. */
  readonly replaced: readonly number[];
};

export type Commitment = {
  readonly hashPairs: PairHasher;
  readonly pool: NodePool;
  /** Oldest first, at most `RETAINED_CHECKPOINTS`. */
  readonly checkpoints: RetainedCheckpoint[];
  /** Changes of the next checkpoint, by table. */
  readonly staged: number[][];
};

/** A commitment to nothing, before its first checkpoint. */
export function createCommitment(hashPairs: PairHasher): Commitment {
  return {
    hashPairs,
    pool: createNodePool(),
    checkpoints: [],
    staged: Array.from({ length: MAX_TABLES }, () => []),
  };
}

/**
 * Applies the rows changed since the last checkpoint, each key once, and returns the new state
 * root. Writing a row with the value it has, or deleting one that is not there, changes nothing.
 * Cost: see `npm run bench -- commitment`.
 */
export function commitChanges(
  commitment: Commitment,
  changes: readonly TableChanges[],
): Uint8Array {
  for (const { tableId, rows } of changes) {
    for (const { key, value } of rows) stageRow(commitment, { tableId, key, value });
  }
  return sealCheckpoint(commitment);
}

/** Hashes one changed row (`value` undefined when deleted) for the next checkpoint. About 1.5 µs. */
export function stageRow(
  commitment: Commitment,
  row: {
    readonly tableId: number;
    readonly key: Uint8Array;
    readonly value: Uint8Array | undefined;
  },
): void {
  const { pool } = commitment;
  const staged = commitment.staged[row.tableId];
  assert(staged !== undefined, `table ids are 0 to ${MAX_TABLES - 1}`);
  const slot = allocateSlot(pool);
  pool.bytes.set(sha256(row.key), slot * SLOT_BYTES);
  if (row.value === undefined) {
    staged.push(deleteChange(slot));
  } else {
    pool.bytes.set(sha256(row.value), slot * SLOT_BYTES + 32);
    staged.push(setChange(slot));
  }
}

/** Makes a checkpoint of what was staged, recycles what only the fifth-last used; the new root. */
export function sealCheckpoint(commitment: Commitment): Uint8Array {
  const { pool, checkpoints, staged, hashPairs } = commitment;
  const update = beginUpdate(pool);
  const before = checkpoints.at(-1);
  // A bulk load is many rows on no trees: its inner nodes, 1.44 a row, in one allocation.
  if (!before) reserveSlots(pool, Math.ceil(pool.used * 2.5));
  const roots = new Int32Array(MAX_TABLES);
  for (let tableId = 0; tableId < MAX_TABLES; tableId++) {
    const root = before?.roots[tableId] ?? EMPTY_REF;
    const changes = staged[tableId] ?? [];
    roots[tableId] = updateTree(update, root, tableId, changes);
    staged[tableId] = [];
  }
  hashDue(update, hashPairs);
  const tableTree = hashTableTree(pool, hashPairs);
  const stateRoot = tableTree.slice(32, 64);
  checkpoints.push({ stateRoot, tableTree, roots, replaced: update.replaced });
  if (checkpoints.length > RETAINED_CHECKPOINTS) {
    checkpoints.shift();
    for (const slot of checkpoints[0]?.replaced ?? []) releaseSlot(pool, slot);
  }
  return stateRoot;
}

/** The tree over the tables' roots, which the pool holds in its first slots. 127 hashes. */
function hashTableTree(pool: NodePool, hashPairs: PairHasher): Uint8Array {
  const tree = new Uint8Array(2 * MAX_TABLES * 32);
  tree.set(pool.bytes.subarray(0, MAX_TABLES * 32), MAX_TABLES * 32);
  for (let width = MAX_TABLES / 2; width >= 1; width /= 2) {
    const children = tree.subarray(2 * width * 32, 4 * width * 32);
    hashPairs(children, tree.subarray(width * 32, 2 * width * 32));
  }
  return tree;
}

/** The retained checkpoint with this state root, the newest if there are several. */
export function findCheckpoint(
  commitment: Commitment,
  stateRoot: Uint8Array,
): RetainedCheckpoint | undefined {
  return commitment.checkpoints.findLast((kept) => equalBytes(kept.stateRoot, stateRoot));
}

/** The newest checkpoint, or `undefined` before the first. */
export function latestCheckpoint(commitment: Commitment): RetainedCheckpoint | undefined {
  return commitment.checkpoints.at(-1);
}

/**
 * Roots of all 128 tables by id, 32 zero bytes for an empty one: to find the table in which two
 * nodes differ.
 */
export function tableRoots(checkpoint: RetainedCheckpoint): Uint8Array[] {
  return Array.from({ length: MAX_TABLES }, (_, tableId) =>
    checkpoint.tableTree.slice((MAX_TABLES + tableId) * 32, (MAX_TABLES + tableId + 1) * 32),
  );
}

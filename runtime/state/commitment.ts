/**
 * The state commitment: one sparse Merkle tree a table, one root over them, and the trees of the
 * last four checkpoints.
 *
 * Source: design/chain.md §5; format in docs/spec/state.md. Nodes change in place; each checkpoint
 * keeps an undo log of the nodes it changed, through which proofs read older trees. A checkpoint is
 * named by its state root: two with one root have the same rows, so either answers for both.
 *
 * Invariants: the roots depend on the rows alone, not on the order or history of changes; a slot is
 * handed out again only when no retained checkpoint uses it.
 */
import { equalBytes } from '../core/bytes.ts';
import type { PairHasher } from '../core/merkle-hash.ts';
import { assert } from '../core/result.ts';
import { createDueHashes, type DueHashes, hashDue } from './due-hashes.ts';
import type { EncodedRows } from './encoded-rows.ts';
import { MAX_TABLES } from './merkle-format.ts';
import {
  byteOffset,
  createNodePool,
  createUndoLog,
  EMPTY_REF,
  type NodePool,
  ROOT_SLOTS,
  releaseSlot,
  resetUndoLog,
  slotBytes,
  type UndoLog,
} from './node-pool.ts';
import { createRowHashes } from './row-hashes.ts';
import { createSortedChanges, resetSorted, type SortedChanges } from './sorted-changes.ts';
import {
  addStagedEncoded,
  addStagedRow,
  createStagedRows,
  flushBatch,
  resetStagedRows,
  type StagedRows,
  type StagingBatch,
} from './staged-rows.ts';
import type { TableChanges } from './table.ts';
import { updateTree } from './update-tree.ts';

/** Checkpoints whose rows can be proved: the newest and three before it. */
export const RETAINED_CHECKPOINTS = 4;

/** Memory for the order of more changes than these is given back after use. */
const KEPT_CHANGES: number = 2 ** 19;

/** The trees as one checkpoint left them. */
export type RetainedCheckpoint = {
  readonly version: number;
  readonly stateRoot: Uint8Array;
  /**
   * The binary tree over the tables' roots, 32 bytes a node: node 1 is the state root, the children
   * of node i are 2i and 2i+1, node 128 + t is the root of table t.
   */
  readonly tableTree: Uint8Array;
  /** Root ref of every table. */
  readonly roots: Int32Array;
  /** What this checkpoint changed, to read the ones before it. */
  readonly undo: UndoLog;
  /** Slots that this checkpoint's trees no longer use and the one before still does. */
  readonly dropped: readonly number[];
};

/** The checkpoint in the making. */
type OpenCheckpoint = {
  readonly undo: UndoLog;
  readonly dropped: number[];
  readonly roots: Int32Array;
};

export type Commitment = {
  readonly hashPairs: PairHasher;
  readonly pool: NodePool;
  /** Oldest first, at most `RETAINED_CHECKPOINTS`. */
  readonly checkpoints: RetainedCheckpoint[];
  open: OpenCheckpoint;
  /** Rows not yet in the trees, by table id. */
  readonly staged: readonly StagedRows[];
  /** The last of them, not yet hashed. */
  readonly batch: StagingBatch;
  /**
   * Memory that each checkpoint uses again: fresh pages would cost more than the work done in them.
   */
  readonly due: DueHashes;
  readonly sorted: SortedChanges;
  readonly spareUndo: UndoLog[];
};

/** A commitment to nothing, before its first checkpoint. */
export function createCommitment(hashPairs: PairHasher): Commitment {
  return {
    hashPairs,
    pool: createNodePool(),
    checkpoints: [],
    open: { undo: createUndoLog(1), dropped: [], roots: new Int32Array(MAX_TABLES) },
    staged: Array.from({ length: MAX_TABLES }, createStagedRows),
    batch: { rows: createRowHashes(), staged: undefined },
    due: createDueHashes(),
    sorted: createSortedChanges(),
    spareUndo: [],
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

/** Adds one changed row (`value` undefined when deleted) to the next checkpoint. */
export function stageRow(
  commitment: Commitment,
  row: {
    readonly tableId: number;
    readonly key: Uint8Array;
    readonly value: Uint8Array | undefined;
  },
): void {
  const { tableId, key, value } = row;
  const staged = commitment.staged[tableId];
  assert(staged !== undefined, 'table ids are 0 to 127');
  addStagedRow(staged, commitment.batch, commitment.hashPairs, { key, value });
}

/** Adds all rows of an encoded table to the next checkpoint. */
export function stageEncoded(commitment: Commitment, rows: EncodedRows): void {
  const staged = commitment.staged[rows.tableId];
  assert(staged !== undefined, 'table ids are 0 to 127');
  addStagedEncoded(staged, commitment.batch, commitment.hashPairs, rows);
}

/**
 * Brings the staged rows into the trees of the next checkpoint, which releases their memory. Called
 * by `sealCheckpoint`, and before it by whoever stages a great many.
 */
export function foldStaged(commitment: Commitment): void {
  const { pool, open, due, sorted, staged, hashPairs } = commitment;
  const { undo, dropped, roots } = open;
  flushBatch(commitment.batch, hashPairs);
  for (const [tableId, rows] of staged.entries()) {
    if (rows.changes.length === 0) continue;
    const update = { pool, due, hashPairs, undo, dropped, staged: rows, sorted };
    roots[tableId] = updateTree(update, roots[tableId] ?? EMPTY_REF, tableId);
    resetStagedRows(rows);
  }
  hashDue(due, pool, hashPairs);
  resetSorted(sorted, KEPT_CHANGES);
}

/** Makes a checkpoint of what was staged, and forgets the fifth-last; returns the new state root. */
export function sealCheckpoint(commitment: Commitment): Uint8Array {
  foldStaged(commitment);
  const { pool, checkpoints, open, hashPairs } = commitment;
  const { undo, dropped, roots } = open;
  const tableTree = hashTableTree(pool, hashPairs);
  const stateRoot = tableTree.slice(32, 64);
  checkpoints.push({ version: undo.version, stateRoot, tableTree, roots, undo, dropped });
  const spare = commitment.spareUndo.pop() ?? createUndoLog(0);
  resetUndoLog(spare, undo.version + 1);
  commitment.open = { undo: spare, dropped: [], roots: roots.slice() };
  if (checkpoints.length > RETAINED_CHECKPOINTS) forgetOldest(commitment);
  return stateRoot;
}

/**
 * Drops the oldest checkpoint. What the next one keeps only for the dropped one goes with it: its
 * undo log, and the slots it no longer uses.
 */
function forgetOldest(commitment: Commitment): void {
  const { pool, checkpoints, spareUndo } = commitment;
  checkpoints.shift();
  const oldest = checkpoints[0];
  assert(oldest !== undefined, 'the newest checkpoint is retained');
  for (const slot of oldest.dropped) releaseSlot(pool, slot);
  spareUndo.push(oldest.undo);
  checkpoints[0] = { ...oldest, undo: createUndoLog(oldest.version), dropped: [] };
}

/** The tree over the tables' roots, which the pool holds in its first slots. 127 hashes. */
function hashTableTree(pool: NodePool, hashPairs: PairHasher): Uint8Array {
  const tree = new Uint8Array(2 * MAX_TABLES * 32);
  for (let slot = 0; slot < ROOT_SLOTS; slot++) {
    const pair = slotBytes(pool, slot).subarray(byteOffset(slot), byteOffset(slot) + 64);
    tree.set(pair, MAX_TABLES * 32 + slot * 64);
  }
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

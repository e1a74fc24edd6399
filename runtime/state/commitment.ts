/**
 * The state commitment: one sparse Merkle tree a table, one root over them, and the trees of the
 * last four checkpoints.
 *
 * Source: design/chain.md §5; format in docs/spec/state.md. Trees change in place; each checkpoint
 * keeps an undo log of what it changed, through which proofs read older trees. A checkpoint is
 * named by its state root: two with one root have the same rows, so either answers for both.
 *
 * Invariant: the roots depend on the rows alone, not on the order or history of changes.
 */
import { equalBytes } from '../core/bytes.ts';
import type { PairHasher } from '../core/merkle-hash.ts';
import { assert } from '../core/result.ts';
import { createBucketHashes } from './bucket-hashes.ts';
import type { EncodedRows } from './encoded-rows.ts';
import { MAX_TABLES } from './merkle-format.ts';
import { createRowHashes } from './row-hashes.ts';
import { createRunPool, type RunPool } from './run-pool.ts';
import { createSortedChanges, resetSorted } from './sorted-changes.ts';
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
import { createTableTree, levelHashes, type TableTree } from './table-tree.ts';
import { createUndoLog, resetUndoLog, type UndoLog } from './undo-log.ts';
import { type TreeScratch, updateTree } from './update-tree.ts';
import { HASH_BYTES } from './words.ts';

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
  /** What this checkpoint changed, to read the ones before it. */
  readonly undo: UndoLog;
};

export type Commitment = {
  readonly hashPairs: PairHasher;
  readonly pool: RunPool;
  /** By table id. */
  readonly trees: readonly TableTree[];
  /** Oldest first, at most `RETAINED_CHECKPOINTS`. */
  readonly checkpoints: RetainedCheckpoint[];
  /** Undo log of the checkpoint in the making. */
  undo: UndoLog;
  /** Rows not yet in the trees, by table id. */
  readonly staged: readonly StagedRows[];
  /** The last of them, not yet hashed. */
  readonly batch: StagingBatch;
  /**
   * Memory that each checkpoint uses again: fresh pages would cost more than the work done in them.
   */
  readonly scratch: TreeScratch;
  readonly spareUndo: UndoLog[];
};

/** A commitment to nothing, before its first checkpoint. */
export function createCommitment(hashPairs: PairHasher): Commitment {
  return {
    hashPairs,
    pool: createRunPool(),
    trees: Array.from({ length: MAX_TABLES }, createTableTree),
    checkpoints: [],
    undo: createUndoLog(1),
    staged: Array.from({ length: MAX_TABLES }, createStagedRows),
    batch: { rows: createRowHashes(), staged: undefined },
    scratch: {
      sorted: createSortedChanges(),
      batch: createBucketHashes(),
      dirty: new Int32Array(0),
    },
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
  const { pool, trees, checkpoints, scratch, hashPairs } = commitment;
  flushBatch(commitment.batch, hashPairs);
  const undo = checkpoints.length === 0 ? undefined : commitment.undo;
  for (const [tableId, tree] of trees.entries()) {
    const staged = commitment.staged[tableId];
    if (staged === undefined || staged.count === 0) continue;
    updateTree({ tableId, tree, pool, scratch, hashPairs, staged, undo });
    resetStagedRows(staged);
  }
  resetSorted(scratch.sorted, KEPT_CHANGES);
  if (scratch.dirty.length > KEPT_CHANGES) scratch.dirty = new Int32Array(0);
}

/** Makes a checkpoint of what was staged, and forgets the fifth-last; returns the new state root. */
export function sealCheckpoint(commitment: Commitment): Uint8Array {
  foldStaged(commitment);
  const { checkpoints, undo, hashPairs } = commitment;
  const tableTree = hashTableTree(commitment.trees, hashPairs);
  const stateRoot = tableTree.slice(32, 64);
  checkpoints.push({ version: undo.version, stateRoot, tableTree, undo });
  const spare = commitment.spareUndo.pop() ?? createUndoLog(0);
  resetUndoLog(spare, undo.version + 1);
  commitment.undo = spare;
  if (checkpoints.length > RETAINED_CHECKPOINTS) forgetOldest(commitment);
  return stateRoot;
}

/** Drops the oldest checkpoint, and the undo log of the next, which was kept for it. */
function forgetOldest({ checkpoints, spareUndo }: Commitment): void {
  checkpoints.shift();
  const oldest = checkpoints[0];
  assert(oldest !== undefined, 'the newest checkpoint is retained');
  spareUndo.push(oldest.undo);
  checkpoints[0] = { ...oldest, undo: createUndoLog(oldest.version) };
}

/** The tree over the tables' roots. 127 hashes. */
function hashTableTree(trees: readonly TableTree[], hashPairs: PairHasher): Uint8Array {
  const tree = new Uint8Array(2 * MAX_TABLES * HASH_BYTES);
  for (const [tableId, one] of trees.entries()) {
    const root = new Uint8Array(levelHashes(one, 0).buffer);
    tree.set(root, (MAX_TABLES + tableId) * HASH_BYTES);
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

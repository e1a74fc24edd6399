/**
 * Makes proofs from the trees of a retained checkpoint; `proof.ts` verifies them.
 */
import { equalBytes } from '../core/bytes.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type Commitment, findCheckpoint, type RetainedCheckpoint } from './commitment.ts';
import {
  bytesRoot,
  innerHash,
  keyBit,
  leafHash,
  MAX_TABLES,
  TABLE_LEVELS,
} from './merkle-format.ts';
import type { StateProof } from './proof.ts';
import { nodeAt, type PastTree, pastTree, type RowHash, rowsAt } from './read-tree.ts';
import { MANY_ROWS } from './table-tree.ts';

/** What is to be proved: the row of `key` in a table, under a retained state root. */
export type ProofQuery = {
  readonly stateRoot: Uint8Array;
  readonly tableId: number;
  readonly key: Uint8Array;
};

/**
 * A proof, and the `bytesRoot` of the row's value at that checkpoint, or `undefined` when it proves
 * absence. The caller supplies the value's bytes, which the commitment does not keep.
 */
export type ProofAnswer = {
  readonly proof: StateProof;
  readonly valueHash: Uint8Array | undefined;
};

/** None of the last four checkpoints has this state root. */
export type ProveError = { readonly code: 'root_not_retained' };

/**
 * Proves a row or its absence. Cost: about log2(rows) copies of 32 bytes, and the hashes of the few
 * rows in the key's bucket.
 */
export function proveRow(
  commitment: Commitment,
  query: ProofQuery,
): Result<ProofAnswer, ProveError> {
  const { tableId } = query;
  assert(Number.isInteger(tableId) && tableId >= 0 && tableId < MAX_TABLES, 'a table id is known');
  const checkpoint = findCheckpoint(commitment, query.stateRoot);
  if (!checkpoint) return err({ code: 'root_not_retained' });
  const { pool, checkpoints } = commitment;
  const tree = commitment.trees[tableId];
  assert(tree !== undefined, 'every table has a tree');
  const later = checkpoints.filter(({ version }) => version > checkpoint.version);
  const past = pastTree(pool, tree, tableId, [...later.map(({ undo }) => undo), commitment.undo]);
  const keyHash = bytesRoot(query.key);
  const { siblings, found } = descend(past, keyHash);

  const path = { tableSiblings: tableSiblings(checkpoint, tableId), siblings };
  if (!found) return ok({ proof: { ...path, other: [] }, valueHash: undefined });
  return equalBytes(found.keyHash, keyHash)
    ? ok({ proof: { ...path, other: [] }, valueHash: found.valueHash })
    : ok({ proof: { ...path, other: [found] }, valueHash: undefined });
}

/** The siblings on the way to where a key stands or would stand, and the row there. */
function descend(
  past: PastTree,
  keyHash: Uint8Array,
): { readonly siblings: Uint8Array[]; readonly found: RowHash | undefined } {
  const siblings: Uint8Array[] = [];
  let index = 0;
  while (siblings.length < past.depth && nodeAt(past, siblings.length, index).kind === MANY_ROWS) {
    index = 2 * index + keyBit(keyHash, siblings.length);
    siblings.push(nodeAt(past, siblings.length + 1, index ^ 1).hash);
  }
  let rows = rowsAt(past, siblings.length, index);
  while (rows.length > 1) {
    const depth = siblings.length;
    const side = keyBit(keyHash, depth);
    const aside = rows.filter((row) => keyBit(row.keyHash, depth) !== side);
    rows = rows.filter((row) => keyBit(row.keyHash, depth) === side);
    siblings.push(rootOf(aside, depth + 1));
  }
  return { siblings, found: rows[0] };
}

/** Root of a few rows at `depth`, by the definition. */
function rootOf(rows: readonly RowHash[], depth: number): Uint8Array {
  const [first, second] = rows;
  if (!first) return new Uint8Array(32);
  if (!second) return leafHash(first.keyHash, first.valueHash);
  const zeros = rows.filter(({ keyHash }) => keyBit(keyHash, depth) === 0);
  const ones = rows.filter(({ keyHash }) => keyBit(keyHash, depth) === 1);
  return innerHash(rootOf(zeros, depth + 1), rootOf(ones, depth + 1));
}

function tableSiblings(checkpoint: RetainedCheckpoint, tableId: number): Uint8Array[] {
  return Array.from({ length: TABLE_LEVELS }, (_, level) => {
    const node = (MAX_TABLES + tableId) >>> (TABLE_LEVELS - 1 - level);
    const sibling = node ^ 1;
    return checkpoint.tableTree.slice(sibling * 32, (sibling + 1) * 32);
  });
}

/**
 * Makes proofs from the trees of a retained checkpoint; `proof.ts` verifies them.
 */
import { equalBytes } from '../core/bytes.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type Commitment, findCheckpoint, type RetainedCheckpoint } from './commitment.ts';
import { bytesRoot, keyBit, MAX_TABLES, TABLE_LEVELS } from './merkle-format.ts';
import { childRef, EMPTY_REF, halfBytes, isInner, locateSlot, slotOf } from './node-pool.ts';
import type { StateProof } from './proof.ts';

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

/** Proves a row or its absence. Cost: one hash and about log2(rows) copies of 32 bytes. */
export function proveRow(
  commitment: Commitment,
  query: ProofQuery,
): Result<ProofAnswer, ProveError> {
  const { tableId } = query;
  assert(Number.isInteger(tableId) && tableId >= 0 && tableId < MAX_TABLES, 'a table id is known');
  const checkpoint = findCheckpoint(commitment, query.stateRoot);
  if (!checkpoint) return err({ code: 'root_not_retained' });

  const { pool, checkpoints } = commitment;
  const { version } = checkpoint;
  const logs = checkpoints.map(({ undo }) => undo);
  const keyHash = bytesRoot(query.key);
  const siblings: Uint8Array[] = [];
  let ref = checkpoint.roots[tableId] ?? EMPTY_REF;
  while (isInner(ref)) {
    const node = locateSlot(pool, logs, slotOf(ref), version);
    const side = keyBit(keyHash, siblings.length);
    siblings.push(halfBytes(node, 1 - side));
    ref = childRef(node, side);
  }

  const path = { tableSiblings: tableSiblings(checkpoint, tableId), siblings };
  if (ref === EMPTY_REF) return ok({ proof: { ...path, other: [] }, valueHash: undefined });
  const leaf = locateSlot(pool, logs, slotOf(ref), version);
  const found = { keyHash: halfBytes(leaf, 0), valueHash: halfBytes(leaf, 1) };
  return equalBytes(found.keyHash, keyHash)
    ? ok({ proof: { ...path, other: [] }, valueHash: found.valueHash })
    : ok({ proof: { ...path, other: [found] }, valueHash: undefined });
}

function tableSiblings(checkpoint: RetainedCheckpoint, tableId: number): Uint8Array[] {
  return Array.from({ length: TABLE_LEVELS }, (_, level) => {
    const node = (MAX_TABLES + tableId) >>> (TABLE_LEVELS - 1 - level);
    const sibling = node ^ 1;
    return checkpoint.tableTree.slice(sibling * 32, (sibling + 1) * 32);
  });
}

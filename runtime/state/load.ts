/**
 * Rebuilds the live rows and the commitment from the rows on disk, at a node's start.
 */
import { assert, err, ok, type Result } from '../core/result.ts';
import {
  type Commitment,
  foldStaged,
  latestCheckpoint,
  sealCheckpoint,
  stageRow,
} from './commitment.ts';
import type { AnyTableStore, LoadRowError } from './table.ts';

/** Rows staged at a time: 64 MB. */
const FOLD_ROWS = 2 ** 20;

/** A row on disk. */
export type StoredRow = readonly [tableId: number, key: Uint8Array, value: Uint8Array];

/** A row that does not belong to this state: the disk, or the release, is wrong. */
export type LoadError = {
  readonly tableId: number;
  readonly key: Uint8Array;
  readonly reason: LoadRowError | { readonly code: 'unknown_table' };
};

/**
 * Fills empty `stores` and a fresh `commitment` with `rows`, in any order, and returns the state
 * root, which the caller compares with the one it stored. After an error both are half filled and
 * must be thrown away. Cost: about 4 µs a row, of which 1 to 2 decode it.
 */
export function loadState(
  rows: Iterable<StoredRow>,
  stores: readonly AnyTableStore[],
  commitment: Commitment,
): Result<Uint8Array, LoadError> {
  assert(latestCheckpoint(commitment) === undefined, 'a state is loaded once');
  const storeById = new Map(stores.map((store) => [store.id, store]));
  assert(storeById.size === stores.length, 'table ids are distinct');
  let staged = 0;
  for (const [tableId, key, value] of rows) {
    const store = storeById.get(tableId);
    if (!store) return err({ tableId, key, reason: { code: 'unknown_table' } });
    const loaded = store.loadRow(key, value);
    if (!loaded.ok) return err({ tableId, key, reason: loaded.error });
    stageRow(commitment, { tableId, key, value });
    if (++staged % FOLD_ROWS === 0) foldStaged(commitment);
  }
  return ok(sealCheckpoint(commitment));
}

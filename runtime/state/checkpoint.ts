/**
 * Checkpoints: the moment the live rows, the commitment and the disk agree.
 *
 * Made at heights that are multiples of R (design/chain.md §2). Each changed row is encoded once;
 * the same bytes are hashed here and written to disk by the shell, in one batch with the height.
 */
import { type Commitment, sealCheckpoint, stageEncoded } from './commitment.ts';
import { type EncodedRows, type RowChange, rowChanges } from './encoded-rows.ts';
import type { AnyTableStore, TableChanges } from './table.ts';

/** What a checkpoint leaves for the disk. */
export type Checkpoint = {
  /** Root of the state after it, 32 bytes. */
  readonly stateRoot: Uint8Array;
  /** Rows to write and delete, by table; tables without changes are left out. */
  readonly changes: readonly TableChanges[];
};

/**
 * Commits what changed in `stores` since the last checkpoint and forgets that it changed.
 * Cost: `commitment_us_per_row` of `npm run bench -- matching`.
 */
export function makeCheckpoint(
  stores: readonly AnyTableStore[],
  commitment: Commitment,
): Checkpoint {
  const changes: TableChanges[] = [];
  for (const store of stores) {
    if (store.dirtyCount === 0) continue;
    const encoded = store.encodeChanges();
    if (encoded.count === 0) continue;
    stageEncoded(commitment, encoded);
    changes.push(changesOf(encoded));
  }
  return { stateRoot: sealCheckpoint(commitment), changes };
}

/** The rows as objects, made when the disk asks for them. */
function changesOf(encoded: EncodedRows): TableChanges {
  let rows: RowChange[] | undefined;
  return {
    tableId: encoded.tableId,
    get rows() {
      rows ??= rowChanges(encoded);
      return rows;
    },
  };
}

/**
 * Compares the live rows with the commitment, on demand and in tests: finds a row that was changed
 * in place without `touch`, which no other check sees.
 */
import { equalBytes } from '../core/bytes.ts';
import { assert } from '../core/result.ts';
import {
  type Commitment,
  createCommitment,
  latestCheckpoint,
  sealCheckpoint,
  stageRow,
  tableRoots,
} from './commitment.ts';
import type { AnyTableStore } from './table.ts';

/**
 * Names of the tables whose live rows are not what the newest checkpoint committed. To be called
 * between a checkpoint and the next change. Encodes and hashes every row: about 5 µs a row.
 */
export function auditState(stores: readonly AnyTableStore[], commitment: Commitment): string[] {
  const committed = latestCheckpoint(commitment);
  assert(committed !== undefined, 'a state is audited after a checkpoint');
  const fresh = createCommitment(commitment.hashPairs);
  for (const store of stores) {
    assert(store.dirtyCount === 0, 'a state is audited before the next change');
    for (const [key, value] of store.encodedRows()) {
      stageRow(fresh, { tableId: store.id, key, value });
    }
  }
  sealCheckpoint(fresh);
  const rebuilt = latestCheckpoint(fresh);
  assert(rebuilt !== undefined, 'a sealed checkpoint is there');
  const expected = tableRoots(committed);
  const actual = tableRoots(rebuilt);
  return stores
    .filter(({ id }) => !equalBytes(expected[id] ?? EMPTY, actual[id] ?? EMPTY))
    .map(({ name }) => name);
}

const EMPTY = new Uint8Array(0);

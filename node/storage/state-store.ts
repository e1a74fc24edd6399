/**
 * The durable copy of the state: rows by (table id, key), and with them, in the same atomic batch,
 * the height and roots of the checkpoint they belong to.
 *
 * Source: design/chain.md §5 and §6. A batch need not be synced: LevelDB keeps the order of writes,
 * so a crash leaves an earlier whole checkpoint, and the blocks above it, which are synced, are
 * executed again. A snapshot of each of the last four checkpoints answers proofs with the values
 * that were committed, not with what memory has become.
 */

import { assert } from '../../runtime/core/result.ts';
import { bytes, type Codec, container, list, u64 } from '../../runtime/core/ssz.ts';
import type { Height } from '../../runtime/core/units.ts';
import { RETAINED_CHECKPOINTS } from '../../runtime/state/commitment.ts';
import type { StoredRow } from '../../runtime/state/load.ts';
import type { TableChanges } from '../../runtime/state/table.ts';
import type { CheckpointRoots } from '../executor/executor.ts';
import type { Store, StoreOperation, StoreSnapshot } from '../ports.ts';
import { storeKey } from './keys.ts';

const TAG = { meta: 0, row: 1 } as const;
const META_KEY = storeKey(TAG.meta);

/** What the rows are: chain, and the last checkpoints, ascending, the last that of the rows. */
export type StateMeta = {
  readonly chainId: Uint8Array;
  readonly checkpoints: readonly CheckpointRoots[];
};

const StateMetaCodec: Codec<StateMeta> = container<{
  chainId: Uint8Array;
  checkpoints: CheckpointRoots[];
}>('StateMeta', {
  chainId: bytes(32),
  checkpoints: list(
    container<CheckpointRoots>('CheckpointRoots', {
      height: u64<Height>(),
      stateRoot: bytes(32),
      receiptsRoot: bytes(32),
    }),
    RETAINED_CHECKPOINTS,
    1,
  ),
}) as Codec<StateMeta>;

export interface StateStore {
  /** `undefined` on a fresh disk. Throws when the row does not decode. */
  meta(): Promise<StateMeta | undefined>;
  rows(): Promise<StoredRow[]>;
  /** Atomic; then keeps a snapshot of it. */
  putCheckpoint(meta: StateMeta, changes: readonly TableChanges[]): Promise<void>;
  /** A row as the checkpoint at `height` left it; `undefined` too when that is not retained. */
  rowAt(height: Height, tableId: number, key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Takes the snapshot of the checkpoint that was loaded. */
  retain(height: Height): void;
  close(): Promise<void>;
}

/** Tag, table, key: written in place, since a checkpoint makes thousands. */
function rowKey(tableId: number, key: Uint8Array): Uint8Array {
  const at = new Uint8Array(2 + key.length);
  at[0] = TAG.row;
  at[1] = tableId;
  // A loop, because `set` of so few bytes costs three times as much.
  for (let i = 0; i < key.length; i++) at[2 + i] = key[i] ?? 0;
  return at;
}

function rowOperation(
  tableId: number,
  { key, value }: TableChanges['rows'][number],
): StoreOperation {
  const at = rowKey(tableId, key);
  return value ? { type: 'put', key: at, value } : { type: 'del', key: at };
}

/**
 * Appends the writes of one table. Functions of their own, so that V8 compiles them once: as loops of
 * the rare `putCheckpoint` they were compiled anew, and thrown away, at nearly every checkpoint.
 */
function pushRows(operations: StoreOperation[], { tableId, rows }: TableChanges): void {
  for (const row of rows) operations.push(rowOperation(tableId, row));
}

export function createStateStore(store: Store): StateStore {
  const snapshots: { readonly height: Height; readonly snapshot: StoreSnapshot }[] = [];

  const retain = async (height: Height): Promise<void> => {
    snapshots.push({ height, snapshot: store.snapshot() });
    if (snapshots.length > RETAINED_CHECKPOINTS) await snapshots.shift()?.snapshot.close();
  };

  return {
    async meta() {
      const stored = await store.get(META_KEY);
      if (!stored) return undefined;
      const meta = StateMetaCodec.decode(stored);
      assert(meta.ok, 'the meta row of the state store decodes');
      return meta.value;
    },
    async rows() {
      const found: StoredRow[] = [];
      const range = { from: storeKey(TAG.row), to: storeKey(TAG.row + 1) };
      for await (const [key, value] of store.range(range)) {
        found.push([key[1] ?? 0, key.subarray(2), value]);
      }
      return found;
    },
    async putCheckpoint(meta, changes) {
      const last = meta.checkpoints.at(-1);
      assert(last !== undefined, 'a checkpoint has roots');
      const operations: StoreOperation[] = [];
      for (const table of changes) pushRows(operations, table);
      operations.push({ type: 'put', key: META_KEY, value: StateMetaCodec.encode(meta) });
      await store.batch(operations, 'buffered');
      await retain(last.height);
    },
    async rowAt(height, tableId, key) {
      const found = snapshots.find((one) => one.height === height);
      return await found?.snapshot.get(rowKey(tableId, key));
    },
    retain(height) {
      assert(snapshots.length === 0, 'the loaded checkpoint is retained first');
      snapshots.push({ height, snapshot: store.snapshot() });
    },
    async close() {
      for (const { snapshot } of snapshots.splice(0)) await snapshot.close();
      await store.close();
    },
  };
}

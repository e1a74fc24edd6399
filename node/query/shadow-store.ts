/**
 * A table that reads as another and keeps what is written to itself: for what-if alone. Rows are
 * copied when they are first read, so that changing one in place leaves the state as it is.
 */
import { InvariantViolation } from '../../runtime/core/result.ts';
import type { Key } from '../../runtime/state/key-codec.ts';
import { type TableStore, tableStore } from '../../runtime/state/table.ts';

/**
 * A shadow of `store`. Rows can be read, changed, added and removed by key; it has no iteration, no
 * size and no changes to take, since those would have to look at every row. O(1) an access, and a
 * copy of a row at its first.
 */
export function shadowStore<K extends Key, V>(store: TableStore<K, V>): TableStore<K, V> {
  const own = tableStore(store.table);
  const seen = new Set<K>();
  const get = (key: K): V | undefined => {
    if (seen.has(key)) return own.get(key);
    seen.add(key);
    const row = store.get(key);
    if (row === undefined) return undefined;
    const copy = structuredClone(row);
    own.set(key, copy);
    return copy;
  };
  const whole = (): never => {
    throw new InvariantViolation(`a shadow of ${store.name} is read by key alone`);
  };
  const must = (key: K): V => get(key) ?? store.must(key);
  return {
    table: store.table,
    id: store.id,
    name: store.name,
    get size() {
      return whole();
    },
    get dirtyCount() {
      return whole();
    },
    get,
    must,
    edit: get,
    has: (key) => get(key) !== undefined,
    set(key, value) {
      seen.add(key);
      own.set(key, value);
    },
    delete(key) {
      get(key);
      return own.delete(key);
    },
    touch: (key) => void must(key),
    loadRow: whole,
    encodedRow: whole,
    encodedRows: whole,
    encodeChanges: whole,
    takeChanges: whole,
    sortedKeys: whole,
    unorderedEntries: whole,
  };
}

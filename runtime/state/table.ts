/**
 * Tables: all state of the chain, as decoded rows in memory.
 *
 * A `Table` is declared once and says how its rows are written; a `TableStore` holds the live rows.
 * Values are mutable and owned by the store: a handler gets a row, changes it in place and touches
 * it, with no allocation. The store remembers which keys changed since the last checkpoint, and
 * `takeChanges` encodes exactly those.
 *
 * Invariants: a key is dirty if its row may differ from the last checkpoint; a row born and gone
 * between two checkpoints is never reported. A value changed without `touch` is a bug that the
 * commitment cannot see; `audit.ts` finds it.
 */
import { assert, err, InvariantViolation, ok, type Result } from '../core/result.ts';
import type { Codec, DecodeError } from '../core/ssz.ts';
import {
  type EncodedRows,
  encodedRows,
  encodeRow,
  type RowChange,
  rowChanges,
} from './encoded-rows.ts';
import type { Key, KeyCodec, KeyError } from './key-codec.ts';
import { MAX_TABLES } from './merkle-format.ts';
import { addRow, type NumberRows, numberRows, removeRow, slotOf } from './number-rows.ts';

/** Declaration of a table. `id` is part of the format: never change or reuse one. */
export interface Table<K extends Key, V> {
  readonly id: number;
  readonly name: string;
  readonly key: KeyCodec<K>;
  readonly value: Codec<V>;
}

/** Declares a table. Throws `InvariantViolation` when the id is not 0 to 127. */
export function table<K extends Key, V>(declaration: Table<K, V>): Table<K, V> {
  const { id, name } = declaration;
  if (!(Number.isInteger(id) && id >= 0 && id < MAX_TABLES)) {
    throw new InvariantViolation(`table ${name}: given id ${id}, allowed 0 to ${MAX_TABLES - 1}`);
  }
  return declaration;
}

/** The rows of one table that changed since the last checkpoint, each key once, in no order. */
export type TableChanges = {
  readonly tableId: number;
  readonly rows: readonly RowChange[];
};

export type { RowChange } from './encoded-rows.ts';

/** A stored row that the table cannot hold. */
export type LoadRowError =
  | KeyError
  | DecodeError
  | { readonly code: 'duplicate_key'; readonly table: string };

/** A table store without its key and value types: what checkpoints, loading and dumps need. */
export interface AnyTableStore {
  readonly id: number;
  readonly name: string;
  /** Live rows. */
  readonly size: number;
  /** Keys changed since the last checkpoint. */
  readonly dirtyCount: number;
  /** Encodes the rows changed since the last call and forgets that they changed. O(changed). */
  encodeChanges(): EncodedRows;
  /** As `encodeChanges`, with an object for each row. */
  takeChanges(): TableChanges;
  /** Adds a row as the last checkpoint wrote it: it is not dirty. Errors in `LoadRowError`'s order. */
  loadRow(key: Uint8Array, value: Uint8Array): Result<void, LoadRowError>;
  /** The live row of an encoded key, encoded; `undefined` when there is none. For queries. */
  encodedRow(key: Uint8Array): Result<Uint8Array | undefined, KeyError>;
  /** Every live row, encoded, in key order. O(n log n): dumps and audits only. */
  encodedRows(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** The live rows of one table. */
export interface TableStore<K extends Key, V> extends AnyTableStore {
  readonly table: Table<K, V>;
  /** The row, owned by the store: change it in place, then `touch`. ~30 ns. */
  get(key: K): V | undefined;
  /** As `get`; throws `InvariantViolation` when there is no such row. */
  must(key: K): V;
  /** `get` of a row that is changed now, and its `touch`, in one search. */
  edit(key: K): V | undefined;
  has(key: K): boolean;
  /** Inserts or replaces a row; the store owns `value` from here on. */
  set(key: K, value: V): void;
  /** Removes a row; false when there was none. */
  delete(key: K): boolean;
  /** Says that the row was changed in place. Throws `InvariantViolation` when there is none. */
  touch(key: K): void;
  /** All keys in the order of their encoded bytes. O(n log n) and an array of n: not per action. */
  sortedKeys(): K[];
  /**
   * All rows in some order, which differs between nodes: only for sums, counts, minima and
   * other results that do not depend on the order.
   */
  unorderedEntries(): IterableIterator<[K, V]>;
}

/** What a store does with keys and rows, however it finds them. */
type Rows<K extends Key, V> = Pick<
  TableStore<K, V>,
  'get' | 'edit' | 'has' | 'set' | 'delete' | 'unorderedEntries'
> & {
  size(): number;
  dirtyCount(): number;
  /** False when there is no row. */
  touch(key: K): boolean;
  /** Adds a row that is not dirty; false when there is one of this key. */
  load(key: K, value: V): boolean;
  /** Calls `take` for each key to report, with its row or without; all are clean then. */
  takeDirty(take: (key: K, value: V | undefined) => void): void;
};

/** Rows by text: a `Map`. */
function textRows<K extends Key, V>(): Rows<K, V> {
  const rows = new Map<K, V>();
  /** Key to whether the last checkpoint has the row. */
  const dirty = new Map<K, boolean>();
  return {
    size: () => rows.size,
    dirtyCount: () => dirty.size,
    get: (key) => rows.get(key),
    edit(key) {
      const row = rows.get(key);
      if (row !== undefined && !dirty.has(key)) dirty.set(key, true);
      return row;
    },
    has: (key) => rows.has(key),
    set(key, value) {
      if (!dirty.has(key)) dirty.set(key, rows.has(key));
      rows.set(key, value);
    },
    delete(key) {
      if (!rows.delete(key)) return false;
      if (!dirty.has(key)) dirty.set(key, true);
      return true;
    },
    touch(key) {
      if (!rows.has(key)) return false;
      if (!dirty.has(key)) dirty.set(key, true);
      return true;
    },
    load(key, value) {
      if (rows.has(key)) return false;
      rows.set(key, value);
      return true;
    },
    unorderedEntries: () => rows.entries(),
    takeDirty(take) {
      for (const [key, wasStored] of dirty) {
        const value = rows.get(key);
        if (value !== undefined || wasStored) take(key, value);
      }
      dirty.clear();
    },
  };
}

/** Flags of a numbered row: as the last checkpoint has it, changed since, born since. */
const CLEAN = 0;
const CHANGED = 1;
const BORN = 2;

/** Rows found at a time, before any of them is used. */
const FETCHED_ROWS = 128;
const NO_SLOT = -1;
const fetchedSlots: Int32Array = new Int32Array(FETCHED_ROWS);

/**
 * Finds the slots of keys `from` to `to`, and touches their rows. The blocks since a row was last
 * used have put it out of the cache: here the processor fetches many at a time, where each would be
 * waited for behind the encoding of the one before.
 */
function fetchRows<V>(
  rows: NumberRows<V>,
  keys: readonly number[],
  from: number,
  to: number,
): void {
  const { values } = rows;
  for (let i = from; i < to; i++) fetchedSlots[i - from] = slotOf(rows, keys[i] ?? NO_SLOT);
  let objects = 0;
  // The type of an object is read from it.
  for (let i = 0; i < to - from; i++) {
    if (typeof values[fetchedSlots[i] ?? NO_SLOT] === 'object') objects++;
  }
  assert(objects <= to - from, 'a row is counted once');
}

/** Rows by a number: see `number-rows.ts`. */
function numberedRows<V>(): Rows<number, V> {
  const rows: NumberRows<V> = numberRows();
  /** Every key that is dirty, some of them twice, and of rows born and gone. */
  const dirty: number[] = [];
  /** Rows of the last checkpoint that are gone. */
  const gone = new Set<number>();
  return {
    size: () => rows.size,
    dirtyCount: () => dirty.length,
    get(key) {
      const slot = slotOf(rows, key);
      return slot < 0 ? undefined : rows.values[slot];
    },
    edit(key) {
      const slot = slotOf(rows, key);
      if (slot < 0) return undefined;
      if (rows.flags[slot] === CLEAN) {
        rows.flags[slot] = CHANGED;
        dirty.push(key);
      }
      return rows.values[slot];
    },
    has: (key) => slotOf(rows, key) >= 0,
    set(key, value) {
      let slot = slotOf(rows, key);
      if (slot >= 0) {
        rows.values[slot] = value;
        if (rows.flags[slot] !== CLEAN) return;
        rows.flags[slot] = CHANGED;
        dirty.push(key);
        return;
      }
      slot = addRow(rows, key, value);
      const isBack = gone.size > 0 && gone.delete(key);
      rows.flags[slot] = isBack ? CHANGED : BORN;
      if (!isBack) dirty.push(key);
    },
    delete(key) {
      const slot = slotOf(rows, key);
      if (slot < 0) return false;
      const flag = rows.flags[slot];
      removeRow(rows, slot);
      if (flag !== BORN) gone.add(key);
      if (flag === CLEAN) dirty.push(key);
      return true;
    },
    touch(key) {
      const slot = slotOf(rows, key);
      if (slot < 0) return false;
      if (rows.flags[slot] === CLEAN) {
        rows.flags[slot] = CHANGED;
        dirty.push(key);
      }
      return true;
    },
    load(key, value) {
      if (slotOf(rows, key) >= 0) return false;
      addRow(rows, key, value);
      return true;
    },
    *unorderedEntries() {
      for (let slot = 0; slot < rows.keys.length; slot++) {
        const value = rows.values[slot];
        if (value !== undefined) yield [rows.keys[slot] ?? 0, value];
      }
    },
    takeDirty(take) {
      for (let from = 0; from < dirty.length; from += FETCHED_ROWS) {
        const to = Math.min(dirty.length, from + FETCHED_ROWS);
        fetchRows(rows, dirty, from, to);
        for (let i = from; i < to; i++) {
          const key = dirty[i] ?? 0;
          const slot = fetchedSlots[i - from] ?? NO_SLOT;
          if (slot === NO_SLOT) {
            if (gone.delete(key)) take(key, undefined);
          } else if (rows.flags[slot] !== CLEAN) {
            rows.flags[slot] = CLEAN;
            take(key, rows.values[slot]);
          }
        }
      }
      dirty.length = 0;
      gone.clear();
    },
  };
}

/** An empty store of a table. */
export function tableStore<K extends Key, V>(table: Table<K, V>): TableStore<K, V> {
  const { id, name, key: keyCodec, value: valueCodec } = table;
  const isNumbered = keyCodec.kind === 'number';
  // K is a kind of number there.
  const rows = isNumbered ? (numberedRows<V>() as unknown as Rows<K, V>) : textRows<K, V>();

  const missing = (key: K): never => {
    throw new InvariantViolation(`table ${name} has no row ${key}`);
  };

  return {
    table,
    id,
    name,
    get size() {
      return rows.size();
    },
    get dirtyCount() {
      return rows.dirtyCount();
    },
    get: rows.get,
    must(key) {
      return rows.get(key) ?? missing(key);
    },
    edit: rows.edit,
    has: rows.has,
    set: rows.set,
    delete: rows.delete,
    touch(key) {
      if (!rows.touch(key)) missing(key);
    },
    sortedKeys() {
      return Array.from(rows.unorderedEntries(), ([key]) => key).sort(keyCodec.compare);
    },
    unorderedEntries: rows.unorderedEntries,
    encodeChanges() {
      const { fixedBytes } = valueCodec.layout;
      const encoded = encodedRows(id, keyCodec.byteLength, rows.dirtyCount(), fixedBytes);
      rows.takeDirty((key, value) => encodeRow(encoded, keyCodec, valueCodec, key, value));
      return encoded;
    },
    takeChanges() {
      return { tableId: id, rows: rowChanges(this.encodeChanges()) };
    },
    loadRow(keyBytes, valueBytes) {
      const key = keyCodec.decode(keyBytes);
      if (!key.ok) return key;
      const value = valueCodec.decode(valueBytes);
      if (!value.ok) return value;
      if (rows.load(key.value, value.value)) return ok(undefined);
      return err({ code: 'duplicate_key', table: name });
    },
    encodedRow(keyBytes) {
      const key = keyCodec.decode(keyBytes);
      if (!key.ok) return key;
      const value = rows.get(key.value);
      return ok(value === undefined ? undefined : valueCodec.encode(value));
    },
    *encodedRows() {
      for (const key of this.sortedKeys()) {
        yield [keyCodec.encode(key), valueCodec.encode(this.must(key))];
      }
    },
  };
}

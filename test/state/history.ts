/**
 * Random histories of two tables, and a plain model of what they should hold.
 */
import fc from 'fast-check';
import { type Codec, container, i64, u64 } from '../../runtime/core/ssz.ts';
import { hexKey, u32Key } from '../../runtime/state/key-codec.ts';
import {
  type AnyTableStore,
  type Table,
  type TableStore,
  table,
  tableStore,
} from '../../runtime/state/table.ts';
import type { NaiveRow, NaiveState } from './naive-root.ts';

export type Entry = { amount: number; sequence: number };
export const entryCodec: Codec<Entry> = container<Entry>('Entry', {
  amount: i64(),
  sequence: u64(),
});

export const numbers: Table<number, Entry> = table<number, Entry>({
  id: 2,
  name: 'numbers',
  key: u32Key(),
  value: entryCodec,
});
export const names: Table<string, Entry> = table<string, Entry>({
  id: 127,
  name: 'names',
  key: hexKey(2),
  value: entryCodec,
});

export type Stores = {
  readonly numbers: TableStore<number, Entry>;
  readonly names: TableStore<string, Entry>;
};

export const freshStores = (): Stores => ({
  numbers: tableStore(numbers),
  names: tableStore(names),
});

export const storeList = (stores: Stores): AnyTableStore[] => [stores.numbers, stores.names];

/** Few keys, so that rows are updated, deleted and born again. */
export type Step = {
  readonly kind: 'set' | 'mutate' | 'delete';
  readonly table: 'numbers' | 'names';
  readonly key: number;
  readonly amount: number;
};

export const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('set', 'mutate', 'delete'),
  table: fc.constantFrom('numbers', 'names'),
  key: fc.nat({ max: 40 }),
  amount: fc.integer({ min: -3, max: 3 }),
});

/** Steps between checkpoints, checkpoint after checkpoint. */
export const historyArbitrary = (checkpoints: number): fc.Arbitrary<Step[][]> =>
  fc.array(fc.array(stepArbitrary, { maxLength: 60 }), {
    minLength: checkpoints,
    maxLength: checkpoints,
  });

const hexName = (key: number): string => key.toString(16).padStart(4, '0');

function applyTo<K extends number | string>(store: TableStore<K, Entry>, key: K, step: Step): void {
  switch (step.kind) {
    case 'set':
      store.set(key, { amount: step.amount, sequence: 1 });
      return;
    case 'mutate': {
      const row = store.get(key);
      if (!row) return;
      row.amount = step.amount;
      store.touch(key);
      return;
    }
    case 'delete':
      store.delete(key);
  }
}

export function applyStep(stores: Stores, step: Step): void {
  if (step.table === 'numbers') applyTo(stores.numbers, step.key, step);
  else applyTo(stores.names, hexName(step.key), step);
}

/** The model: rows by hex of their key bytes, computed without any store. */
export type Model = {
  readonly numbers: Map<string, NaiveRow>;
  readonly names: Map<string, NaiveRow>;
};

export const freshModel = (): Model => ({ numbers: new Map(), names: new Map() });

export const copyModel = (model: Model): Model => ({
  numbers: new Map(model.numbers),
  names: new Map(model.names),
});

export function keyBytes(step: Pick<Step, 'table' | 'key'>): Uint8Array {
  const hex = step.table === 'numbers' ? step.key.toString(16).padStart(8, '0') : hexName(step.key);
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function applyToModel(model: Model, step: Step): void {
  const rows = model[step.table];
  const key = keyBytes(step);
  const id = Buffer.from(key).toString('hex');
  if (step.kind === 'delete') {
    rows.delete(id);
  } else if (step.kind === 'set' || rows.has(id)) {
    const value = Buffer.alloc(16);
    value.writeBigInt64LE(BigInt(step.amount), 0);
    value.writeBigUInt64LE(1n, 8);
    rows.set(id, { key, value });
  }
}

export const naiveState = (model: Model): NaiveState =>
  new Map([
    [numbers.id, [...model.numbers.values()]],
    [names.id, [...model.names.values()]],
  ]);

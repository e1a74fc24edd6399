import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import {
  commitChanges,
  createCommitment,
  latestCheckpoint,
  tableRoots,
} from '../../runtime/state/commitment.ts';
import { naiveBytesRoot, naiveLeaf, naiveStateRoot, naiveTableRoot } from './naive-root.ts';

type VectorRow = {
  readonly key: string;
  readonly value: string;
  readonly keyHash: string;
  readonly leaf: string;
};
type Vector = {
  readonly name: string;
  readonly tables: readonly {
    readonly id: number;
    readonly rows: readonly VectorRow[];
    readonly root: string;
  }[];
  readonly stateRoot: string;
};

const file = new URL('../vectors/state-root.json', import.meta.url);
const { states } = JSON.parse(readFileSync(file, 'utf8')) as { readonly states: Vector[] };

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (given: Uint8Array) => Buffer.from(given).toString('hex');
const decoded = (rows: readonly VectorRow[]) =>
  rows.map(({ key, value }) => ({ key: bytes(key), value: bytes(value) }));

describe.each(states)('$name', ({ tables, stateRoot }) => {
  test('by the definition', () => {
    for (const { rows, root } of tables) {
      for (const row of rows) {
        expect(hex(naiveBytesRoot(bytes(row.key)))).toBe(row.keyHash);
        expect(hex(naiveLeaf({ key: bytes(row.key), value: bytes(row.value) }))).toBe(row.leaf);
      }
      expect(hex(naiveTableRoot(decoded(rows)))).toBe(root);
    }
    const state = new Map(tables.map(({ id, rows }) => [id, decoded(rows)]));
    expect(hex(naiveStateRoot(state))).toBe(stateRoot);
  });

  test('by the runtime', () => {
    const commitment = createCommitment(portablePairHasher);
    const changes = tables.map(({ id, rows }) => ({ tableId: id, rows: decoded(rows) }));
    expect(hex(commitChanges(commitment, changes))).toBe(stateRoot);
    const checkpoint = latestCheckpoint(commitment);
    const roots = checkpoint ? tableRoots(checkpoint) : [];
    for (const { id, root } of tables) expect(hex(roots[id] ?? new Uint8Array())).toBe(root);
  });
});

test('the vectors are there', () => {
  expect(states.map(({ name }) => name)).toEqual([
    'an empty state',
    'one row',
    'two tables; rows that share four bits of their key hash',
  ]);
});

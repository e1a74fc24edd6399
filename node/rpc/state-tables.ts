/** Ids and names of the state's tables, and their rows as JSON. */
import { toHex } from '../../runtime/core/bytes.ts';
import type { Codec } from '../../runtime/core/ssz.ts';
import { emptyState } from '../../runtime/state/state.ts';
import { failure } from './errors.ts';

export type TableName = {
  readonly id: number;
  readonly name: string;
  readonly value: Codec<unknown>;
};

let cached: readonly TableName[] | undefined;

/** In id order. */
export function stateTables(): readonly TableName[] {
  cached ??= emptyState(new Uint8Array(32)).stores.map((store) => {
    const { table } = store as unknown as { readonly table: { readonly value: Codec<unknown> } };
    return { id: store.id, name: store.name, value: table.value };
  });
  return cached;
}

/** Id of a table given by id or name. Fails with unknown_table. */
export function tableIdOf(table: string | number): number {
  const tables = stateTables();
  const found = tables.find(({ id, name }) => id === table || name === table);
  if (found !== undefined) return found.id;
  throw failure('unknown_table', {
    field: 'table',
    given: table,
    allowed: tables.map(({ id, name }) => `${id} ${name}`).join(', '),
  });
}

/** A decoded value as JSON: big integers as decimal text, bytes as hex. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** The row of a table that these bytes are, with the chain's own names; undefined if they are none. */
export function rowJson(tableId: number, bytes: Uint8Array): Record<string, unknown> | undefined {
  const codec = stateTables().find(({ id }) => id === tableId)?.value;
  const row = codec?.decode(bytes);
  return row?.ok ? (plain(row.value) as Record<string, unknown>) : undefined;
}

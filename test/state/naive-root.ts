/**
 * The state root by its definition (docs/spec/state.md), recursively and with node's own SHA-256:
 * shares no code with the runtime, so the two can only agree by both being right.
 */
import { createHash } from 'node:crypto';

export type NaiveRow = { readonly key: Uint8Array; readonly value: Uint8Array };

/** Rows of the tables that have any, by table id. */
export type NaiveState = ReadonlyMap<number, readonly NaiveRow[]>;

const ZERO = Buffer.alloc(32);
const LENGTH_TAG = Buffer.concat([Buffer.from('miletus/state/bytes/v1', 'ascii')], 28);

export function h(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

/** A key's or value's hash, by the definition. */
export function naiveBytesRoot(bytes: Uint8Array): Buffer {
  const chunkCount = Math.max(1, Math.ceil(bytes.length / 32));
  let level: Buffer[] = Array.from({ length: chunkCount }, (_, i) =>
    Buffer.concat([bytes.subarray(32 * i, 32 * i + 32)], 32),
  );
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const left = level[2 * i] ?? ZERO;
      const right = level[2 * i + 1];
      return right ? h(left, right) : left;
    });
  }
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return h(level[0] ?? ZERO, length, LENGTH_TAG);
}

export function naiveLeaf(row: NaiveRow): Buffer {
  return h(naiveBytesRoot(row.key), naiveBytesRoot(row.value));
}

export function naiveTableRoot(rows: readonly NaiveRow[], depth = 0): Buffer {
  const [first, second] = rows;
  if (!first) return ZERO;
  if (!second) return naiveLeaf(first);
  const goesRight = (row: NaiveRow) =>
    ((naiveBytesRoot(row.key).readUInt8(depth >> 3) >> (7 - (depth % 8))) & 1) === 1;
  return h(
    naiveTableRoot(
      rows.filter((row) => !goesRight(row)),
      depth + 1,
    ),
    naiveTableRoot(rows.filter(goesRight), depth + 1),
  );
}

export function naiveStateRoot(state: NaiveState): Buffer {
  let level = Array.from({ length: 128 }, (_, id) => naiveTableRoot(state.get(id) ?? []));
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      h(level[2 * i] ?? ZERO, level[2 * i + 1] ?? ZERO),
    );
  }
  return level[0] ?? ZERO;
}

/**
 * Changed rows of one table as their bytes, side by side in two spans: an array for each row would
 * cost more than its encoding.
 *
 * Invariants: keys and values begin at multiples of eight bytes, and zeros follow each up to the
 * next, so they can be read as words. Nothing is written to a span after its rows were handed out.
 */
import { type ByteCursor, byteCursor } from '../core/byte-cursor.ts';
import { assert } from '../core/result.ts';
import type { Codec } from '../core/ssz.ts';
import type { Key, KeyCodec } from './key-codec.ts';
import { WORD_BYTES } from './words.ts';

/** A row as it is stored: `value` is `undefined` when the row was deleted. */
export type RowChange = {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
};

export type EncodedRows = {
  readonly tableId: number;
  readonly keyBytes: number;
  /** From one key to the next. */
  readonly keyStride: number;
  readonly keys: Uint8Array;
  /** The span of the values; its cursor stands behind the last. */
  values: ByteCursor;
  /** Where each row's value begins. */
  readonly starts: Int32Array;
  /** Bytes of each row's value, `DELETED` of a deleted row. */
  readonly lengths: Int32Array;
  count: number;
};

export const DELETED = -1;
const LEAST_BYTES = 256;

const wholeWords = (bytes: number): number => (bytes + WORD_BYTES - 1) & -WORD_BYTES;

/** No rows yet, with room for so many keys and for their values if those are of one size. */
export function encodedRows(
  tableId: number,
  keyBytes: number,
  rows: number,
  valueBytes: number,
): EncodedRows {
  const keyStride = wholeWords(keyBytes);
  return {
    tableId,
    keyBytes,
    keyStride,
    keys: new Uint8Array(rows * keyStride),
    values: byteCursor(new Uint8Array(Math.max(rows * wholeWords(valueBytes), LEAST_BYTES))),
    starts: new Int32Array(rows),
    lengths: new Int32Array(rows),
    count: 0,
  };
}

/**
 * Adds a row, or the deletion of one. Throws `InvariantViolation` when a codec cannot hold its key
 * or value, or there are more rows than announced.
 */
export function encodeRow<K extends Key, V>(
  rows: EncodedRows,
  keyCodec: KeyCodec<K>,
  valueCodec: Codec<V>,
  key: K,
  value: V | undefined,
): void {
  const row = rows.count;
  assert(row < rows.starts.length, 'there are no more rows than announced');
  keyCodec.write(rows.keys, row * rows.keyStride, key);
  rows.starts[row] = rows.values.at;
  rows.count++;
  if (value === undefined) {
    rows.lengths[row] = DELETED;
    return;
  }
  rows.lengths[row] = encodeValue(rows, valueCodec, value);
  rows.values.at = wholeWords(rows.values.at);
}

/** Writes a value behind the others; returns its length. */
function encodeValue<V>(rows: EncodedRows, codec: Codec<V>, value: V): number {
  const { layout } = codec;
  try {
    const length = layout.fixedBytes === 0 ? layout.byteLength(value) : layout.fixedBytes;
    const start = rows.values.at;
    growValues(rows, start + wholeWords(length));
    layout.write(rows.values, value);
    assert(rows.values.at === start + length, 'a value is as long as it was measured');
    return length;
  } catch (cause) {
    // The codec finds the field that does not fit, and names it.
    codec.encode(value);
    throw cause;
  }
}

function growValues(rows: EncodedRows, end: number): void {
  const { bytes, at } = rows.values;
  if (end <= bytes.length) return;
  const larger = byteCursor(new Uint8Array(2 * end));
  larger.bytes.set(bytes.subarray(0, at));
  larger.at = at;
  rows.values = larger;
}

/** The rows one by one, as views of the spans. */
export function rowChanges(rows: EncodedRows): RowChange[] {
  const { keyBytes, keyStride, keys, values, starts, lengths, count } = rows;
  return Array.from({ length: count }, (_, i) => {
    const start = starts[i] ?? 0;
    const length = lengths[i] ?? DELETED;
    return {
      key: keys.subarray(i * keyStride, i * keyStride + keyBytes),
      value: length === DELETED ? undefined : values.bytes.subarray(start, start + length),
    };
  });
}

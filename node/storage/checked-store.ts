/**
 * A store whose values carry a checksum, so that what a disk flips is found and never trusted.
 *
 * LevelDB checks its log, but through this binding not the tables that rows move to: a flipped bit
 * in the record of a vote would let this node's key sign against it. Each value is followed by the
 * CRC-32 of key and value; a value that does not match is an error, for the caller to stop at.
 */
import { toHex } from '../../runtime/core/bytes.ts';
import type { Store, StoreOperation } from '../ports.ts';
import { crc32 } from './crc32.ts';

const CHECKSUM_BYTES = 4;

/** A stored value is not what was written. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError';
  readonly code = 'corrupt';
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

/** `value` with the checksum behind it, big-endian. Cost: one copy. */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(value.length + CHECKSUM_BYTES);
  sealInto(sealed, 0, key, value);
  return sealed;
}

/** Writes a sealed value at `at`; returns its end. */
function sealInto(target: Uint8Array, at: number, key: Uint8Array, value: Uint8Array): number {
  target.set(value, at);
  const sum = checksum(key, value);
  const end = at + value.length;
  target[end] = sum >>> 24;
  target[end + 1] = sum >>> 16;
  target[end + 2] = sum >>> 8;
  target[end + 3] = sum;
  return end + CHECKSUM_BYTES;
}

/** What `sealValue` was given. Throws `DamagedValueError`. */
export function openValue(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - CHECKSUM_BYTES;
  const value = sealed.subarray(0, Math.max(0, length));
  const stored =
    length >= 0
      ? new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength).getUint32(length)
      : undefined;
  if (stored === checksum(key, value)) return value;
  throw new DamagedValueError(`the value under ${toHex(key)} is damaged`);
}

/** The operations with sealed values, side by side in one span: a buffer for each costs more than its copy. */
function sealedOperations(operations: readonly StoreOperation[]): StoreOperation[] {
  let bytes = 0;
  for (const operation of operations) {
    if (operation.type === 'put') bytes += operation.value.length + CHECKSUM_BYTES;
  }
  const span = new Uint8Array(bytes);
  let at = 0;
  return operations.map((operation) => {
    if (operation.type === 'del') return operation;
    const { key, value } = operation;
    const start = at;
    at = sealInto(span, start, key, value);
    return { type: 'put', key, value: span.subarray(start, at) };
  });
}

/** `store` with a checksum behind each value. `get` and `range` reject with `DamagedValueError`. */
export function checkedStore(store: Store): Store {
  const opened = (key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined =>
    value && openValue(key, value);
  return {
    get: async (key) => opened(key, await store.get(key)),
    batch: (operations, durability) => store.batch(sealedOperations(operations), durability),
    async *range(options) {
      for await (const [key, value] of store.range(options)) yield [key, openValue(key, value)];
    },
    snapshot() {
      const snapshot = store.snapshot();
      return {
        get: async (key) => opened(key, await snapshot.get(key)),
        close: () => snapshot.close(),
      };
    },
    close: () => store.close(),
  };
}

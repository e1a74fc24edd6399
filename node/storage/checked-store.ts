/**
 * A store whose values carry a checksum, so that what a disk flips is found and never trusted.
 *
 * LevelDB checks its log, but through this binding not the tables that rows move to: a flipped bit
 * in the record of a vote would let this node's key sign against it. Each value is followed by the
 * CRC-32 of key and value; a value that does not match is an error, for the caller to stop at.
 */
import { crc32 } from 'node:zlib';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Store, StoreOperation } from '../ports.ts';

const CHECKSUM_BYTES = 4;

/** A stored value is not what was written. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError';
  readonly code = 'corrupt';
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}

/** `value` with the checksum behind it. Cost: one copy. */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(value.length + CHECKSUM_BYTES);
  sealed.set(value);
  new DataView(sealed.buffer).setUint32(value.length, checksum(key, value));
  return sealed;
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

function sealed(operation: StoreOperation): StoreOperation {
  return operation.type === 'put'
    ? { ...operation, value: sealValue(operation.key, operation.value) }
    : operation;
}

/** `store` with a checksum behind each value. `get` and `range` reject with `DamagedValueError`. */
export function checkedStore(store: Store): Store {
  const opened = (key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined =>
    value && openValue(key, value);
  return {
    get: async (key) => opened(key, await store.get(key)),
    batch: (operations, durability) => store.batch(operations.map(sealed), durability),
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

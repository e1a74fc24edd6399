/**
 * Keys of the stores: a tag byte, then big-endian numbers and hashes, so that LevelDB's byte order
 * is the order of heights, epochs and views.
 */
import { concatBytes } from '../../runtime/core/bytes.ts';

/** 8 bytes, big-endian, of a safe integer. */
export function be64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** The number at `offset` of a key that `be64` wrote. */
export function readBe64(key: Uint8Array, offset: number): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(offset));
}

/** A key: tag, then parts. */
export function storeKey(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(new Uint8Array([tag]), ...parts);
}

/** 32 bytes as a string of 32 characters: a cheap key of a `Map`. */
export function idKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

/** The bytes whose `idKey` this is. */
export function idOfKey(key: string): Uint8Array {
  return new Uint8Array(Buffer.from(key, 'latin1'));
}

/**
 * The format of the state commitment: constants, the hashes of a key, a value and a leaf. Frozen by
 * `test/vectors/state-root.json`; described in `docs/spec/state.md`.
 */
import { asciiBytes, concatBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';

/** Levels of the tree over the tables' roots. */
export const TABLE_LEVELS = 7;
/** Slots of the tree over the tables' roots: table ids are 0 to 127. */
export const MAX_TABLES = 128;
/** Levels of a table's tree: the bits of a key hash. */
export const KEY_BITS = 256;

/**
 * Right half of what a leaf hashes: `miletus/state/leaf/v1` in ASCII, then zeros to 32 bytes.
 * Nobody knows 64 bytes that hash to it, so no inner node can have it as a child, and a leaf and an
 * inner node never share their 64 bytes.
 */
export const LEAF_TAG: Uint8Array = new Uint8Array(32);
LEAF_TAG.set(asciiBytes('miletus/state/leaf/v1'));

/** H(left ‖ right), each 32 bytes. */
export function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(left, right));
}

/**
 * keyHash or valueHash: Merkle root of the bytes in chunks of 32, the last filled with zeros, then
 * hashed with their length, so that no two messages share a tree. No bytes are one chunk of zeros;
 * an odd level of several is filled with 32 zeros. Reference for `row-hashes.ts`.
 */
export function bytesRoot(bytes: Uint8Array): Uint8Array {
  let level = chunksOf(bytes);
  while (level.length > 32) {
    const hashes: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 64) {
      hashes.push(
        innerHash(level.subarray(at, at + 32), chunksOf(level.subarray(at + 32, at + 64))),
      );
    }
    level = concatBytes(...hashes);
  }
  const length = new Uint8Array(32);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return innerHash(level, length);
}

/** The bytes filled with zeros to a multiple of 32, at least once 32. */
function chunksOf(bytes: Uint8Array): Uint8Array {
  const chunks = new Uint8Array(Math.max(1, Math.floor((bytes.length + 31) / 32)) * 32);
  chunks.set(bytes);
  return chunks;
}

/** H(H(keyHash ‖ valueHash) ‖ LEAF_TAG): the hash of one row wherever it stands in its table's tree. */
export function leafHash(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return innerHash(innerHash(keyHash, valueHash), LEAF_TAG);
}

/** Bit `depth` of a key hash, most significant first: 0 goes left, 1 right. */
export function keyBit(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >>> 3] ?? 0) >>> (7 - (depth & 7))) & 1;
}

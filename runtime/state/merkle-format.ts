/**
 * The format of the state commitment: constants and the hash of a leaf. Frozen by
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

/** H(H(keyHash ‖ valueHash) ‖ LEAF_TAG): the hash of one row wherever it stands in its table's tree. */
export function leafHash(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return innerHash(innerHash(keyHash, valueHash), LEAF_TAG);
}

/** Bit `depth` of a key hash, most significant first: 0 goes left, 1 right. */
export function keyBit(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >>> 3] ?? 0) >>> (7 - (depth & 7))) & 1;
}

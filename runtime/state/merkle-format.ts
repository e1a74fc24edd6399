/**
 * The format of the state commitment: constants, the hashes of a key, a value and a leaf. Frozen by
 * `test/vectors/state-root.json`; described in `docs/spec/state.md`.
 */
import { asciiBytes, concatBytes, equalBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';

/** Levels of the tree over the tables' roots. */
export const TABLE_LEVELS = 7;
/** Slots of the tree over the tables' roots: table ids are 0 to 127. */
export const MAX_TABLES = 128;
/** Levels of a table's tree: the bits of a key hash. */
export const KEY_BITS = 256;

/**
 * What fills the chunk of a length: `miletus/state/bytes/v1` in ASCII, then zeros to 28 bytes. A key's
 * and a value's hash end in it, and nobody knows 64 bytes that hash to such a chunk; so who takes a
 * leaf for an inner node can go no further than its halves without showing it.
 */
const LENGTH_TAG: Uint8Array = new Uint8Array(28);
LENGTH_TAG.set(asciiBytes('miletus/state/bytes/v1'));

/** The chunk of a length, u32 little-endian ‖ `LENGTH_TAG`. */
export function lengthChunk(length: number): Uint8Array {
  const chunk = new Uint8Array(32);
  new DataView(chunk.buffer).setUint32(0, length, true);
  chunk.set(LENGTH_TAG, 4);
  return chunk;
}

/** Whether 32 bytes are the chunk of a length, which no hash is. */
export function isLengthChunk(chunk: Uint8Array): boolean {
  return equalBytes(chunk.subarray(4), LENGTH_TAG);
}

/** H(left ‖ right), each 32 bytes. */
export function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(left, right));
}

/**
 * keyHash or valueHash: the bytes in chunks of 32, the last filled with zeros, neighbours hashed
 * together level by level until one is left, the odd last of a level going up as it is; that, hashed
 * with the chunk of their length, so that no two messages share a tree. No bytes are one chunk of
 * zeros. As many hashes as chunks. Reference for `row-hashes.ts`.
 */
export function bytesRoot(bytes: Uint8Array): Uint8Array {
  let level: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 32) {
    const chunk = new Uint8Array(32);
    chunk.set(bytes.subarray(at, at + 32));
    level.push(chunk);
  }
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] ?? NONE, level[i + 1]];
      next.push(right === undefined ? left : innerHash(left, right));
    }
    level = next;
  }
  return innerHash(level[0] ?? NONE, lengthChunk(bytes.length));
}

const NONE: Uint8Array = new Uint8Array(32);

/** H(keyHash ‖ valueHash): the hash of one row wherever it stands in its table's tree. */
export function leafHash(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return innerHash(keyHash, valueHash);
}

/** Bit `depth` of a key hash, most significant first: 0 goes left, 1 right. */
export function keyBit(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >>> 3] ?? 0) >>> (7 - (depth & 7))) & 1;
}

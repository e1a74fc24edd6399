/**
 * Proofs that a table has a row, or has no row of a key, under a state root; and their verifier,
 * which needs neither the state nor the trees and runs in a browser.
 *
 * Source: design/chain.md §5; format in docs/spec/state.md. Presence: the row's leaf and the path
 * from it to the root. Absence: the path ends in an empty subtree, or in the leaf of another key,
 * which would have been parted from this one if this one existed.
 *
 * Why a proof cannot be forged: from the root down, the first 7 steps are the bits of the table id
 * and the others those of the key hash, so a path has one reading. A path that pretends to go on
 * below a leaf comes to its key's or its value's hash. There it cannot end: nobody knows a leaf or a
 * value that hashes to that but with the chunk of a length as its right half, and such a leaf is
 * refused. Nor can it go on: it must show that chunk as a sibling, which is refused, or hash 64 bytes
 * to it, which nobody can.
 */
import { equalBytes } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { bytes, type Codec, container, list } from '../core/ssz.ts';
import {
  bytesRoot,
  innerHash,
  isLengthChunk,
  KEY_BITS,
  keyBit,
  leafHash,
  MAX_TABLES,
  TABLE_LEVELS,
} from './merkle-format.ts';

/** A leaf that stands where the sought key would. */
export type OtherLeaf = {
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
};

/** A path from the state root down to a row, an empty subtree, or another row's leaf. */
export type StateProof = {
  /** Siblings on the way from the state root to the table's root: exactly 7. */
  readonly tableSiblings: Uint8Array[];
  /** Siblings on the way from the table's root to the end of the path: at most 256. */
  readonly siblings: Uint8Array[];
  /** The leaf at the end of the path if it is another key's; else none. */
  readonly other: OtherLeaf[];
};

/** At most 8.5 KB; a row among a million has about 20 siblings, 0.9 KB. */
export const stateProofCodec: Codec<StateProof> = container<StateProof>('StateProof', {
  tableSiblings: list(bytes(32), TABLE_LEVELS, TABLE_LEVELS),
  siblings: list(bytes(32), KEY_BITS),
  other: list(container<OtherLeaf>('OtherLeaf', { keyHash: bytes(32), valueHash: bytes(32) }), 1),
});

/** Why a proof does not prove the claim, in the order of the checks. */
export type ProofError =
  /** The table id is not 0 to 127, or a list of the proof is too long or too short. */
  | { readonly code: 'malformed_proof' }
  /** A presence proof shows another leaf, or an absence proof the very key. */
  | { readonly code: 'contradictory_proof' }
  /** The other leaf could not stand at the end of this path. */
  | { readonly code: 'leaf_off_path'; readonly depth: number }
  /** The path claims to go on below a leaf: a sibling, or half of the other leaf, is a length's chunk. */
  | { readonly code: 'path_below_leaf'; readonly depth: number }
  /** The path leads to another root: other rows, another value, or a changed proof. */
  | { readonly code: 'root_mismatch'; readonly computedRoot: Uint8Array };

/** What a proof is to show under `stateRoot` (32 bytes): `value` is the row's SSZ, or its absence. */
export type StateClaim = {
  readonly stateRoot: Uint8Array;
  readonly tableId: number;
  /** The key's bytes, as the table's key codec encodes them. */
  readonly key: Uint8Array;
  readonly value: Uint8Array | 'absent';
};

/** Checks that `proof` proves `claim`. Errors in `ProofError`'s order. Cost: at most 266 hashes and those of key and value. */
export function verifyProof(claim: StateClaim, proof: StateProof): Result<void, ProofError> {
  const { tableId, value } = claim;
  const { tableSiblings, siblings } = proof;
  const isTableId = Number.isInteger(tableId) && tableId >= 0 && tableId < MAX_TABLES;
  if (!isTableId || stateProofCodec.problem(proof)) return err({ code: 'malformed_proof' });
  const keyHash = bytesRoot(claim.key);
  const end = endOfPath(keyHash, value, proof);
  if (!end.ok) return end;

  let hash = end.value;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] ?? new Uint8Array(32);
    if (isLengthChunk(sibling)) return err({ code: 'path_below_leaf', depth });
    hash = keyBit(keyHash, depth) === 0 ? innerHash(hash, sibling) : innerHash(sibling, hash);
  }
  for (let level = TABLE_LEVELS - 1; level >= 0; level--) {
    const sibling = tableSiblings[level] ?? new Uint8Array(32);
    const bit = (tableId >>> (TABLE_LEVELS - 1 - level)) & 1;
    hash = bit === 0 ? innerHash(hash, sibling) : innerHash(sibling, hash);
  }
  if (equalBytes(hash, claim.stateRoot)) return ok(undefined);
  return err({ code: 'root_mismatch', computedRoot: hash });
}

/** The hash that the claim puts at the end of the path. */
function endOfPath(
  keyHash: Uint8Array,
  value: Uint8Array | 'absent',
  proof: StateProof,
): Result<Uint8Array, ProofError> {
  const other = proof.other[0];
  if (value !== 'absent') {
    if (other) return err({ code: 'contradictory_proof' });
    return ok(leafHash(keyHash, bytesRoot(value)));
  }
  if (!other) return ok(new Uint8Array(32));
  if (equalBytes(other.keyHash, keyHash)) return err({ code: 'contradictory_proof' });
  for (let depth = 0; depth < proof.siblings.length; depth++) {
    if (keyBit(other.keyHash, depth) !== keyBit(keyHash, depth)) {
      return err({ code: 'leaf_off_path', depth });
    }
  }
  if (isLengthChunk(other.keyHash) || isLengthChunk(other.valueHash)) {
    return err({ code: 'path_below_leaf', depth: proof.siblings.length });
  }
  return ok(leafHash(other.keyHash, other.valueHash));
}

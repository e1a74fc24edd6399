/**
 * Hashing whole Merkle layers: many 64-byte pairs in, as many 32-byte SHA-256 digests out.
 *
 * The hasher is handed in by the shell, because the fast one (`@chainsafe/hashtree`, 0.04 µs a pair
 * in batches) is a native module that a browser, or a machine without a prebuilt, cannot load. The
 * portable one (WebAssembly, 0.4 µs) runs everywhere. Both compute SHA-256, so the choice never
 * shows in a root; `node/pair-hasher.ts` chooses, and compares them before it hands out the fast
 * one.
 */
import { hashInto } from '@chainsafe/as-sha256';

/**
 * Hashes pairs: `input` holds n × 64 bytes, `output` n × 32. They must not overlap. Throws on other
 * lengths.
 */
export type PairHasher = (input: Uint8Array, output: Uint8Array) => void;

/** Runs wherever WebAssembly does. */
export const portablePairHasher: PairHasher = hashInto;

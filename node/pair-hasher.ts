/**
 * Chooses the pair hasher of this machine: the native `@chainsafe/hashtree` where its prebuilt
 * loads, else the portable one, which is slower (0.4 instead of 0.04 µs a pair) and equal in result.
 * The only import of the native module.
 */
import { createRequire } from 'node:module';
import { equalBytes } from '../runtime/core/bytes.ts';
import { type PairHasher, portablePairHasher } from '../runtime/core/merkle-hash.ts';
import { assert } from '../runtime/core/result.ts';

/** The hasher to use; `problem` says why it is not the native one, for the log. */
export type PairHasherChoice =
  | { readonly kind: 'native'; readonly hashPairs: PairHasher }
  | { readonly kind: 'portable'; readonly hashPairs: PairHasher; readonly problem: string };

/**
 * Loads the native hasher and compares it with the portable one. Throws `InvariantViolation` when
 * they disagree: such a machine cannot compute a state root.
 */
export function choosePairHasher(): PairHasherChoice {
  let hashPairs: PairHasher;
  try {
    const native = createRequire(import.meta.url)('@chainsafe/hashtree') as {
      hashInto: PairHasher;
    };
    hashPairs = native.hashInto;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    return { kind: 'portable', hashPairs: portablePairHasher, problem };
  }
  // 17 pairs pass through the 16-, 8-, 4- and 1-lane code of the native module.
  const input = Uint8Array.from({ length: 17 * 64 }, (_, i) => (i * 151) % 256);
  const expected = new Uint8Array(17 * 32);
  const actual = new Uint8Array(17 * 32);
  portablePairHasher(input, expected);
  hashPairs(input, actual);
  assert(equalBytes(actual, expected), 'the native and the portable SHA-256 agree');
  return { kind: 'native', hashPairs };
}

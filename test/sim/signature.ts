/**
 * How simulated machines sign. The stand-in for ed25519 is fast and deterministic and has the same
 * shapes; anyone can forge it, so no adversary may call it for a key that is not its own. One seed in
 * twenty runs with the real scheme instead.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { type Ed25519Key, ed25519Key, verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { sha256 } from '../../runtime/core/hash.ts';

export type SignatureScheme = {
  /** 32 bytes, of the key with this number. */
  readonly publicKey: (key: number) => Uint8Array;
  /** 64 bytes over a 32-byte digest. */
  readonly sign: (key: number, digest: Uint8Array) => Uint8Array;
  readonly verify: VerifySignature;
};

const publicKeys = new Map<number, Uint8Array>();

/** A public key of 32 bytes for a number. */
export function simPublicKey(index: number): Uint8Array {
  let key = publicKeys.get(index);
  if (!key) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, index);
    key = new Uint8Array(sha256(bytes));
    publicKeys.set(index, key);
  }
  return key;
}

/** One word of the stand-in's mixing: FNV over key and digest, with a start of its own. */
function mixed(publicKey: Uint8Array, digest: Uint8Array, start: number): number {
  let word = start;
  for (let i = 0; i < publicKey.length; i++) {
    word = Math.imul(word ^ (publicKey[i] ?? 0), 0x01000193);
  }
  for (let i = 0; i < digest.length; i++) {
    word = Math.imul(word ^ (digest[i] ?? 0), 0x01000193);
  }
  return (word ^ (word >>> 15)) >>> 0;
}

const STARTS = [0x811c9dc5, 0x2f0b4a1d] as const;

/** 64 bytes over a digest: two words, repeated. */
export function simSign(publicKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const words = new Uint32Array(16);
  const [a, b] = STARTS;
  words[0] = mixed(publicKey, digest, a);
  words[1] = mixed(publicKey, digest, b);
  for (let i = 2; i < words.length; i++) words[i] = words[i - 2] ?? 0;
  return new Uint8Array(words.buffer);
}

export const simVerify: VerifySignature = (publicKey, digest, signature) => {
  if (signature.length !== 64) return false;
  const expected = simSign(publicKey, digest);
  for (let i = 0; i < 64; i++) if (expected[i] !== signature[i]) return false;
  return true;
};

export const STAND_IN: SignatureScheme = {
  publicKey: simPublicKey,
  sign: (key, digest) => simSign(simPublicKey(key), digest),
  verify: simVerify,
};

/**
 * Ed25519 as the node has it. A verdict is kept for the length of the run: verification is a pure
 * function, and all machines of a run ask about the same votes.
 */
export function realScheme(): SignatureScheme {
  const keys = new Map<number, Ed25519Key>();
  const verdicts = new Map<string, boolean>();
  const keyOf = (index: number): Ed25519Key => {
    let key = keys.get(index);
    if (!key) {
      key = ed25519Key(new Uint8Array(simPublicKey(index)));
      keys.set(index, key);
    }
    return key;
  };
  return {
    publicKey: (key) => keyOf(key).publicKey,
    sign: (key, digest) => keyOf(key).sign(digest),
    verify(publicKey, digest, signature) {
      const text = Buffer.concat([publicKey, digest, signature]).toString('latin1');
      let verdict = verdicts.get(text);
      if (verdict === undefined) {
        verdict = verifyEd25519(publicKey, digest, signature);
        verdicts.set(text, verdict);
      }
      return verdict;
    },
  };
}

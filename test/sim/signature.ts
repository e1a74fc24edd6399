/**
 * A stand-in for ed25519, fast and deterministic: the signature is SHA-256(public key ‖ digest),
 * twice. Same shapes as the real one; anyone can forge it, so no test of forgery may use it.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { concatBytes, equalBytes } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';

/** A public key of 32 bytes for a number. */
export function simPublicKey(index: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, index);
  return sha256(bytes);
}

/** 64 bytes over a 32-byte digest. */
export function simSign(publicKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, digest));
  return concatBytes(half, half);
}

export const simVerify: VerifySignature = (publicKey, digest, signature) =>
  equalBytes(simSign(publicKey, digest), signature);

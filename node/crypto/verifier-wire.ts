/** Bytes between the node and its verifier thread: checks of 128 bytes, answers of one byte each. */
import type { SignatureCheck } from '../../runtime/validity.ts';

/** Public key 32, digest 32, signature 64. */
export const CHECK_BYTES = 128;

/** Whether a check has the lengths that the wire, and ed25519, need. */
export function fitsWire({ publicKey, digest, signature }: SignatureCheck): boolean {
  return publicKey.length === 32 && digest.length === 32 && signature.length === 64;
}

/** `fitsWire` holds for each. */
export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(checks.length * CHECK_BYTES);
  for (const [index, { publicKey, digest, signature }] of checks.entries()) {
    const at = index * CHECK_BYTES;
    packed.set(publicKey, at);
    packed.set(digest, at + 32);
    packed.set(signature, at + 64);
  }
  return packed;
}

export type VerifyRequest = { readonly id: number; readonly packed: Uint8Array<ArrayBuffer> };
export type VerifyAnswer = { readonly id: number; readonly good: Uint8Array<ArrayBuffer> };

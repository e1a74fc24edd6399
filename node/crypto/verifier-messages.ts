/**
 * What goes between the node and its verifier thread: ed25519 checks of 128 bytes, other schemes as they
 * are, answers of one byte each. It loads nothing, as the thread is to stay small.
 */
import type { SignatureCheck } from '../../runtime/validity.ts';

/** Public key 32, digest 32, signature 64. */
export const CHECK_BYTES = 128;

/** A check of another scheme, with its place among the packed ones. */
export type OtherCheck = { readonly index: number; readonly check: SignatureCheck };

export type VerifyRequest = {
  readonly id: number;
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly others: readonly OtherCheck[];
};
export type VerifyAnswer = { readonly id: number; readonly good: Uint8Array<ArrayBuffer> };

/** Packs checks for the verifier thread (`verifier-messages.ts`). */
import { SCHEME } from '../../runtime/transaction.ts';
import type { SignatureCheck } from '../../runtime/validity.ts';
import { CHECK_BYTES, type OtherCheck } from './verifier-messages.ts';

/** Whether a scheme is another than ed25519. */
export function isOther(scheme: SignatureCheck['scheme']): boolean {
  return scheme !== undefined && scheme !== SCHEME.ed25519;
}

/** Whether a check is of another scheme than ed25519, or has the lengths that the wire needs. */
export function fitsWire({ scheme, publicKey, digest, signature }: SignatureCheck): boolean {
  if (isOther(scheme)) return true;
  return publicKey.length === 32 && digest.length === 32 && signature.length === 64;
}

/** `fitsWire` holds for each; of another scheme its place is left at zeros. */
export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(checks.length * CHECK_BYTES);
  for (const [index, { scheme, publicKey, digest, signature }] of checks.entries()) {
    if (isOther(scheme)) continue;
    const at = index * CHECK_BYTES;
    packed.set(publicKey, at);
    packed.set(digest, at + 32);
    packed.set(signature, at + 64);
  }
  return packed;
}

/** Checks of other schemes, with their places among the packed ones. */
export function otherChecks(checks: readonly SignatureCheck[]): OtherCheck[] {
  return checks.flatMap((check, index) => (isOther(check.scheme) ? [{ index, check }] : []));
}

/**
 * Verifies what `signatureChecks` lists, by scheme.
 *
 * Source: DESIGN.md §2. ed25519: libsodium alone. secp256k1: `@noble/curves`, since OpenSSL takes no
 * Keccak digest; P-256: OpenSSL by `node:crypto`, which hashes by itself. Both after a strict parse, so
 * that what one library would take and another not never reaches either: r and s in range, s in its
 * lower half, the key a compressed point of the curve.
 *
 * Cost, measured on this machine: `docs/spec/accounts.md`, "Cost".
 */
import { createPublicKey, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { isLowS } from '../../runtime/accounts/security/webauthn.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import type { SignatureCheck } from '../../runtime/validity.ts';
import { verifyEd25519 } from './ed25519.ts';

/** Order of secp256k1: SEC 2. */
const SECP256K1_ORDER: bigint = secp256k1.Point.Fn.ORDER;

/** ECDSA over a digest of 32 bytes, as it is. Never throws. */
export function verifySecp256k1(
  publicKey: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 33 || signature.length !== 64 || digest.length !== 32) return false;
  if (!isLowS(signature, SECP256K1_ORDER)) return false;
  try {
    return secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    // No point of the curve.
    return false;
  }
}

/** ASN.1 of a SubjectPublicKeyInfo for P-256 up to the point (RFC 5480), uncompressed. */
const SPKI_P256: Uint8Array = Uint8Array.from(
  Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
);

/** ECDSA over SHA-256 of `message`, by a compressed point. Never throws. */
export function verifyP256(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 33 || signature.length !== 64 || !isLowS(signature)) return false;
  let point: Uint8Array;
  try {
    point = p256.Point.fromBytes(publicKey).toBytes(false);
  } catch {
    return false;
  }
  const der = Buffer.concat([SPKI_P256, point]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Whether a check holds. */
export function verifySignature({ scheme, publicKey, digest, signature }: SignatureCheck): boolean {
  switch (scheme) {
    case undefined:
    case SCHEME.ed25519:
      return verifyEd25519(publicKey, digest, signature);
    case SCHEME.secp256k1:
      return verifySecp256k1(publicKey, digest, signature);
    case SCHEME.webauthn:
      return verifyP256(publicKey.subarray(0, 33), digest, signature);
    default:
      return false;
  }
}

/**
 * What there is to verify of a signature, by its scheme: an ed25519 key signs the digest, a secp256k1 key
 * what its wallet shows, a passkey an assertion whose challenge is the digest.
 */

import type { NewKey } from '../../actions/security.ts';
import { equalBytes } from '../../core/bytes.ts';
import { SCHEME, type Scheme, type TransactionBody } from '../../transaction.ts';
import { isKeyForm } from './key-proof.ts';
import { typedDataDigest } from './typed-data.ts';
import { typedKeyProof, typedTransactionDigest } from './typed-transaction.ts';
import { AssertionCodec, assertionMessage } from './webauthn.ts';

/**
 * One signature to verify. Without `scheme` ed25519: exactly libsodium's `crypto_sign_verify_detached`.
 * secp256k1: ECDSA over `digest`, low s; P-256: ECDSA over SHA-256 of `digest`, low s, by the first 33
 * bytes of the key.
 */
export type SchemeCheck = {
  readonly scheme?: Scheme;
  readonly publicKey: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
};

/** Least bytes of an assertion: two offsets, the signature, authenticator data. */
const MIN_ASSERTION_BYTES: number = 8 + 64 + 37;

/** Whether key and signature have the lengths of their scheme. */
export function isSchemeForm(
  { scheme, publicKey }: { readonly scheme: number; readonly publicKey: Uint8Array },
  signature: Uint8Array | undefined,
): boolean {
  if (signature === undefined || !isKeyForm(scheme, publicKey)) return false;
  if (scheme !== SCHEME.webauthn) return signature.length === 64;
  return signature.length >= MIN_ASSERTION_BYTES && AssertionCodec.decode(signature).ok;
}

/** A check that fails: the signature cannot be one of this digest. */
const NOTHING: Uint8Array = new Uint8Array(64);

/** Of the key's own relying party where that is asked (`rp`); of a signer execution asks it. */
function passkeyCheck(
  publicKey: Uint8Array,
  digest: Uint8Array,
  bytesOfSignature: Uint8Array,
  rp: 'own' | 'any',
): SchemeCheck {
  const assertion = assertionMessage(bytesOfSignature, digest);
  const isOwn = equalBytes(assertion?.message.subarray(0, 32) ?? NOTHING, publicKey.subarray(33));
  const found = rp === 'any' || isOwn ? assertion : undefined;
  const { message, signature } = found ?? { message: digest, signature: NOTHING };
  return { scheme: SCHEME.webauthn, publicKey, digest: message, signature };
}

/** The check of a transaction's signer. `digest`: the transaction's id. */
export function signerCheck(
  chainId: Uint8Array,
  body: TransactionBody,
  digest: Uint8Array,
  at: number,
  signature: Uint8Array,
): SchemeCheck {
  const { scheme, publicKey } = body.signers[at] ?? { scheme: SCHEME.ed25519, publicKey: NOTHING };
  switch (scheme) {
    case SCHEME.ed25519:
      return { publicKey, digest, signature };
    case SCHEME.secp256k1: {
      const typed = typedTransactionDigest(chainId, body, digest);
      return { scheme, publicKey, digest: typed, signature };
    }
    case SCHEME.webauthn:
      return passkeyCheck(publicKey, digest, signature, 'any');
  }
}

/** The check of a new key's proof. `digest`: `keyProofDigest`. */
export function newKeyCheck(
  chainId: Uint8Array,
  account: Uint8Array,
  key: NewKey,
  digest: Uint8Array,
): SchemeCheck {
  const { scheme, publicKey, proof } = key;
  switch (scheme) {
    case SCHEME.ed25519:
      return { publicKey, digest, signature: proof };
    case SCHEME.secp256k1: {
      const typed = typedDataDigest(typedKeyProof(chainId, account, key, digest));
      return { scheme, publicKey, digest: typed, signature: proof };
    }
    case SCHEME.webauthn:
      return passkeyCheck(publicKey, digest, proof, 'own');
  }
}

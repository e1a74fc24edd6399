/**
 * What other signers give, as the chain takes it: passkeys of a browser, Ethereum wallets.
 *
 * Browser-safe. Source: W3C Web Authentication Level 3 §6.5.5 (signatures are ASN.1 DER), EIP-712 and
 * EIP-191 (signatures are r ‖ s ‖ v).
 */
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { TypedData, TypedValue } from '../../runtime/accounts/security/typed-data.ts';
import { AssertionCodec } from '../../runtime/accounts/security/webauthn.ts';
import { concatBytes, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';

/** r ‖ s of a DER signature by P-256, s moved into its lower half. Throws where it is none. */
export function lowSignature(der: Uint8Array): Uint8Array {
  const { r, s } = p256.Signature.fromBytes(der, 'der');
  const { ORDER } = p256.Point.Fn;
  const low = s > ORDER >> 1n ? ORDER - s : s;
  return new p256.Signature(r, low).toBytes('compact');
}

/** An assertion as the chain takes it in place of a signature: `navigator.credentials.get`'s response. */
export function passkeySignature(response: {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJson: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}): Uint8Array {
  const { authenticatorData, clientDataJson } = response;
  const signature = lowSignature(response.signature);
  return AssertionCodec.encode({ authenticatorData, clientDataJson, signature });
}

/**
 * The chain's key of a passkey: compressed point and SHA-256 of its relying party's id. `spki`: what
 * `getPublicKey()` of the registration gives, which ends with the uncompressed point.
 */
export function passkeyPublicKey(spki: Uint8Array, rpId: string): Uint8Array {
  const point = p256.Point.fromBytes(spki.subarray(-65)).toBytes(true);
  return concatBytes(point, sha256(new TextEncoder().encode(rpId)));
}

/** The chain's signature of a wallet's: without its recovery byte, s in the lower half. */
export function walletSignature(signature: Uint8Array): Uint8Array {
  const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact');
  const { ORDER } = secp256k1.Point.Fn;
  const s = parsed.s > ORDER >> 1n ? ORDER - parsed.s : parsed.s;
  return new secp256k1.Signature(parsed.r, s).toBytes('compact');
}

/** The compressed key that signed a digest for a wallet, which itself tells only its address. */
export function walletPublicKey(digest: Uint8Array, signature: Uint8Array): Uint8Array {
  const v = signature[64] ?? 0;
  return secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact')
    .addRecoveryBit(v >= 27 ? v - 27 : v)
    .recoverPublicKey(digest)
    .toBytes(true);
}

function plain(value: TypedValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `0x${toHex(value)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** Typed data as `eth_signTypedData_v4` takes it: JSON. */
export function typedDataJson({ types, primaryType, domain, message }: TypedData): string {
  const shown = { types, primaryType, domain: plain(domain), message: plain(message) };
  return JSON.stringify(shown);
}

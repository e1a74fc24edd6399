/**
 * SHA-256, the chain's only hash, and the domain strings of everything that is signed.
 *
 * Every signature is over SHA-256(domain ‖ chainId ‖ SSZ), with chainId the genesis hash, so
 * nothing that was signed for one purpose or chain can be used for another.
 */
import { digest } from '@chainsafe/as-sha256';
import { asciiBytes, concatBytes } from './bytes.ts';

/**
 * A way to compute SHA-256. The shell may hand in the processor's own, which this one cannot reach
 * from a browser; both give the same 32 bytes, so the choice never shows.
 */
export type Sha256 = (data: Uint8Array) => Uint8Array;

/** SHA-256 of `data`, 32 bytes. About 1 µs for 64 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return digest(data);
}

/** Domain strings, append-only. ASCII, no two with a common start. */
export const DOMAIN = {
  transaction: 'miletus/tx/v1',
  address: 'miletus/address/v1',
  notarize: 'miletus/notarize/v1',
  nullify: 'miletus/nullify/v1',
  finalize: 'miletus/finalize/v1',
  oracle: 'miletus/oracle/v1',
  peer: 'miletus/peer/v1',
  join: 'miletus/join/v1',
  leaderSeed: 'miletus/leader-seed/v1',
  receipts: 'miletus/receipts/v1',
  blockOffer: 'miletus/block-offer/v1',
  keyProof: 'miletus/key-proof/v1',
  recoveryProof: 'miletus/recovery-proof/v1',
} as const;

/** The 32 bytes that are signed for `ssz` under `domain` on the chain `chainId` (32 bytes). */
export function signingDigest(
  domain: (typeof DOMAIN)[keyof typeof DOMAIN],
  chainId: Uint8Array,
  ssz: Uint8Array,
): Uint8Array {
  return sha256(concatBytes(asciiBytes(domain), chainId, ssz));
}

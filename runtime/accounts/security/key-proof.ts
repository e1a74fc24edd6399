/**
 * A new key's own signature: nobody can make a key that he does not hold one of an account.
 *
 * Source: design/staking-and-keys.md §4, Aevo's registration (reference/interfaces.md §2.4). The proof
 * binds chain, account, role and factor group, so it is of no use elsewhere; on its own account it is of
 * no use twice, since a removed key never returns. It binds what the key is for as well: everybody sees the
 * proofs of a recovery, and who holds the lost keys must not be able to make its keys known before.
 */
import type { NewKey } from '../../actions/security.ts';
import { DOMAIN, signingDigest } from '../../core/hash.ts';
import { byteList, bytes, type Codec, container, u8 } from '../../core/ssz.ts';
import { MAX_PUBLIC_KEY_BYTES } from '../../limits.ts';
import { SCHEME, type Scheme } from '../../transaction.ts';
import type { Role } from '../account.ts';

type KeyClaim = Omit<NewKey, 'proof'> & { readonly account: Uint8Array };
const KeyClaimCodec: Codec<KeyClaim> = container<KeyClaim>('KeyClaim', {
  account: bytes(20),
  scheme: u8<Scheme>(),
  publicKey: byteList(MAX_PUBLIC_KEY_BYTES),
  role: u8<Role>(),
  factorGroup: u8(),
});

/** What a new key is for: a change by its account's owner, or a recovery by the guardians. */
export type KeyPurpose = 'change' | 'recovery';

/** The 32 bytes that a new key signs; `account`: 20 address bytes. */
export function keyProofDigest(
  chainId: Uint8Array,
  account: Uint8Array,
  { scheme, publicKey, role, factorGroup }: Omit<NewKey, 'proof'>,
  purpose: KeyPurpose,
): Uint8Array {
  const claim = { account, scheme, publicKey, role, factorGroup };
  const domain = purpose === 'recovery' ? DOMAIN.recoveryProof : DOMAIN.keyProof;
  return signingDigest(domain, chainId, KeyClaimCodec.encode(claim));
}

/** Whether bytes have the form of a key of the scheme; whether it is on its curve its proof shows. */
export function isKeyForm(scheme: number, publicKey: Uint8Array): boolean {
  const isCompressed = publicKey[0] === 2 || publicKey[0] === 3;
  switch (scheme) {
    case SCHEME.ed25519:
      return publicKey.length === 32;
    case SCHEME.secp256k1:
      return publicKey.length === 33 && isCompressed;
    case SCHEME.webauthn:
      return publicKey.length === 65 && isCompressed;
    default:
      return false;
  }
}

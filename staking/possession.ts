/**
 * Proof of possession: a validator's key signs for the operator that registers it.
 *
 * Source: design/staking-and-keys.md §3. The proof binds chain, operator, role and key, so nobody can
 * register a key that he saw elsewhere, or carry a proof to another chain or operator.
 */
import { asciiBytes, concatBytes } from '../runtime/core/bytes.ts';
import { sha256 } from '../runtime/core/hash.ts';
import { bytes, type Codec, container, u8 } from '../runtime/core/ssz.ts';
import { KEY_ROLE, type KeyRole } from './validator.ts';

/** Domain of the digest; no other domain string of the chain starts with it. */
const POSSESSION_DOMAIN = 'miletus/possession/v1';

export type Possession = {
  /** 20 bytes of the operator's address. */
  readonly operator: Uint8Array;
  readonly role: KeyRole;
  readonly key: Uint8Array;
};

const PossessionCodec: Codec<Possession> = container<Possession>('Possession', {
  operator: bytes(20),
  role: u8<KeyRole>(),
  key: bytes(32),
});

/** A key of a role, with the signature that proves it. */
export type ProvenKey = { readonly key: Uint8Array; readonly proof: Uint8Array };
export const ProvenKeyCodec: Codec<ProvenKey> = container<ProvenKey>('ProvenKey', {
  key: bytes(32),
  proof: bytes(64),
});

/** The 32 bytes that the key signs. */
export function possessionDigest(chainId: Uint8Array, possession: Possession): Uint8Array {
  return sha256(
    concatBytes(asciiBytes(POSSESSION_DOMAIN), chainId, PossessionCodec.encode(possession)),
  );
}

/** An ed25519 signature to verify at the vote, as `signatureChecks` of runtime/validity.ts lists it. */
export type StakingSignature = {
  readonly publicKey: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
};

/** The check of one proven key. `operator`: the address of the transaction's account. */
export function possessionCheck(
  chainId: Uint8Array,
  operator: Uint8Array,
  role: KeyRole,
  { key, proof }: ProvenKey,
): StakingSignature {
  const digest = possessionDigest(chainId, { operator, role, key });
  return { publicKey: key, digest, signature: proof };
}

/** The checks of a new validator's three keys. */
export function creationChecks(
  chainId: Uint8Array,
  operator: Uint8Array,
  keys: { readonly consensus: ProvenKey; readonly oracle: ProvenKey; readonly peer: ProvenKey },
): StakingSignature[] {
  return [
    possessionCheck(chainId, operator, KEY_ROLE.consensus, keys.consensus),
    possessionCheck(chainId, operator, KEY_ROLE.oracle, keys.oracle),
    possessionCheck(chainId, operator, KEY_ROLE.peer, keys.peer),
  ];
}

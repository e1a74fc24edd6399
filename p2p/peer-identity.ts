/**
 * libp2p identities: an ed25519 key, and the peer id that is its text form (base58 of the
 * identity multihash, `12D3Koo…`).
 */
import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes } from '../runtime/core/bytes.ts';
import { DOMAIN, signingDigest } from '../runtime/core/hash.ts';
import { assert } from '../runtime/core/result.ts';
import type { PeerId } from './network.ts';

/** ed25519 public key, 32 bytes, of a 32-byte seed: what `EpochConfig.validators[].peerKey` holds. */
export function peerKeyOfSeed(seed: Uint8Array): Uint8Array {
  assert(seed.length === 32, 'a peer seed has 32 bytes');
  return ed25519.getPublicKey(seed);
}

/** Peer id of an ed25519 public key of 32 bytes. */
export function peerIdOfKey(publicKey: Uint8Array): PeerId {
  assert(publicKey.length === 32, 'a peer key has 32 bytes');
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString();
}

/** Peer id of a 32-byte seed. */
export function peerIdOfSeed(seed: Uint8Array): PeerId {
  return peerIdOfKey(peerKeyOfSeed(seed));
}

/** The private key as libp2p wants it. */
export function privateKeyOfSeed(seed: Uint8Array): PrivateKey {
  return privateKeyFromRaw(concatBytes(seed, peerKeyOfSeed(seed)));
}

/**
 * The 32 bytes that a consensus key signs to bind the peer with `peerKey` to itself, on the chain
 * `chainId`.
 */
export function bindingDigest(chainId: Uint8Array, peerKey: Uint8Array): Uint8Array {
  return signingDigest(DOMAIN.peer, chainId, peerKey);
}

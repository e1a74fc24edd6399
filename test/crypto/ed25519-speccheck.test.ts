/**
 * Verification is a consensus rule: exactly libsodium's `crypto_sign_verify_detached`. The published
 * edge cases, and that libsodium compiled to WebAssembly (wallets, other platforms) agrees.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import sodium from 'libsodium-wrappers';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyEd25519 } from '../../node/crypto/ed25519.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { testKey } from '../fixtures/genesis.ts';

type Case = {
  readonly what: string;
  readonly message: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly libsodium: boolean;
};
const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'ed25519-speccheck.json'), 'utf8'),
) as { cases: Case[] };

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();

describe('ed25519 verification', () => {
  beforeAll(() => sodium.ready);

  it.each(cases)('$what: accepted $libsodium', ({ message, publicKey, signature, libsodium }) => {
    expect(verifyEd25519(hex(publicKey), hex(message), hex(signature))).toBe(libsodium);
    expect(sodium.crypto_sign_verify_detached(hex(signature), hex(message), hex(publicKey))).toBe(
      libsodium,
    );
  });

  const key = testKey('speccheck');
  const digest = new Uint8Array(32).fill(7);
  const signature = ed25519.sign(digest, key.seed);

  it('accepts an honest signature and refuses it for anything else', () => {
    expect(verifyEd25519(key.publicKey, digest, signature)).toBe(true);
    const other = digest.slice();
    other[0] = 8;
    expect(verifyEd25519(key.publicKey, other, signature)).toBe(false);
  });

  it.each([
    ['signature of 63 bytes', key.publicKey, signature.subarray(0, 63)],
    ['signature of 65 bytes', key.publicKey, new Uint8Array([...signature, 0])],
    ['no signature', key.publicKey, new Uint8Array()],
    ['key of 31 bytes', key.publicKey.subarray(0, 31), signature],
    ['key of 33 bytes', new Uint8Array([...key.publicKey, 0]), signature],
  ])('refuses a %s without throwing', (_what, publicKey, given) => {
    expect(verifyEd25519(publicKey, digest, given)).toBe(false);
  });
});

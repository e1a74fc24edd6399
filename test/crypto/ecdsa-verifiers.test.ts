/**
 * The node's ECDSA verifiers take what the reference takes and nothing else: P-256 by OpenSSL against
 * `@noble/curves`, secp256k1 and P-256 on broken inputs. A second opinion in the consensus path is a fork.
 */
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verifyP256, verifySecp256k1 } from '../../node/crypto/verify-signature.ts';
import { sha256 } from '../../runtime/core/hash.ts';

const SECRET = sha256(new Uint8Array([7]));
const MESSAGE = new Uint8Array(69).fill(3);
const POINT = p256.getPublicKey(SECRET, true);
const SIGNATURE = p256.sign(MESSAGE, SECRET, { lowS: true });

/** What the reference says; what it throws at is no signature. */
function reference(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return p256.verify(signature, message, key, { lowS: true });
  } catch {
    return false;
  }
}

const place = fc.nat();
const flips = fc.array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { maxLength: 3 });

function flipped(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const [at, mask] of changes) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ mask;
  return copy;
}

test('P-256 by OpenSSL is P-256 by the reference, whatever is flipped', () => {
  expect(verifyP256(POINT, MESSAGE, SIGNATURE)).toBe(true);
  fc.assert(
    fc.property(flips, flips, flips, (inKey, inMessage, inSignature) => {
      const key = flipped(POINT, inKey);
      const message = flipped(MESSAGE, inMessage);
      const signature = flipped(SIGNATURE, inSignature);
      expect(verifyP256(key, message, signature)).toBe(reference(key, message, signature));
    }),
    { numRuns: 150 },
  );
});

const word = (value: bigint): number[] =>
  Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * (31 - at))) & 255n));

test('numbers at the ends of their ranges are no signature', () => {
  const digest = sha256(MESSAGE);
  const key = secp256k1.getPublicKey(SECRET, true);
  for (const { order, verify } of [
    {
      order: p256.Point.Fn.ORDER,
      verify: (one: Uint8Array) => verifyP256(POINT, MESSAGE, one),
    },
    {
      order: secp256k1.Point.Fn.ORDER,
      verify: (one: Uint8Array) => verifySecp256k1(key, digest, one),
    },
  ]) {
    const ends = [0n, 1n, order >> 1n, (order >> 1n) + 1n, order - 1n, order, 2n ** 256n - 1n];
    for (const r of ends) {
      for (const s of ends) expect(verify(new Uint8Array([...word(r), ...word(s)]))).toBe(false);
    }
  }
});

test('other lengths are refused, not thrown at', () => {
  const key = secp256k1.getPublicKey(SECRET, true);
  for (const length of [0, 31, 32, 63, 65, 72]) {
    expect(verifyP256(POINT, MESSAGE, new Uint8Array(length))).toBe(false);
    expect(verifySecp256k1(key, sha256(MESSAGE), new Uint8Array(length))).toBe(false);
    if (length !== 32) expect(verifySecp256k1(key, new Uint8Array(length), SIGNATURE)).toBe(false);
  }
  expect(verifyP256(p256.getPublicKey(SECRET, false), MESSAGE, SIGNATURE)).toBe(false);
});

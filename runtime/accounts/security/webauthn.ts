/**
 * Passkeys: WebAuthn assertions by P-256 keys.
 *
 * Source: W3C Web Authentication Level 3 §6.1 (authenticator data), §5.8.1 (client data), §7.2; as
 * narrowed by design/staking-and-keys.md §4. A key is the 33-byte point followed by the SHA-256 of its
 * relying party's id. A signature is the SSZ of `Assertion`; the challenge is what an ed25519 key would
 * sign, in base64url. What is signed is authenticatorData ‖ SHA-256(clientDataJSON).
 *
 * The form is judged at the vote, for ever and for everyone; what an account asks of passkeys is judged in
 * execution. Browsers add members to the client data at random, so all after `crossOrigin` is ignored.
 * The signature counter is ignored: synced passkeys have none.
 */
import type { PasskeyPolicy } from '../../actions/security.ts';
import { asciiBytes, concatBytes, equalBytes } from '../../core/bytes.ts';
import { sha256 } from '../../core/hash.ts';
import { byteList, bytes, type Codec, container } from '../../core/ssz.ts';
import { type Refusal, refusal } from '../../error.ts';

export type Assertion = {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJson: Uint8Array;
  /** r ‖ s, s in the lower half; the wallet converts what the browser gives (DER). */
  readonly signature: Uint8Array;
};

const MIN_AUTHENTICATOR_DATA = 37;
const MAX_AUTHENTICATOR_DATA = 512;
const MAX_CLIENT_DATA = 1_024;

export const AssertionCodec: Codec<Assertion> = container<Assertion>('Assertion', {
  authenticatorData: byteList(MAX_AUTHENTICATOR_DATA),
  clientDataJson: byteList(MAX_CLIENT_DATA),
  signature: bytes(64),
});

/** Flags of authenticator data, byte 32. */
const FLAG = { userPresent: 1, userVerified: 4, backupEligible: 8 } as const;

/** Half the order of P-256, big-endian, rounded down: SEC 2, secp256r1. */
const HALF_ORDER: bigint =
  0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n;
const ORDER: bigint = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function toBigint(raw: Uint8Array): bigint {
  let value = 0n;
  for (const byte of raw) value = (value << 8n) | BigInt(byte);
  return value;
}

/** Whether r and s are in range, and s in its lower half: of a signature there is one writing. */
export function isLowS(signature: Uint8Array, order: bigint = ORDER): boolean {
  const r = toBigint(signature.subarray(0, 32));
  const s = toBigint(signature.subarray(32));
  const half = order === ORDER ? HALF_ORDER : order >> 1n;
  return r > 0n && r < order && s > 0n && s <= half;
}

const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding: 43 characters of 32 bytes. */
export function base64Url(raw: Uint8Array): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 3) {
    const [a = 0, b, c] = raw.subarray(at, at + 3);
    text += BASE64_URL.charAt(a >> 2);
    text += BASE64_URL.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    if (b !== undefined) text += BASE64_URL.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    if (c !== undefined) text += BASE64_URL.charAt(c & 63);
  }
  return text;
}

const START = '{"type":"webauthn.get","challenge":"';
const BEFORE_ORIGIN = asciiBytes('","origin":"');
const AFTER_ORIGIN = asciiBytes('","crossOrigin":false');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function hasAt(data: Uint8Array, at: number, part: Uint8Array): boolean {
  return equalBytes(data.subarray(at, at + part.length), part);
}

/** The origin in client data of this challenge; `undefined`: it has another form. */
function originOf(clientData: Uint8Array, challenge: Uint8Array): Uint8Array | undefined {
  const start = concatBytes(asciiBytes(START + base64Url(challenge)), BEFORE_ORIGIN);
  if (!hasAt(clientData, 0, start)) return undefined;
  const end = clientData.indexOf(QUOTE, start.length);
  if (end < 0) return undefined;
  const origin = clientData.subarray(start.length, end);
  if (origin.includes(BACKSLASH) || !hasAt(clientData, end, AFTER_ORIGIN)) return undefined;
  const next = clientData[end + AFTER_ORIGIN.length];
  // `}` or `,`
  return next === 0x7d || next === 0x2c ? origin : undefined;
}

/** What an assertion's signature is over; `undefined` where it cannot be one of this challenge. */
export function assertionMessage(
  bytesOfSignature: Uint8Array,
  challenge: Uint8Array,
): { readonly message: Uint8Array; readonly signature: Uint8Array } | undefined {
  const decoded = AssertionCodec.decode(bytesOfSignature);
  if (!decoded.ok) return undefined;
  const { authenticatorData, clientDataJson, signature } = decoded.value;
  if (authenticatorData.length < MIN_AUTHENTICATOR_DATA) return undefined;
  if (((authenticatorData[32] ?? 0) & FLAG.userPresent) === 0) return undefined;
  if (originOf(clientDataJson, challenge) === undefined || !isLowS(signature)) return undefined;
  return { message: concatBytes(authenticatorData, sha256(clientDataJson)), signature };
}

/**
 * `passkey_refused`, or `undefined`: what an account asks of an assertion whose form is good. given: 1
 * relying party, 2 origin, 3 user verification, 4 backup.
 */
export function passkeyRefusal(
  policy: PasskeyPolicy,
  publicKey: Uint8Array,
  bytesOfSignature: Uint8Array,
  challenge: Uint8Array,
): Refusal | undefined {
  const decoded = AssertionCodec.decode(bytesOfSignature);
  if (!decoded.ok) return refusal('passkey_refused');
  const { authenticatorData, clientDataJson } = decoded.value;
  if (!equalBytes(authenticatorData.subarray(0, 32), publicKey.subarray(33))) {
    return refusal('passkey_refused', { given: 1 });
  }
  const origin = originOf(clientDataJson, challenge);
  const { origins, userVerification, allowsBackup } = policy;
  if (origin === undefined || (origins.length > 0 && !origins.some((o) => equalBytes(o, origin)))) {
    return refusal('passkey_refused', { given: 2 });
  }
  const flags = authenticatorData[32] ?? 0;
  if (userVerification && (flags & FLAG.userVerified) === 0) {
    return refusal('passkey_refused', { given: 3 });
  }
  if (!allowsBackup && (flags & FLAG.backupEligible) !== 0) {
    return refusal('passkey_refused', { given: 4 });
  }
  return undefined;
}

/**
 * Passkeys: the forms of W3C Web Authentication Level 3, and what the chain refuses. Assertions are built
 * by hand as §6.1 and §5.8.1 say; `test/vectors/webauthn.json` holds two of the specification's own.
 */
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, it } from 'vitest';
import { verifyP256, verifySignature } from '../../node/crypto/verify-signature.ts';
import { admit } from '../../runtime/accounts/admit.ts';
import { NO_POLICY } from '../../runtime/accounts/security/rows.ts';
import {
  AssertionCodec,
  assertionMessage,
  base64Url,
  passkeyRefusal,
} from '../../runtime/accounts/security/webauthn.ts';
import { asciiBytes, concatBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import {
  addressOfKey,
  PAYLOAD,
  SCHEME,
  type TransactionBody,
  transactionId,
} from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import { passkeyPublicKey, passkeySignature } from '../../wallet/client/foreign-signers.ts';
import { nextBlock, testEpochConfig, testState } from '../fixtures/state.ts';
import SPECIFICATION from '../vectors/webauthn.json' with { type: 'json' };
import { bob, sending, USD } from './guarded-chain.ts';

const SECRET = sha256(asciiBytes('a passkey of alice'));
const RP_ID_HASH = sha256(asciiBytes('wallet.miletus.example'));
const ORIGIN = 'https://wallet.miletus.example';
const POINT = p256.getPublicKey(SECRET, true);
const KEY = concatBytes(POINT, RP_ID_HASH);
const USER_PRESENT = 1;
const USER_VERIFIED = 4;
const BACKUP_ELIGIBLE = 8;

type Parts = {
  readonly flags?: number;
  readonly rpIdHash?: Uint8Array;
  readonly clientData?: string;
  readonly highS?: boolean;
};

function clientData(challenge: string, origin = ORIGIN, rest = ',"crossOrigin":false}'): string {
  return `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"${rest}`;
}

/** An assertion over a challenge, as SSZ. */
function assertion(challenge: Uint8Array, parts: Parts = {}): Uint8Array {
  const { flags = USER_PRESENT | USER_VERIFIED, rpIdHash = RP_ID_HASH, highS = false } = parts;
  const authenticatorData = concatBytes(rpIdHash, new Uint8Array([flags, 0, 0, 0, 1]));
  const clientDataJson = asciiBytes(parts.clientData ?? clientData(base64Url(challenge)));
  const message = concatBytes(authenticatorData, sha256(clientDataJson));
  const low = p256.sign(message, SECRET, { lowS: true });
  const signature = new Uint8Array(low);
  if (highS) {
    const s = p256.Point.Fn.ORDER - BigInt(`0x${toHex(low.subarray(32))}`);
    signature.set(fromHex(s.toString(16).padStart(64, '0')) ?? low.subarray(32), 32);
  }
  return AssertionCodec.encode({ authenticatorData, clientDataJson, signature });
}

const signer = { scheme: SCHEME.webauthn, publicKey: KEY };
const CHAIN_ID = new Uint8Array(32).fill(1);
const BODY: TransactionBody = {
  account: fromHex(addressOfKey(signer)) ?? new Uint8Array(20),
  nonce: 1_764_576_000_500,
  expiresAt: timestampMs(1_764_576_060_000),
  signers: [signer],
  actions: [sending(bob, USD)],
};
const ID = transactionId(CHAIN_ID, BODY);

/** Whether the vote takes a transaction with this assertion. */
function isTaken(signature: Uint8Array, body: TransactionBody = BODY): boolean {
  const payload = { selector: PAYLOAD.transaction, value: { body, signatures: [signature] } };
  return signatureChecks(payload, CHAIN_ID, testEpochConfig())?.every(verifySignature) ?? false;
}

describe('the test vectors of the specification, §16', () => {
  const raw = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
  const partsOf = (vector: typeof SPECIFICATION.es256) => {
    const spki = concatBytes(new Uint8Array([4]), raw(vector.x), raw(vector.y));
    const response = {
      authenticatorData: raw(vector.authenticatorData),
      clientDataJson: raw(vector.clientDataJson),
      signature: raw(vector.signature),
    };
    const key = passkeyPublicKey(spki, 'example.org');
    return { key, signature: passkeySignature(response), challenge: raw(vector.challenge) };
  };

  it('verify once the wallet has made s low, for their relying party and origin', () => {
    const { key, signature, challenge } = partsOf(SPECIFICATION.es256);
    const found = assertionMessage(signature, challenge);
    if (found === undefined) throw new Error('it has the form');
    const { message, signature: low } = found;
    expect(verifyP256(key.subarray(0, 33), message, low)).toBe(true);
    message[40] = (message[40] ?? 0) ^ 1;
    expect(verifyP256(key.subarray(0, 33), message, low)).toBe(false);
    // It was made without verification of the user.
    const policy = { ...NO_POLICY.passkeys, userVerification: false };
    const origins = [asciiBytes('https://example.org')];
    expect(passkeyRefusal({ ...policy, origins }, key, signature, challenge)).toBeUndefined();
    expect(passkeyRefusal(NO_POLICY.passkeys, key, signature, challenge)?.given).toBe(3n);
  });

  it('of a page inside a page have no form', () => {
    const { signature, challenge } = partsOf(SPECIFICATION.crossOrigin);
    expect(assertionMessage(signature, challenge)).toBeUndefined();
  });
});

describe('at the vote', () => {
  it('takes an assertion whose challenge is the transaction', () => {
    expect(isTaken(assertion(ID))).toBe(true);
    const more = `${clientData(base64Url(ID), ORIGIN, ',"crossOrigin":false')},"other":"a b"}`;
    expect(isTaken(assertion(ID, { clientData: more }))).toBe(true);
  });

  const refused: readonly (readonly [what: string, parts: Parts])[] = [
    ['another challenge', { clientData: clientData(base64Url(sha256(ID))) }],
    ['nobody was present', { flags: USER_VERIFIED }],
    ['a high s', { highS: true }],
    ['another type', { clientData: clientData(base64Url(ID)).replace('.get', '.create') }],
    ['a page inside a page', { clientData: clientData(base64Url(ID)).replace('false', 'true') }],
    ['an escape in the origin', { clientData: clientData(base64Url(ID), 'https://a\\u002f') }],
    ['members in another order', { clientData: `{"origin":"${ORIGIN}","type":"webauthn.get"}` }],
    ['a padded challenge', { clientData: clientData(`${base64Url(ID)}=`) }],
    [
      'text after crossOrigin',
      { clientData: clientData(base64Url(ID), ORIGIN, ',"crossOrigin":falsey}') },
    ],
  ];
  it.each(refused)('refuses %s', (_what, parts) => {
    expect(isTaken(assertion(ID, parts))).toBe(false);
  });

  it('refuses the assertion for another transaction, key or length', () => {
    expect(isTaken(assertion(ID), { ...BODY, nonce: BODY.nonce + 1 })).toBe(false);
    const short = assertion(ID).subarray(0, 100);
    expect(isTaken(short)).toBe(false);
    const other = {
      ...signer,
      publicKey: concatBytes(p256.getPublicKey(sha256(SECRET), true), RP_ID_HASH),
    };
    expect(isTaken(assertion(ID), { ...BODY, signers: [other] })).toBe(false);
    const offCurve = { ...signer, publicKey: concatBytes(new Uint8Array(33).fill(2), RP_ID_HASH) };
    expect(isTaken(assertion(ID), { ...BODY, signers: [offCurve] })).toBe(false);
  });
});

describe('in execution', () => {
  const { passkeys } = NO_POLICY;
  const given = (policy: typeof passkeys, parts: Parts = {}): bigint | undefined =>
    passkeyRefusal(policy, KEY, assertion(ID, parts), ID)?.given;

  it('asks for the relying party of the key, the origins, verification and no copies', () => {
    expect(given(passkeys)).toBeUndefined();
    expect(given(passkeys, { rpIdHash: sha256(asciiBytes('evil.example')) })).toBe(1n);
    const origins = [asciiBytes(ORIGIN)];
    expect(given({ ...passkeys, origins })).toBeUndefined();
    expect(given({ ...passkeys, origins: [asciiBytes('https://other.example')] })).toBe(2n);
    expect(given(passkeys, { flags: USER_PRESENT })).toBe(3n);
    expect(
      given({ ...passkeys, userVerification: false }, { flags: USER_PRESENT }),
    ).toBeUndefined();
    const flags = USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE;
    expect(given(passkeys, { flags })).toBeUndefined();
    expect(given({ ...passkeys, allowsBackup: false }, { flags })).toBe(4n);
  });

  it('admits the implicit account of a passkey with its assertion, and not without', () => {
    const state = testState();
    const context = nextBlock(state);
    const owner = addressOfKey(signer);
    state.accounts.set(owner, { id: 2_000 as never, createdAt: context.timestamp, keys: [] });
    const id = transactionId(state.chainId, BODY);
    expect(admit(state, context, BODY, new Map())).toMatchObject({
      error: { code: 'passkey_refused' },
    });
    expect(admit(state, context, BODY, new Map(), [assertion(id)]).ok).toBe(true);
  });
});

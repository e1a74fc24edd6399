/**
 * A passkey of a browser signs a withdrawal that the chain accepts. Where this machine has a Chromium
 * (`CHROMIUM`, or in /usr/bin; `CHROMIUM=none`: none), its virtual authenticator registers and signs now; elsewhere what it
 * gave is taken from `test/vectors/chromium-passkey.json` (`MILETUS_RECORD_PASSKEY=1` records it).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { verifySignature } from '../../node/crypto/verify-signature.ts';
import { NO_POLICY } from '../../runtime/accounts/security/rows.ts';
import { AssertionCodec, passkeyRefusal } from '../../runtime/accounts/security/webauthn.ts';
import { asciiBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import {
  addressOfKey,
  PAYLOAD,
  SCHEME,
  type Transaction,
  type TransactionBody,
  transactionId,
} from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import { passkeyPublicKey, passkeySignature } from '../../wallet/client/foreign-signers.ts';
import {
  alice,
  bob,
  guardedChain,
  run,
  sending,
  signed,
  USD,
  withdrawing,
} from '../accounts/guarded-chain.ts';
import { testEpochConfig } from '../fixtures/state.ts';
import { type BrowserAssertion, chromiumPath, openPasskey } from './chromium-passkey.ts';

const FILE = new URL('../vectors/chromium-passkey.json', import.meta.url);

/** What a browser gave: `verified` by the person, `present` only. */
type Recorded = {
  readonly origin: string;
  readonly publicKey: string;
  readonly verified: BrowserAssertion;
  readonly present: BrowserAssertion;
};

const raw = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** Of this test for ever, so that what was recorded stays good when a genesis changes. */
const CHAIN_ID = sha256(asciiBytes('the chain of the passkey test'));

const chain = guardedChain();
Object.assign(chain, { chainId: CHAIN_ID });
Object.assign(chain.state, { chainId: CHAIN_ID });
let given: Recorded;
let body: TransactionBody;
let id: Uint8Array;

/** The withdrawal of the passkey's own account: the same for the same key. */
function bodyOf(publicKey: string): TransactionBody {
  const signer = {
    scheme: SCHEME.webauthn,
    publicKey: passkeyPublicKey(raw(publicKey), 'localhost'),
  };
  return {
    account: raw(addressOfKey(signer)),
    nonce: 1_764_576_000_777,
    expiresAt: timestampMs(1_764_576_600_000),
    signers: [signer],
    actions: [withdrawing(bob, 40n * USD)],
  };
}

async function fromBrowser(path: string): Promise<Recorded> {
  const passkey = await openPasskey(path);
  try {
    const { origin, publicKey } = passkey;
    const challenge = toHex(transactionId(chain.chainId, bodyOf(publicKey)));
    const verified = await passkey.sign(challenge, 'required');
    await passkey.verifyUser(false);
    const present = await passkey.sign(challenge, 'discouraged');
    return { origin, publicKey, verified, present };
  } finally {
    await passkey.close();
  }
}

beforeAll(async () => {
  const path = chromiumPath();
  given =
    path === undefined
      ? (JSON.parse(readFileSync(FILE, 'utf8')) as Recorded)
      : await fromBrowser(path);
  if (path !== undefined && process.env['MILETUS_RECORD_PASSKEY'] === '1') {
    writeFileSync(FILE, `${JSON.stringify(given, null, 2)}\n`);
  }
  body = bodyOf(given.publicKey);
  id = transactionId(chain.chainId, body);
}, 60_000);

function signatureOf({ authenticatorData, clientDataJson, signature }: BrowserAssertion) {
  return passkeySignature({
    authenticatorData: raw(authenticatorData),
    clientDataJson: raw(clientDataJson),
    signature: raw(signature),
  });
}

/** Whether the vote takes it. */
function isTaken(transaction: Transaction): boolean {
  const payload = { selector: PAYLOAD.transaction, value: transaction };
  return (
    signatureChecks(payload, chain.chainId, testEpochConfig())?.every(verifySignature) ?? false
  );
}

test('what a browser signed is accepted, and the withdrawal waits', () => {
  const transaction = { body, signatures: [signatureOf(given.verified)] };
  expect(isTaken(transaction)).toBe(true);
  const to = { ...bob, address: addressOfKey(body.signers[0] ?? { scheme: 0, publicKey: id }) };
  run(chain, [signed(chain, [alice], [sending(to, 100n * USD)])]);
  expect(run(chain, [transaction]).outcomes).toEqual([['numbered']]);
  expect(run(chain, [transaction]).outcomes).toEqual([['nonce_used']]);
  expect(chain.state.pendingWithdrawals.size).toBe(1);
});

test('altered origin, challenge and flags are refused', () => {
  const signature = signatureOf(given.verified);
  const decoded = AssertionCodec.decode(signature);
  if (!decoded.ok) throw new Error('an assertion');
  const { clientDataJson, authenticatorData } = decoded.value;
  const text = String.fromCharCode(...clientDataJson);
  const evil = asciiBytes(text.replace(given.origin, 'http://evil.test'));
  const flags = new Uint8Array(authenticatorData);
  flags[32] = (flags[32] ?? 0) ^ 8;
  const altered = [
    { ...decoded.value, clientDataJson: evil },
    { ...decoded.value, authenticatorData: flags },
  ].map((one) => AssertionCodec.encode(one));
  for (const one of altered) expect(isTaken({ body, signatures: [one] })).toBe(false);
  const other = { ...body, actions: [withdrawing(bob, 41n * USD)] };
  expect(isTaken({ body: other, signatures: [signature] })).toBe(false);

  // What was signed elsewhere, or without verification of the person, the account refuses.
  const key = body.signers[0]?.publicKey ?? id;
  const { passkeys } = NO_POLICY;
  const own = { ...passkeys, origins: [asciiBytes(given.origin)] };
  expect(passkeyRefusal(own, key, signature, id)).toBeUndefined();
  const elsewhere = { ...passkeys, origins: [asciiBytes('https://wallet.example')] };
  expect(passkeyRefusal(elsewhere, key, signature, id)?.given).toBe(2n);
  const present = signatureOf(given.present);
  expect(isTaken({ body, signatures: [present] })).toBe(true);
  expect(passkeyRefusal(passkeys, key, present, id)?.given).toBe(3n);
});

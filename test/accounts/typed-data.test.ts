/** EIP-712: the example of its specification, and what a wallet is shown of a transaction. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { verifySecp256k1, verifySignature } from '../../node/crypto/verify-signature.ts';
import { ROLE } from '../../runtime/accounts/account.ts';
import { keyProofDigest } from '../../runtime/accounts/security/key-proof.ts';
import {
  encodeType,
  hashStruct,
  type TypedData,
  typedDataDigest,
} from '../../runtime/accounts/security/typed-data.ts';
import {
  canonicalAmount,
  typedKeyProof,
  typedTransaction,
  typedTransactionDigest,
} from '../../runtime/accounts/security/typed-transaction.ts';
import { ACTION } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { CHANGE } from '../../runtime/actions/security.ts';
import { asciiBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import {
  addressOfKey,
  PAYLOAD,
  SCHEME,
  type TransactionBody,
  transactionId,
} from '../../runtime/transaction.ts';
import { signatureChecks } from '../../runtime/validity.ts';
import {
  typedDataJson,
  walletPublicKey,
  walletSignature,
} from '../../wallet/client/foreign-signers.ts';
import { testEpochConfig } from '../fixtures/state.ts';
import { bob, bytesOf, change, policyOf, sending, USD } from './guarded-chain.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** EIP-712, "Test Cases": Example.js of the specification. */
const MAIL: TypedData = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1n,
    verifyingContract: bytes('cccccccccccccccccccccccccccccccccccccccc'),
  },
  message: {
    from: { name: 'Cow', wallet: bytes('cd2a3d9f938e13cd947ec05abc7fe734df8dd826') },
    to: { name: 'Bob', wallet: bytes('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb') },
    contents: 'Hello, Bob!',
  },
};

describe("the specification's example", () => {
  it('has its type, hashes and digest', () => {
    expect(encodeType(MAIL.types, 'Mail')).toBe(
      'Mail(Person from,Person to,string contents)Person(string name,address wallet)',
    );
    expect(toHex(hashStruct(MAIL.types, 'EIP712Domain', MAIL.domain))).toBe(
      'f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f',
    );
    expect(toHex(hashStruct(MAIL.types, 'Mail', MAIL.message))).toBe(
      'c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e',
    );
    expect(toHex(typedDataDigest(MAIL))).toBe(
      'be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    );
  });

  it("verifies by the cow's key, as the specification signs it", () => {
    const secret = keccak_256(asciiBytes('cow'));
    const publicKey = secp256k1.getPublicKey(secret, true);
    const address = keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12);
    expect(toHex(address)).toBe('cd2a3d9f938e13cd947ec05abc7fe734df8dd826');
    const signature = bytes(
      '4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d' +
        '07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562',
    );
    expect(verifySecp256k1(publicKey, typedDataDigest(MAIL), signature)).toBe(true);
    signature[40] = (signature[40] ?? 0) ^ 1;
    expect(verifySecp256k1(publicKey, typedDataDigest(MAIL), signature)).toBe(false);
  });
});

const CHAIN_ID = new Uint8Array(32).fill(7);
const SECRET = keccak_256(asciiBytes('a wallet of alice'));
const signer = { scheme: SCHEME.secp256k1, publicKey: secp256k1.getPublicKey(SECRET, true) };
const sign = (digest: Uint8Array): Uint8Array =>
  secp256k1.sign(digest, SECRET, { prehash: false, lowS: true });

function bodyOf(actions: TransactionBody['actions']): TransactionBody {
  return {
    account: bytes(addressOfKey(signer)),
    nonce: 1_764_576_000_001,
    expiresAt: timestampMs(1_764_576_060_000),
    signers: [signer],
    actions,
  };
}

function checksOf(body: TransactionBody, signature: Uint8Array) {
  const payload = { selector: PAYLOAD.transaction, value: { body, signatures: [signature] } };
  return signatureChecks(payload, CHAIN_ID, testEpochConfig());
}

describe('a transaction', () => {
  const body = bodyOf([sending(bob, 12n * USD + 500_000n), change(policyOf({ delayMs: 600_000 }))]);
  const id = transactionId(CHAIN_ID, body);
  const digest = typedTransactionDigest(CHAIN_ID, body, id);

  it('is shown whole: amounts as decimals, addresses and changes as text', () => {
    const { message, types, domain } = typedTransaction(CHAIN_ID, body, id);
    expect(domain).toEqual({ name: 'Miletus', version: '1', salt: CHAIN_ID });
    expect(encodeType(types, 'Transaction')).toBe(
      'Transaction(string account,uint64 nonce,uint64 expiresAt,string[] signers,bytes32 txId,' +
        'Transfer a0,ChangeSecurity a1)ChangeSecurity(string[] changes)' +
        'Transfer(uint8 fromSubAccount,string to,uint8 toSubAccount,string amount,string currency)',
    );
    expect(message['a0']).toMatchObject({ amount: '12.5', currency: 'USD' });
    expect(message['txId']).toBe(id);
    expect(JSON.stringify(message['a1'])).toContain('delay 600000 ms');
    expect(canonicalAmount(1n)).toBe('0.000001');
    expect(canonicalAmount(10n ** 12n)).toBe('1000000');
  });

  it('is accepted with the signature of what is shown, and with no other', () => {
    const verifies = (one: TransactionBody, signature: Uint8Array): boolean =>
      checksOf(one, signature)?.every(verifySignature) ?? false;
    const good = sign(digest);
    expect(verifies(body, good)).toBe(true);
    // The id itself, as ed25519 keys sign it.
    expect(verifies(body, sign(id))).toBe(false);
    expect(verifies({ ...body, nonce: body.nonce + 1 }, good)).toBe(false);
    const other = bodyOf([sending(bob, 13n * USD), ...body.actions.slice(1)]);
    expect(verifies(other, good)).toBe(false);
    const high = new Uint8Array(good);
    const s = BigInt(`0x${toHex(good.subarray(32))}`);
    high.set(bytes((secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, '0')), 32);
    expect(verifies(body, high)).toBe(false);
  });

  it('is no transaction for a wallet when it cannot be shown', () => {
    const trading = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };
    expect(checksOf(bodyOf([trading]), new Uint8Array(64))).toBeUndefined();
    const many = Array.from({ length: 9 }, () => sending(bob, USD));
    expect(checksOf(bodyOf(many), new Uint8Array(64))).toBeUndefined();
  });
});

it('what a wallet answers is turned into what the chain takes', () => {
  const body = bodyOf([sending(bob, USD)]);
  const id = transactionId(CHAIN_ID, body);
  const digest = typedTransactionDigest(CHAIN_ID, body, id);
  const parsed = secp256k1.Signature.fromBytes(
    secp256k1.sign(digest, SECRET, { prehash: false, format: 'recovered' }),
    'recovered',
  );
  const answered = new Uint8Array([...parsed.toBytes('compact'), 27 + (parsed.recovery ?? 0)]);
  expect(walletPublicKey(digest, answered)).toEqual(signer.publicKey);
  const payload = { body, signatures: [walletSignature(answered)] };
  const [check] = checksOf(payload.body, payload.signatures[0] ?? answered) ?? [];
  expect(check && verifySignature(check)).toBe(true);
  const shown = JSON.parse(typedDataJson(typedTransaction(CHAIN_ID, body, id)));
  expect(shown.domain.salt).toBe(`0x${'07'.repeat(32)}`);
  expect(shown.message.nonce).toBe('1764576000001');
});

it('a wallet proves its key by typed data too', () => {
  const account = bytesOf(bob);
  const key = { ...signer, role: ROLE.owner, factorGroup: 2 };
  const digest = keyProofDigest(CHAIN_ID, account, key, 'change');
  const proof = sign(typedDataDigest(typedKeyProof(CHAIN_ID, account, key, digest)));
  const add = (value: Uint8Array) =>
    change({ selector: CHANGE.addKey, value: { key: { ...key, proof: value } } });
  const body = { ...bodyOf([add(proof)]), account };
  const [, good] = checksOf(body, new Uint8Array(64)) ?? [];
  expect(good && verifySignature(good)).toBe(true);
  const [, bad] = checksOf({ ...body, actions: [add(sign(digest))] }, new Uint8Array(64)) ?? [];
  expect(bad && verifySignature(bad)).toBe(false);
});

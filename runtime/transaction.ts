/**
 * Transactions and oracle votes: formats, digests, addresses. A block's body is a list of `Payload`.
 *
 * Source: design/chain.md §1, design/staking-and-keys.md §1. One transaction carries 1 to 64 actions
 * of one account under 1 to 8 signatures, exactly one per entry of `body.signers`, in that order;
 * so nobody can strip, add or permute a signature. Each action has its own result.
 *
 * Invariants: selectors are append-only; the transaction id covers the body only, the wire id all
 * bytes.
 */
import { type Action, ActionCodec } from './action.ts';
import { asciiBytes, concatBytes, toHex } from './core/bytes.ts';
import { DOMAIN, type Sha256, sha256, signingDigest } from './core/hash.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u64,
  union,
  type Variant,
} from './core/ssz.ts';
import { type Address, address, type TimestampMs } from './core/units.ts';
import { MAX_ACTIONS, MAX_PUBLIC_KEY_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNERS } from './limits.ts';
import { type SignedOracleVote, SignedOracleVoteCodec } from './oracle/vote.ts';

/** Signature schemes; numbers are wire format. */
export const SCHEME = { ed25519: 0, secp256k1: 1, webauthn: 2 } as const;
export type Scheme = (typeof SCHEME)[keyof typeof SCHEME];

export type TransactionSigner = { readonly scheme: Scheme; readonly publicKey: Uint8Array };

export type TransactionBody = {
  /** 20 address bytes. */
  readonly account: Uint8Array;
  /** Milliseconds; unused so far in the window of (account, signers[0]). */
  readonly nonce: number;
  /** The transaction is void in blocks with a later timestamp. */
  readonly expiresAt: TimestampMs;
  readonly signers: TransactionSigner[];
  readonly actions: Action[];
};

export type Transaction = { readonly body: TransactionBody; readonly signatures: Uint8Array[] };

export const TransactionBodyCodec: Codec<TransactionBody> = container<TransactionBody>(
  'TransactionBody',
  {
    account: bytes(20),
    nonce: u64(),
    expiresAt: u64<TimestampMs>(),
    signers: list(
      container<TransactionSigner>('TransactionSigner', {
        scheme: u8<Scheme>(),
        publicKey: byteList(MAX_PUBLIC_KEY_BYTES),
      }),
      MAX_SIGNERS,
      1,
    ),
    actions: list(ActionCodec, MAX_ACTIONS, 1),
  },
);

export const TransactionCodec: Codec<Transaction> = container<Transaction>('Transaction', {
  body: TransactionBodyCodec,
  signatures: list(byteList(MAX_SIGNATURE_BYTES), MAX_SIGNERS, 1),
});

/** Selectors of payloads; append-only wire format. */
export const PAYLOAD = { transaction: 0, oracleVote: 1 } as const;

export type Payload =
  | Variant<typeof PAYLOAD.transaction, Transaction>
  | Variant<typeof PAYLOAD.oracleVote, SignedOracleVote>;

/** One item of a block's body, and what gossip and the mempool carry. */
export const PayloadCodec: Codec<Payload> = union<Payload>('Payload', {
  [PAYLOAD.transaction]: TransactionCodec,
  [PAYLOAD.oracleVote]: SignedOracleVoteCodec,
});

/**
 * The body's SSZ within the SSZ of a `Payload` that holds a transaction and was decoded: between the
 * selector, two offsets and the signatures. A view.
 */
function bodyBytes(payload: Uint8Array): Uint8Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return payload.subarray(1 + view.getUint32(1, true), 1 + view.getUint32(5, true));
}

/** `transactionId` of the transaction in a payload that was decoded, without encoding it again. */
export function payloadTransactionId(
  chainId: Uint8Array,
  payload: Uint8Array,
  sha256: Sha256,
): Uint8Array {
  return sha256(concatBytes(TRANSACTION_DOMAIN, chainId, bodyBytes(payload)));
}

const TRANSACTION_DOMAIN = asciiBytes(DOMAIN.transaction);

/** What the signers of `body` sign, and the transaction's id: 32 bytes. */
export function transactionId(chainId: Uint8Array, body: TransactionBody): Uint8Array {
  return signingDigest(DOMAIN.transaction, chainId, TransactionBodyCodec.encode(body));
}

const NO_RP_ID_HASH = new Uint8Array(32);

/**
 * The implicit account of a key: SHA-256(domain ‖ scheme ‖ publicKey ‖ rpIdHash)[0..20]. A WebAuthn
 * key is passed as its 33-byte point followed by its 32-byte rpIdHash.
 */
export function addressOfKey(signer: TransactionSigner): Address {
  const isWebAuthn = signer.scheme === SCHEME.webauthn;
  const key = isWebAuthn ? signer.publicKey.subarray(0, 33) : signer.publicKey;
  const rpIdHash = isWebAuthn ? signer.publicKey.subarray(33) : NO_RP_ID_HASH;
  const digest = sha256(
    concatBytes(asciiBytes(DOMAIN.address), new Uint8Array([signer.scheme]), key, rpIdHash),
  );
  return address(toHex(digest.subarray(0, 20)));
}

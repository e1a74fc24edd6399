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
import { asciiBytes, concatBytes, toHex } from './core/bytes.ts';
import { DOMAIN, sha256, signingDigest } from './core/hash.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u32,
  u64,
  u64big,
  union,
  type Variant,
} from './core/ssz.ts';
import {
  type Address,
  address,
  type InstrumentId,
  type OrderId,
  type PriceTicks,
  type SizeLots,
  type SubAccount,
  type TimestampMs,
} from './core/units.ts';
import { MAX_ACTIONS, MAX_PUBLIC_KEY_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNERS } from './limits.ts';
import { type SignedOracleVote, SignedOracleVoteCodec } from './oracle/vote.ts';

/** Signature schemes; numbers are wire format. */
export const SCHEME = { ed25519: 0, secp256k1: 1, webauthn: 2 } as const;
export type Scheme = (typeof SCHEME)[keyof typeof SCHEME];

/** What a balance is counted in. */
export const DENOMINATION = { usd: 0, mil: 1 } as const;
export type Denomination = (typeof DENOMINATION)[keyof typeof DENOMINATION];

export const SIDE = { buy: 0, sell: 1 } as const;
export type Side = (typeof SIDE)[keyof typeof SIDE];

/** `gtc` rests until cancelled or expired; `ioc` takes what it can and rests nothing. */
export const TIME_IN_FORCE = { gtc: 0, ioc: 1 } as const;
export type TimeInForce = (typeof TIME_IN_FORCE)[keyof typeof TIME_IN_FORCE];

/** Moves an amount (above 0, in micro-units) to another account or sub-account. */
export type Transfer = {
  readonly fromSubAccount: SubAccount;
  readonly to: Uint8Array;
  readonly toSubAccount: SubAccount;
  readonly denomination: Denomination;
  readonly amount: bigint;
};

/** A limit order. `clientOrderId` 0 is none; else unique among the sub-account's open orders. */
export type PlaceOrder = {
  readonly subAccount: SubAccount;
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly timeInForce: TimeInForce;
  /** Refused when it would take. */
  readonly postOnly: boolean;
  readonly price: PriceTicks;
  readonly size: SizeLots;
  readonly clientOrderId: number;
};

export type CancelOrder = { readonly orderId: OrderId };
export type CancelByClientId = { readonly subAccount: SubAccount; readonly clientOrderId: number };
/** Cancels every open order of the sub-account. */
export type CancelAll = { readonly subAccount: SubAccount };

/** Selectors of actions; append-only wire format. */
export const ACTION = {
  transfer: 0,
  placeOrder: 1,
  cancelOrder: 2,
  cancelByClientId: 3,
  cancelAll: 4,
} as const;

export type Action =
  | Variant<typeof ACTION.transfer, Transfer>
  | Variant<typeof ACTION.placeOrder, PlaceOrder>
  | Variant<typeof ACTION.cancelOrder, CancelOrder>
  | Variant<typeof ACTION.cancelByClientId, CancelByClientId>
  | Variant<typeof ACTION.cancelAll, CancelAll>;

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

export const ActionCodec: Codec<Action> = union<Action>('Action', {
  [ACTION.transfer]: container<Transfer>('Transfer', {
    fromSubAccount: u8<SubAccount>(),
    to: bytes(20),
    toSubAccount: u8<SubAccount>(),
    denomination: u8<Denomination>(),
    amount: u64big(),
  }),
  [ACTION.placeOrder]: container<PlaceOrder>('PlaceOrder', {
    subAccount: u8<SubAccount>(),
    instrument: u32<InstrumentId>(),
    side: u8<Side>(),
    timeInForce: u8<TimeInForce>(),
    postOnly: bool(),
    price: u32<PriceTicks>(),
    size: u32<SizeLots>(),
    clientOrderId: u64(),
  }),
  [ACTION.cancelOrder]: container<CancelOrder>('CancelOrder', { orderId: u64<OrderId>() }),
  [ACTION.cancelByClientId]: container<CancelByClientId>('CancelByClientId', {
    subAccount: u8<SubAccount>(),
    clientOrderId: u64(),
  }),
  [ACTION.cancelAll]: container<CancelAll>('CancelAll', { subAccount: u8<SubAccount>() }),
});

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

/** A payload as the mempool holds it: its bytes, and what selection and bounds need of it. */

import { actionClass, CLASS } from '../../runtime/apply-action.ts';
import { asciiBytes, concatBytes, toHex } from '../../runtime/core/bytes.ts';
import { DOMAIN } from '../../runtime/core/hash.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import type { DecodeError } from '../../runtime/core/ssz.ts';
import type { TimestampMs } from '../../runtime/core/units.ts';
import {
  PAYLOAD,
  type Payload,
  PayloadCodec,
  type Transaction,
} from '../../runtime/transaction.ts';
import { payloadWeight } from '../../runtime/weights.ts';
import { nativeSha256 } from '../crypto/sha256.ts';
import { idKey } from '../storage/keys.ts';

/** In the order in which blocks are filled. */
export const LANES = ['oracle', 'cancel', 'rest'] as const;
export type Lane = (typeof LANES)[number];

export type Entry = {
  /** `idKey` of the wire id. */
  readonly key: string;
  readonly wireId: Uint8Array;
  readonly bytes: Uint8Array;
  readonly payload: Payload;
  /** Signing digest for a transaction, wire id for an oracle vote. */
  readonly transactionId: Uint8Array;
  readonly lane: Lane;
  /** Who the quota counts for: an account, or a validator. */
  readonly owner: string;
  /** Who the limit per block counts for: account and first key. */
  readonly signer: string;
  readonly weight: number;
  readonly expiresAt: number;
  readonly receivedAt: TimestampMs;
};

function isCancelOnly({ body }: Transaction): boolean {
  return body.actions.every((action) => actionClass(action) === CLASS.cancels);
}

/** An oracle vote that found no block in this time is worth nothing any more. */
const ORACLE_VOTE_LIFETIME_MS = 10_000;

const TRANSACTION_DOMAIN: Uint8Array = asciiBytes(DOMAIN.transaction);
/** Selector, then the offsets of body and signatures. */
const SIGNATURES_OFFSET_AT = 5;
const BODY_AT = 9;

/**
 * `transactionId` of a payload that decodes to a transaction, from its bytes: they are canonical, so
 * the body's need not be encoded again.
 */
export function transactionIdOf(payload: Uint8Array, chainId: Uint8Array): Uint8Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = 1 + view.getUint32(SIGNATURES_OFFSET_AT, true);
  return nativeSha256(concatBytes(TRANSACTION_DOMAIN, chainId, payload.subarray(BODY_AT, end)));
}

/** What was signed, where it is known: for transactions. */
export function knownDigest({ payload, transactionId }: Entry): Uint8Array | undefined {
  return payload.selector === PAYLOAD.transaction ? transactionId : undefined;
}

/** Decodes a payload. Errors: `malformed_bytes`. Cost: a strict decode and two hashes. */
export function entryOf(
  bytes: Uint8Array,
  chainId: Uint8Array,
  receivedAt: TimestampMs,
): Result<Entry, DecodeError> {
  const decoded = PayloadCodec.decode(bytes);
  if (!decoded.ok) return decoded;
  const payload = decoded.value;
  // `wireId` of `runtime/block.ts`, by the faster hash.
  const id = nativeSha256(bytes);
  const common = { key: idKey(id), wireId: id, bytes, payload, receivedAt };
  const weight = payloadWeight(payload);
  if (payload.selector === PAYLOAD.oracleVote) {
    const { validator, epoch, observedAt } = payload.value.vote;
    const owner = `oracle ${epoch}/${validator}`;
    const expiresAt = observedAt + ORACLE_VOTE_LIFETIME_MS;
    return ok({
      ...common,
      transactionId: id,
      lane: 'oracle',
      owner,
      signer: owner,
      weight,
      expiresAt,
    });
  }
  const { body } = payload.value;
  const owner = toHex(body.account);
  const signer = `${owner}/${idKey(body.signers[0]?.publicKey ?? id)}`;
  return ok({
    ...common,
    transactionId: transactionIdOf(bytes, chainId),
    lane: isCancelOnly(payload.value) ? 'cancel' : 'rest',
    owner,
    signer,
    weight,
    expiresAt: body.expiresAt,
  });
}

/** Submission and status of transactions. */
import { concatBytes, fromHex, toHex } from '../../../runtime/core/bytes.ts';
import { assert } from '../../../runtime/core/result.ts';
import { MAX_TRANSACTION_BYTES } from '../../../runtime/limits.ts';
import {
  oracleVoteDigest,
  type SignedOracleVote,
  SignedOracleVoteCodec,
} from '../../../runtime/oracle/vote.ts';
import { ReceiptCodec } from '../../../runtime/receipt.ts';
import {
  PAYLOAD,
  type Transaction,
  TransactionCodec,
  transactionId,
} from '../../../runtime/transaction.ts';
import type { SubmitError, Submitted, TransactionStatus } from '../../api.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure, type RpcErrorCode, RpcFailure, runtimeErrorObject } from '../errors.ts';
import { receiptInfo } from '../present-receipt.ts';
import { DEFAULT_WAIT_MS, type TransactionInfo } from '../schemas/transaction.ts';

const CODE_OF_SUBMIT_ERROR: { readonly [Code in SubmitError['code']]: RpcErrorCode } = {
  malformed_bytes: 'malformed_transaction',
  too_large: 'transaction_too_large',
  bad_signature: 'bad_signature',
  wrong_signature_count: 'wrong_signature_count',
  duplicate: 'duplicate_transaction',
  refused: 'refused',
  quota_exceeded: 'quota_exceeded',
  mempool_full: 'mempool_full',
  not_ready: 'node_not_ready',
};

/** The bytes of a parameter, within the size of a payload. */
function payloadBytes(field: string, hex: string): Uint8Array {
  const most = MAX_TRANSACTION_BYTES - 1;
  if (hex.length > 2 * most) {
    const given = `${hex.length / 2} bytes`;
    throw failure('transaction_too_large', { field, given, allowed: `at most ${most} bytes` });
  }
  const bytes = fromHex(hex);
  assert(bytes !== undefined, 'the schema checked the hex');
  return bytes;
}

/** What the signers should have signed, and who they are: said with every signature failure. */
type SignatureFacts = { readonly digest: string; readonly keys: readonly string[] };

function submitFailure(error: SubmitError, facts: SignatureFacts): RpcFailure {
  if (error.code === 'refused') return new RpcFailure(runtimeErrorObject(error.number, error));
  const { field, given, allowed } = error;
  const isSignature = error.code === 'bad_signature' || error.code === 'wrong_signature_count';
  return failure(CODE_OF_SUBMIT_ERROR[error.code], {
    field,
    given,
    allowed,
    ...(isSignature ? facts : {}),
  });
}

/** Payload bytes: the selector before the value's SSZ. */
function payloadOf(selector: number, ssz: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([selector]), ssz);
}

async function submit(
  { backend }: RpcContext,
  payload: Uint8Array,
  facts: SignatureFacts,
): Promise<Submitted> {
  const submitted = await backend.submit(payload);
  if (!submitted.ok) throw submitFailure(submitted.error, facts);
  return submitted.value;
}

function statusInfo(id: string, status: TransactionStatus): TransactionInfo {
  const base = { transaction_id: id, height: null, receipt: null };
  switch (status.kind) {
    case 'unknown':
    case 'accepted':
      return { ...base, status: status.kind };
    case 'included':
      return { ...base, status: 'included', height: status.height };
    case 'final': {
      const receipt = ReceiptCodec.decode(status.receipt);
      assert(receipt.ok, 'the node keeps receipts in the format of this release');
      return {
        ...base,
        status: 'final',
        height: status.height,
        receipt: receiptInfo(receipt.value),
      };
    }
  }
}

/** Status of a transaction by its hex id. */
export async function transactionInfo(context: RpcContext, id: string): Promise<TransactionInfo> {
  const raw = fromHex(id);
  assert(raw !== undefined, 'the schema checked the id');
  return statusInfo(id, await context.backend.transaction(raw));
}

function decodeTransaction(bytes: Uint8Array): Transaction {
  const decoded = TransactionCodec.decode(bytes);
  if (decoded.ok) return decoded.value;
  throw failure('malformed_transaction', {
    field: 'transaction',
    given: `${bytes.length} bytes`,
    allowed: `canonical SSZ of Transaction: ${decoded.error.detail}`,
  });
}

function decodeVote(bytes: Uint8Array): SignedOracleVote {
  const decoded = SignedOracleVoteCodec.decode(bytes);
  if (decoded.ok) return decoded.value;
  throw failure('malformed_transaction', {
    field: 'vote',
    given: `${bytes.length} bytes`,
    allowed: `canonical SSZ of SignedOracleVote: ${decoded.error.detail}`,
  });
}

export const transactionMethods: Handlers<
  'submit_transaction' | 'submit_oracle_vote' | 'get_transaction' | 'get_mempool'
> = {
  async submit_transaction({ transaction, wait, timeout_ms }, context) {
    const bytes = payloadBytes('transaction', transaction);
    const { body } = decodeTransaction(bytes);
    const digest = toHex(transactionId(await context.chainId(), body));
    const keys = body.signers.map(({ publicKey }) => toHex(publicKey));
    const payload = payloadOf(PAYLOAD.transaction, bytes);
    // The wait begins before submission: a block may be final before `submit` has answered.
    const final =
      wait === 'final' ? context.feed.waitFinal(digest, timeout_ms ?? DEFAULT_WAIT_MS) : undefined;
    try {
      const submitted = await submit(context, payload, { digest, keys });
      const known = { digest: toHex(submitted.transactionId), wire_id: toHex(submitted.wireId) };
      if (final === undefined) {
        const info = { transaction_id: known.digest, height: null, receipt: null };
        return { ...info, ...known, status: 'accepted' };
      }
      const info = (await final.done) ?? (await transactionInfo(context, known.digest));
      return { ...info, ...known };
    } finally {
      final?.cancel();
    }
  },

  async submit_oracle_vote({ vote }, context) {
    const bytes = payloadBytes('vote', vote);
    const signed = decodeVote(bytes);
    const digest = toHex(oracleVoteDigest(await context.chainId(), signed.vote));
    const payload = payloadOf(PAYLOAD.oracleVote, bytes);
    const keys = [`oracle key of validator ${signed.vote.validator}`];
    const submitted = await submit(context, payload, { digest, keys });
    return { digest, wire_id: toHex(submitted.wireId) };
  },

  get_transaction: ({ transaction_id }, context) => transactionInfo(context, transaction_id),

  async get_mempool(_params, { backend, now }) {
    const { mempoolSize, finalizedHeight } = await backend.status();
    return { transactions: mempoolSize, height: finalizedHeight, time: now() };
  },
};

/**
 * A transaction on its way between machines: made where the network is, signed where the key is, sent
 * where the network is. The file is JSON that a person can carry and look at; what counts in it is the
 * SSZ of the body and the chain id, from which everything that is shown is made again. Browser-safe.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { address } from '../../runtime/core/units.ts';
import {
  SCHEME,
  type TransactionBody,
  TransactionBodyCodec,
  TransactionCodec,
  transactionId,
} from '../../runtime/transaction.ts';
import { type InputError, inputError } from './amounts.ts';
import type { KeySigner } from './sign.ts';

export const TRANSACTION_FILE_TYPE = 'miletus/transaction';

/** `signatures`: hex in the order of the signers, null where one is missing. Bytes in hex. */
export type TransactionFile = {
  readonly type: typeof TRANSACTION_FILE_TYPE;
  readonly version: 1;
  readonly chain_id: string;
  /** What its maker said that it does: for people, proven by nothing. */
  readonly summary: string;
  readonly transaction_id: string;
  readonly body: string;
  readonly signatures: readonly (string | null)[];
};

/** A file's content, checked: the id is that of the body, the signatures that are there verify. */
export type OpenedTransaction = {
  readonly chainId: Uint8Array;
  readonly body: TransactionBody;
  readonly transactionId: string;
  readonly summary: string;
  readonly signatures: readonly (Uint8Array | undefined)[];
};

/** A file for a body that nobody has signed yet. */
export function unsignedFile(
  chainId: Uint8Array,
  body: TransactionBody,
  summary: string,
): TransactionFile {
  return {
    type: TRANSACTION_FILE_TYPE,
    version: 1,
    chain_id: toHex(chainId),
    summary,
    transaction_id: toHex(transactionId(chainId, body)),
    body: toHex(TransactionBodyCodec.encode(body)),
    signatures: body.signers.map(() => null),
  };
}

/** Reads a file's JSON. Errors name the field; a signature that does not verify is one. */
export function openTransactionFile(json: unknown): Result<OpenedTransaction, InputError> {
  const file = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  const { type, version, chain_id, summary, transaction_id, body, signatures } = file;
  if (type !== TRANSACTION_FILE_TYPE || version !== 1) {
    return inputError('type', `${type} ${version}`, `${TRANSACTION_FILE_TYPE} 1`);
  }
  const chainId = fromHex(String(chain_id));
  if (chainId?.length !== 32) return inputError('chain_id', String(chain_id), '64 hex characters');
  const bytes = fromHex(String(body));
  const decoded = bytes && TransactionBodyCodec.decode(bytes);
  if (!decoded?.ok) {
    return inputError('body', decoded ? decoded.error.detail : 'no hex', 'SSZ of a body, in hex');
  }
  const digest = transactionId(chainId, decoded.value);
  if (transaction_id !== toHex(digest)) {
    return inputError(
      'transaction_id',
      String(transaction_id),
      `${toHex(digest)}, that of the body`,
    );
  }
  const { signers } = decoded.value;
  if (!Array.isArray(signatures) || signatures.length !== signers.length) {
    return inputError('signatures', `${signatures}`, `a list of ${signers.length}`);
  }
  const found: (Uint8Array | undefined)[] = [];
  for (const [index, signature] of signatures.entries()) {
    const { scheme, publicKey } = signers[index] ?? { scheme: 0, publicKey: new Uint8Array(0) };
    const raw = signature === null ? undefined : fromHex(String(signature));
    const isRight =
      signature === null ||
      (raw !== undefined &&
        (scheme !== SCHEME.ed25519 ||
          (raw.length === 64 && ed25519.verify(raw, digest, publicKey, { zip215: false }))));
    if (!isRight) {
      const allowed = `a signature of ${toHex(digest)} by ${toHex(publicKey)}, or null`;
      return inputError(`signatures[${index}]`, String(signature), allowed);
    }
    found.push(raw);
  }
  return ok({
    chainId,
    body: decoded.value,
    transactionId: toHex(digest),
    summary: typeof summary === 'string' ? summary : '',
    signatures: found,
  });
}

/** Adds a signature. Errors: the key is none of the signers. */
export function signOpened(
  opened: OpenedTransaction,
  signer: KeySigner,
): Result<TransactionFile, InputError> {
  const { chainId, body, signatures, summary } = opened;
  const key = toHex(signer.publicKey);
  const keys = body.signers.map(({ publicKey }) => toHex(publicKey));
  const at = keys.indexOf(key);
  if (at < 0) return inputError('--from', key, `a key of the transaction: ${keys.join(', ')}`);
  const signature = signer.sign(transactionId(chainId, body));
  return ok({
    ...unsignedFile(chainId, body, summary),
    signatures: signatures.map((one, index) => {
      if (index === at) return toHex(signature);
      return one === undefined ? null : toHex(one);
    }),
  });
}

/** Hex of the signed transaction. Errors: a signature is missing. */
export function completeTransaction({
  body,
  signatures,
}: OpenedTransaction): Result<string, InputError> {
  const missing = signatures.indexOf(undefined);
  if (missing >= 0) {
    const key = toHex(body.signers[missing]?.publicKey ?? new Uint8Array(0));
    return inputError(
      `signatures[${missing}]`,
      'nothing',
      `the signature of ${key}: miletus tx sign`,
    );
  }
  const all = signatures.flatMap((signature) => (signature === undefined ? [] : [signature]));
  return ok(toHex(TransactionCodec.encode({ body, signatures: all })));
}

/** A value of the chain as people can compare it: addresses as text, bytes as hex, integers whole. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) {
    return value.length === 20 ? formatAddress(address(toHex(value))) : toHex(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** What a body does, action by action, by the chain's names: made from its bytes, not from a summary. */
export function plainActions(body: TransactionBody): { action: string; fields: unknown }[] {
  return body.actions.map(({ selector, value }: Action) => ({
    action:
      Object.entries(ACTION).find(([, number]) => number === selector)?.[0] ?? `action ${selector}`,
    fields: plain(value),
  }));
}

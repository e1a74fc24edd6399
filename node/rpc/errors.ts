/**
 * Every error the interface answers with: one table of names and stable numbers.
 *
 * Numbers: JSON-RPC's own below −32000; Deribit's where the meaning is the same; from 20,000 on
 * those of this chain; 21,000 + n for the refusal n of `runtime/error.ts`, unless Deribit has a
 * number for it. Append-only. Every error carries `data: { code, field, given, allowed }`.
 */
import { errorEntry, type RuntimeErrorCode, runtimeErrorCode } from '../../runtime/error.ts';

/** Name → number and text. */
export const RPC_ERRORS = {
  parse_error: { number: -32700, text: 'the request is not JSON' },
  invalid_request: { number: -32600, text: 'not a JSON-RPC 2.0 request' },
  method_not_found: { number: -32601, text: 'no such method' },
  invalid_params: { number: -32602, text: 'a parameter is missing or wrong' },
  internal_error: { number: -32603, text: 'the node failed to answer' },

  order_not_found: { number: 10004, text: 'no such order' },
  invalid_instrument: { number: 10020, text: 'no such instrument' },
  too_many_requests: { number: 10028, text: 'too many requests at once' },
  must_be_websocket: { number: 10030, text: 'only over WebSocket' },
  mempool_full: { number: 10047, text: 'the mempool is full' },
  node_not_ready: { number: 11051, text: 'the node is syncing or has halted' },
  bad_signature: { number: 13009, text: 'a signature does not verify' },

  malformed_transaction: { number: 20001, text: 'not the canonical SSZ of a transaction' },
  transaction_too_large: { number: 20002, text: 'the transaction is too large' },
  wrong_signature_count: { number: 20003, text: 'not exactly one signature per signer' },
  duplicate_transaction: { number: 20004, text: 'the transaction is already known' },
  quota_exceeded: { number: 20005, text: 'too many transactions of this account wait' },
  block_not_found: { number: 20006, text: 'this node does not have the block' },
  epoch_not_known: { number: 20007, text: 'this node does not hold the epoch' },
  unknown_table: { number: 20008, text: 'no such state table' },
  proof_not_available: { number: 20009, text: 'no proof of this row at a checkpoint now' },
  unknown_underlying: { number: 20010, text: 'no such underlying' },
  too_many_subscriptions: { number: 20011, text: 'too many subscriptions on this connection' },
  request_too_large: { number: 20012, text: 'the request is too large' },
  http_method_not_allowed: { number: 20013, text: 'requests come by POST' },
  http_not_found: { number: 20014, text: 'nothing here: requests go to /' },
  unsupported_media_type: { number: 20015, text: 'the content type must be application/json' },
  origin_not_allowed: { number: 20016, text: 'pages of this origin may not call this node' },
  rfq_not_found: { number: 20017, text: 'no such live request for quote' },
  validator_not_found: { number: 20018, text: 'no such validator, or several of that name' },
  proposal_not_found: { number: 20019, text: 'no such proposal' },
  no_mark_yet: { number: 20030, text: 'an instrument has no mark to be valued at' },
  refused: { number: 20999, text: 'refused for a reason this release does not know' },
} as const;

export type RpcErrorCode = keyof typeof RPC_ERRORS;

/** First number of refusals of the runtime. */
export const RUNTIME_ERROR_BASE = 21_000;

/** Deribit's numbers for refusals of the runtime that mean the same. */
const DERIBIT_NUMBER: { readonly [Code in RuntimeErrorCode]?: number } = {
  insufficient_balance: 10009,
  insufficient_cash: 10009,
  insufficient_margin: 10009,
  unknown_instrument: 10020,
  instrument_not_open: 10012,
  order_not_found: 10004,
  not_owner: 10029,
  would_take: 11054,
  protection_frozen: 13030,
  expired: 13888,
};

export type RpcErrorData = {
  readonly code: string;
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
  /** Of signature failures: what the node computed as the digest, and the keys it tried, in hex. */
  readonly digest?: string;
  readonly keys?: readonly string[];
};

/** A JSON-RPC error object. */
export type RpcErrorObject = {
  readonly code: number;
  readonly message: string;
  readonly data: RpcErrorData;
};

/** Longest echo of what was given. */
const MAX_ECHO = 120;

/** What was given, as text: bounded, and never more than its start. */
export function echo(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length <= MAX_ECHO ? text : `${text.slice(0, MAX_ECHO)}… (${text.length} characters)`;
}

export type ErrorFacts = {
  readonly field?: string;
  readonly given?: unknown;
  readonly allowed?: string;
  readonly digest?: string;
  readonly keys?: readonly string[];
};

/** The error object of a name with its facts. */
export function errorObject(code: RpcErrorCode, facts: ErrorFacts = {}): RpcErrorObject {
  const { field = '', given, allowed = '', digest, keys } = facts;
  const { number, text } = RPC_ERRORS[code];
  const data = { code, field, given: given === undefined ? '' : echo(given), allowed };
  return {
    code: number,
    message: text,
    data: { ...data, ...(digest === undefined ? {} : { digest }), ...(keys ? { keys } : {}) },
  };
}

/** The error object of a runtime refusal by its wire number. */
export function runtimeErrorObject(
  number: number,
  facts: { given: string; allowed: string },
): RpcErrorObject {
  const code = runtimeErrorCode(number);
  if (code === undefined) return errorObject('refused', { given: number });
  const { field, text } = errorEntry(code);
  return {
    code: DERIBIT_NUMBER[code] ?? RUNTIME_ERROR_BASE + number,
    message: text,
    data: { code, field, given: facts.given, allowed: facts.allowed },
  };
}

/** Thrown by handlers for failures that the caller is told; everything else is an internal error. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly error: RpcErrorObject;
  constructor(error: RpcErrorObject) {
    super(`${error.data.code}: ${error.message}`);
    this.error = error;
  }
}

/** An `RpcFailure` of a name with its facts. */
export function failure(code: RpcErrorCode, facts: ErrorFacts = {}): RpcFailure {
  return new RpcFailure(errorObject(code, facts));
}

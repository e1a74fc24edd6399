/** What a call to a node can fail with. */

/** The `data` of a JSON-RPC error: a stable name, the field at fault, what was given and allowed. */
export type RpcErrorData = {
  readonly code: string;
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
  /** Of signature failures: the digest the node computed and the keys it tried, in hex. */
  readonly digest?: string | undefined;
  readonly keys?: readonly string[] | undefined;
};

/** The node refused or failed the call. `code` is the number, `data.code` the name. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: RpcErrorData;
  constructor(code: number, message: string, data: RpcErrorData) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export type TransportErrorCode =
  | 'unreachable'
  | 'timeout'
  | 'closed'
  | 'bad_answer'
  | 'too_many_pending';

/** The call did not reach the node, or no usable answer came back: its fate is unknown. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;
  constructor(code: TransportErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Takes a JSON-RPC error object as it came; what it lacks is empty. */
export function rpcErrorOf(error: unknown): RpcError | TransportError {
  if (typeof error !== 'object' || error === null) {
    return new TransportError('bad_answer', 'the error of the answer is not an object');
  }
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  const facts = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  return new RpcError(typeof code === 'number' ? code : -32603, text(message), {
    code: text(facts['code']),
    field: text(facts['field']),
    given: text(facts['given']),
    allowed: text(facts['allowed']),
    ...(typeof facts['digest'] === 'string' ? { digest: facts['digest'] } : {}),
    ...(Array.isArray(facts['keys']) ? { keys: facts['keys'].map(text) } : {}),
  });
}

/**
 * JSON-RPC 2.0: text in, text out. Never throws; every failure becomes an error object.
 *
 * Source: jsonrpc.org/specification. Parameters by name only (by position is refused: adding a
 * parameter would change the meaning of old calls). A batch holds 1 to `maxBatch` requests, answered
 * in order. A request without an id is carried out and not answered.
 */
import * as z from 'zod';
import type { Connection, RpcContext } from './context.ts';
import { echo, errorObject, failure, type RpcErrorObject, RpcFailure } from './errors.ts';
import { HANDLERS } from './methods/handlers.ts';
import { paramsProblem } from './params-problem.ts';
import { METHODS, type MethodName } from './schemas/methods.ts';

type Id = string | number | null;
type Answer =
  | { jsonrpc: '2.0'; id: Id; result: unknown }
  | { jsonrpc: '2.0'; id: Id; error: RpcErrorObject };

/** What happened to each call, for metrics and logs. */
export type CallObserver = {
  /** `error` is the name of the error, or undefined. */
  onCall(method: string, error: string | undefined, elapsedMs: number): void;
  /** A handler threw what it should not. */
  onInternalError(method: string, cause: unknown): void;
};

/** Longest id that is echoed. */
const MAX_ID_LENGTH = 64;

function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** The names of a method's parameters. */
function parameterNames(method: MethodName): string[] {
  const schema = METHODS[method].params;
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Close names first: what a typing error most likely meant. */
function suggestions(given: string): string {
  const wanted = given.toLowerCase().replace(/^(public|private)\//, '');
  const close = Object.keys(METHODS).filter(
    (name) => wanted !== '' && (name.endsWith(wanted) || name.includes(wanted)),
  );
  return close.length > 0 ? close.slice(0, 5).join(', ') : 'a method that rpc.discover lists';
}

async function carryOut(
  request: { readonly method: unknown; readonly params: unknown },
  context: RpcContext,
  connection: Connection | undefined,
): Promise<unknown> {
  const { method, params = {} } = request;
  if (typeof method !== 'string') {
    throw failure('invalid_request', { field: 'method', given: method, allowed: 'a string' });
  }
  if (!isMethodName(method)) {
    throw failure('method_not_found', {
      field: 'method',
      given: method,
      allowed: suggestions(method),
    });
  }
  if (Array.isArray(params) || typeof params !== 'object' || params === null) {
    const allowed = `an object: parameters are by name (${parameterNames(method).join(', ') || 'none'})`;
    throw failure('invalid_params', { field: 'params', given: params, allowed });
  }
  const checked = METHODS[method].params.safeParse(params);
  if (!checked.success) {
    const facts = paramsProblem(checked.error.issues, params, parameterNames(method));
    throw failure('invalid_params', facts);
  }
  const handler = HANDLERS[method] as (
    params: unknown,
    context: RpcContext,
    connection: Connection | undefined,
  ) => unknown;
  return handler(checked.data, context, connection);
}

function idOf(request: object): Id | undefined | 'malformed' {
  if (!('id' in request)) return undefined;
  const { id } = request;
  if (id === null || (typeof id === 'number' && Number.isFinite(id))) return id;
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH ? id : 'malformed';
}

/** One request; `undefined` when it takes no answer. */
async function answerOne(
  request: unknown,
  context: RpcContext,
  connection: Connection | undefined,
  observer: CallObserver,
): Promise<Answer | undefined> {
  const refuse = (field: string, given: unknown, allowed: string): Answer => {
    observer.onCall('', 'invalid_request', 0);
    const error = errorObject('invalid_request', { field, given, allowed });
    return { jsonrpc: '2.0', id: null, error };
  };
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return refuse('request', request, 'an object with jsonrpc, id, method, params');
  }
  const { jsonrpc, method, params } = request as Record<string, unknown>;
  if (jsonrpc !== '2.0') return refuse('jsonrpc', jsonrpc ?? 'nothing', '"2.0"');
  const id = idOf(request);
  if (id === 'malformed') {
    return refuse('id', (request as { id: unknown }).id, 'a number, null, or up to 64 characters');
  }
  const name = typeof method === 'string' && isMethodName(method) ? method : '';
  const startedAt = performance.now();
  try {
    const result = await carryOut({ method, params }, context, connection);
    observer.onCall(name, undefined, performance.now() - startedAt);
    return id === undefined ? undefined : { jsonrpc: '2.0', id, result };
  } catch (cause) {
    const isExpected = cause instanceof RpcFailure;
    if (!isExpected) observer.onInternalError(name, cause);
    const error = isExpected ? cause.error : errorObject('internal_error');
    observer.onCall(name, error.data.code, performance.now() - startedAt);
    return id === undefined ? undefined : { jsonrpc: '2.0', id, error };
  }
}

/** An error that belongs to no request, as text. */
export function errorText(error: RpcErrorObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error });
}

/** Answers a text; `undefined` when there is nothing to answer. */
export async function answerText(
  text: string,
  context: RpcContext,
  connection: Connection | undefined,
  observer: CallObserver,
): Promise<string | undefined> {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    observer.onCall('', 'parse_error', 0);
    const allowed = cause instanceof Error ? echo(cause.message) : 'JSON';
    return errorText(errorObject('parse_error', { field: 'request', given: text, allowed }));
  }
  if (!Array.isArray(request)) {
    const answer = await answerOne(request, context, connection, observer);
    return answer && JSON.stringify(answer);
  }
  const { maxBatch } = context.config;
  if (request.length === 0 || request.length > maxBatch) {
    observer.onCall('', 'invalid_request', 0);
    const given = `${request.length} requests`;
    const allowed = `1 to ${maxBatch} requests`;
    return errorText(errorObject('invalid_request', { field: 'batch', given, allowed }));
  }
  const answers = await Promise.all(
    request.map((one) => answerOne(one, context, connection, observer)),
  );
  const given = answers.filter((answer) => answer !== undefined);
  return given.length === 0 ? undefined : JSON.stringify(given);
}

/**
 * Expected failure as data. A function that can be refused by its input returns a `Result`;
 * a broken invariant throws through `assert`, and the process that sees it stops.
 */

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };
export type Result<T, E> = Ok<T> | Err<E>;

/** Wraps a success. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** Wraps an expected failure. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/** A broken invariant: the state can no longer be trusted, so the node stops voting. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/**
 * Throws `InvariantViolation` unless `condition` holds. `message` names the invariant, not the
 * symptom.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Compile-time proof that a `switch` is exhaustive. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable variant ${String(value)}`);
}

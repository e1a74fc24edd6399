/**
 * The outside world of a node, as interfaces: clock, disk, signer, log. Processes get the real ones,
 * the simulator virtual ones; the node's code is the same.
 */
import type { Subject } from '../consensus/messages.ts';
import type { Result } from '../runtime/core/result.ts';
import type { Epoch, TimestampMs, ValidatorIndex, View } from '../runtime/core/units.ts';

export type TimerHandle = { readonly cancel: () => void };

export interface Clock {
  /** Wall clock, ms since 1970 UTC. */
  now(): TimestampMs;
  /** Runs `fire` once after `delayMs`. */
  setTimer(delayMs: number, fire: () => void): TimerHandle;
}

export type StoreOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A consistent past version of a store, kept until closed. */
export interface StoreSnapshot {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** An ordered key-value store: one LevelDB. */
export interface Store {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Atomic. With `sync`, it is on disk when the promise resolves; a rejection is fatal to the node
   * (a failed write of a journal means it can no longer vote).
   */
  batch(operations: readonly StoreOperation[], durability: 'sync' | 'buffered'): Promise<void>;
  /** Entries with from ≤ key < to, ascending. */
  range(options: {
    from: Uint8Array;
    to: Uint8Array;
    limit?: number;
    reverse?: boolean;
  }): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  snapshot(): StoreSnapshot;
  close(): Promise<void>;
}

export const STORE_NAMES = ['journal', 'blocks', 'state'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

export interface Disk {
  open(name: StoreName): Promise<Store>;
}

export type SignerRefusal = {
  readonly code: 'unknown_key' | 'conflicting_vote' | 'below_low_water_mark' | 'unavailable';
  readonly detail: string;
};

/**
 * Holds the consensus keys of one validator. It keeps a window of what it signed per (epoch, view)
 * and refuses what would contradict it, whatever the node asks.
 */
export interface Signer {
  /** ed25519 public keys, 32 bytes: more than one around the rotation of a key. */
  readonly publicKeys: readonly [Uint8Array, ...Uint8Array[]];
  /** Signature by `place.key` over the subject, for the chain the signer was made for. */
  sign(
    subject: Subject,
    place: { readonly signer: ValidatorIndex; readonly key: Uint8Array },
  ): Promise<Result<Uint8Array, SignerRefusal>>;
  /** Nothing below is asked for again. */
  raise(mark: { readonly epoch: Epoch; readonly view: View }): void;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One module's log: an event in a few words, and its facts as fields. */
export interface Log {
  trace(facts: object, event: string): void;
  debug(facts: object, event: string): void;
  info(facts: object, event: string): void;
  warn(facts: object, event: string): void;
  error(facts: object, event: string): void;
  child(module: string): Log;
}

/**
 * The executor: owns the state, executes final blocks in order, answers queries between them.
 *
 * One implementation runs in a thread of its own, one in-process for the simulator; both take and
 * give SSZ bytes only, so that whole blocks and answers are transferred, not cloned.
 */
import type { Epoch, Height } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';

/** Result of a block whose height is a multiple of R: what a later header carries. */
export type CheckpointRoots = {
  readonly height: Height;
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
};

export type ExecutedBlock = {
  readonly height: Height;
  /** SSZ of `ReceiptsCodec`. */
  readonly receipts: Uint8Array;
  /** SSZ of `EventsCodec`. */
  readonly events: Uint8Array;
  /** For each receipt 33 bytes: the transaction's id, and 1 if it was applied, else 0. */
  readonly transactions: Uint8Array;
  /** Present at multiples of R, after the state's batch was handed to the disk. */
  readonly checkpoint: CheckpointRoots | undefined;
  /** Config that this block, the last of its epoch, fixed: that of the epoch after the next. */
  readonly fixedConfig: EpochConfig | undefined;
};

/** Where the state stands after opening: blocks above `height` are to be executed again. */
export type OpenedState = {
  readonly height: Height;
  /** Roots of the checkpoints still known, ascending; the last is at `height`. */
  readonly checkpoints: readonly CheckpointRoots[];
  /** Configs of the epochs in force: previous (if any), current, next. */
  readonly configs: readonly EpochConfig[];
  readonly epoch: Epoch;
};

export interface Executor {
  /** Loads the last checkpoint of the disk, or makes the genesis state. */
  open(): Promise<OpenedState>;
  /** Executes the block above the last one. Rejects when an invariant breaks: the node stops voting. */
  execute(block: Uint8Array, hash: Uint8Array): Promise<ExecutedBlock>;
  /**
   * Judges transactions against the latest state (account, key, nonce, expiry; what `admit` checks)
   * without changing it: SSZ of payloads in, for each the error number, 0 for none.
   */
  judge(payloads: readonly Uint8Array[]): Promise<readonly number[]>;
  /** Answers a query (`node/query`) from the state after the last whole block: SSZ in, SSZ out. */
  query(request: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

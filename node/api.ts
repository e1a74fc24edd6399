/**
 * What a running node offers to its RPC server and to code in the same process.
 */

import type { PeerInfo } from '../p2p/network.ts';
import type { Result } from '../runtime/core/result.ts';
import type { Epoch, Height, TimestampMs, View } from '../runtime/core/units.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';

/** Why a payload was not taken into the mempool, in order of precedence. */
export const SUBMIT_ERRORS = [
  'malformed_bytes',
  'too_large',
  'bad_signature',
  'wrong_signature_count',
  'duplicate',
  'refused',
  'quota_exceeded',
  'mempool_full',
  'not_ready',
] as const;
export type SubmitErrorCode = (typeof SUBMIT_ERRORS)[number];

/** `refused`: `number` is that of `runtime/error.ts`. */
export type SubmitError = {
  readonly code: SubmitErrorCode;
  readonly field: string;
  readonly given: string;
  readonly allowed: string;
  readonly number: number;
};

export type Submitted = {
  /** Signing digest for a transaction, wire id for an oracle vote. */
  readonly transactionId: Uint8Array;
  readonly wireId: Uint8Array;
};

export type NodeStatus = {
  readonly chainId: Uint8Array;
  readonly finalizedHeight: Height;
  readonly executedHeight: Height;
  readonly epoch: Epoch;
  readonly view: View;
  /** Timestamp of the last final block. */
  readonly timestamp: TimestampMs;
  readonly syncing: boolean;
  /** Hex of the consensus key, or undefined for a full node. */
  readonly validator: string | undefined;
  /** Why the node no longer votes, if so. */
  readonly halted: string | undefined;
  readonly mempoolSize: number;
  readonly peers: number;
};

/** A final, executed block, as pushed to listeners. */
export type BlockNotice = {
  readonly height: Height;
  readonly hash: Uint8Array;
  /** SSZ of `BlockCodec`. */
  readonly block: Uint8Array;
  readonly receipts: Uint8Array;
  readonly events: Uint8Array;
  /** This node's clock when it saw the finalization. */
  readonly finalizedAt: TimestampMs;
};

/** Where a transaction stands. `included`: in a final block that is not executed yet. */
export type TransactionStatus =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'included'; readonly height: Height }
  | {
      readonly kind: 'final';
      readonly height: Height;
      /** SSZ of `ReceiptCodec`. */
      readonly receipt: Uint8Array;
    };

/**
 * An epoch for those who walk from one to the next: SSZ of its config and, once it is over, of its last
 * block's header and of the certificate of that block.
 */
export type EpochRecord = {
  readonly config: Uint8Array;
  readonly header: Uint8Array | undefined;
  readonly finalization: Uint8Array | undefined;
};

export interface NodeApi {
  /** Takes the SSZ of a `Payload`. */
  submit(payload: Uint8Array): Promise<Result<Submitted, SubmitError>>;
  status(): NodeStatus;
  peers(): readonly PeerInfo[];
  /** Configs in force: previous, current, next, as far as known. */
  configs(): readonly EpochConfig[];
  /** SSZ of the genesis document. */
  genesis(): Uint8Array;
  /** An epoch that is over, running or next, if this node still has its config. */
  epoch(number: Epoch): Promise<EpochRecord | undefined>;
  /** SSZ of the final block at a height and of its finalization certificate (`FinalizedBlock`). */
  block(height: Height): Promise<Uint8Array | undefined>;
  /** SSZ of the receipts and events of an executed block, if still kept. */
  results(height: Height): Promise<{ receipts: Uint8Array; events: Uint8Array } | undefined>;
  transaction(transactionId: Uint8Array): Promise<TransactionStatus>;
  /** SSZ of the newest evidence of faults that this node has (`EvidenceRecordsCodec`). */
  evidence(): Promise<Uint8Array>;
  /** See `Executor.query`. */
  query(request: Uint8Array): Promise<Uint8Array>;
  /** Calls `listener` for each block executed from now on, in order; returns how to stop. */
  onBlock(listener: (notice: BlockNotice) => void): () => void;
}

/**
 * Everything an engine wants done: the driver's duties.
 *
 * Source: design/chain.md §4. The effects of one step are carried out in the order of the list, the
 * next one begun when the one before is done or, for those that are answered by an input (`vote`,
 * `buildBlock`, `verifyBlock`, `syncBody`, `requestCertificates`), handed over. The lists of
 * consecutive steps follow each other in the same way. So what is persisted is on disk before
 * whatever follows it leaves.
 *
 * A failed write stops the node: it may still serve, but never again vote.
 */
import type { BlockAnnouncement } from '../runtime/block.ts';
import type { TimestampMs, ValidatorIndex, View } from '../runtime/core/units.ts';
import type { Evidence } from './evidence.ts';
import type { Timer } from './input.ts';
import type { JournalRecord } from './journal.ts';
import type { Certificate, ConsensusMessage, Proposal, Subject, Vote } from './messages.ts';

/** A block in the engine's chain: the view that brought it, and its hash. */
export type BlockRef = { readonly view: View; readonly payload: Uint8Array };

/**
 * Breach of structure by the sender of the input. `penalise`: no honest node sends this;
 * `ignore`: an honest node that is behind or ahead may.
 */
export const REJECTIONS = {
  wrong_epoch: 'ignore',
  too_old: 'ignore',
  too_new: 'ignore',
  unknown_signer: 'penalise',
  not_leader: 'penalise',
  payload_mismatch: 'penalise',
  malformed_certificate: 'penalise',
} as const;
export type RejectionCode = keyof typeof REJECTIONS;

export type Effect =
  /**
   * Ask the signer for a vote. The signer checks its own window, appends the vote to the journal
   * (`JOURNAL.vote`) with ONE SYNC, and only then returns the signature; the driver feeds `signed`,
   * or `refused`. Never broadcast it here: the core does, after `signed`. Answers may come in any
   * order; a repeated request for the same subject is legitimate.
   */
  | { readonly kind: 'vote'; readonly subject: Subject }
  /**
   * Append a record to the epoch's journal. `sync`: on disk before the next effect. `buffered`: may
   * wait for the next synced write of the journal, but must not be overtaken by it (one LevelDB
   * keeps that order): a lost certificate can be fetched or formed again, and no vote that relied on
   * it can have left.
   */
  | {
      readonly kind: 'persist';
      readonly record: JournalRecord;
      readonly durability: 'sync' | 'buffered';
    }
  /**
   * Queue for all other validators of the epoch. `view` orders supersession in full queues. A
   * certificate of the view before this one or later may be held back, at most Δ, and kept from
   * those heard in a later view meanwhile.
   */
  | { readonly kind: 'broadcast'; readonly message: ConsensusMessage; readonly view: View }
  /** Queue for one validator. */
  | {
      readonly kind: 'send';
      readonly to: ValidatorIndex;
      readonly message: ConsensusMessage;
      readonly view: View;
    }
  /** Give the input `timer` after `delayMs`; replaces the running timer of this kind, if any. */
  | {
      readonly kind: 'armTimer';
      readonly timer: Timer;
      readonly view: View;
      readonly delayMs: number;
    }
  | { readonly kind: 'cancelTimer'; readonly timer: Timer }
  /** A view began. For metrics and for dropping work of earlier views (never fetches of bodies). */
  | {
      readonly kind: 'enterView';
      readonly view: View;
      readonly leader: ValidatorIndex;
      readonly leaderTimeoutMs: number;
    }
  /**
   * This node leads `view`. With `block: 'new'`: build a block on `parent`, at once or when pacing
   * allows (minBlockIntervalMs after the parent's timestamp, idleBlockMs while nothing is pending),
   * sync header and body, and answer `built`. If the parent is not executed far enough for the
   * carried root, wait. With `{ again }`: propose that very block, which is held, without delay.
   * Answer `cannotBuild` only if no block can be had in this view. Superseded by a later `enterView`.
   */
  | {
      readonly kind: 'buildBlock';
      readonly view: View;
      readonly parent: BlockRef;
      readonly block: 'new' | { readonly again: Uint8Array };
    }
  /**
   * Judge a proposed block against its parent (`block.header.parent` must equal `parent.payload`),
   * get missing bodies (mempool, leader, then signers), sync header and body, and answer `verdict`.
   * The core has checked that `blockHash(block.header)` is `proposal.payload`. Clock rule: a
   * timestamp below `receivedAt` − `leaderTimeoutMs` − 500 ms is invalid, one more than 500 ms ahead
   * of the clock is notYet. After `notYet` the driver keeps the block and judges again itself.
   */
  | {
      readonly kind: 'verifyBlock';
      readonly view: View;
      readonly proposal: Proposal;
      readonly parent: BlockRef;
      readonly block: BlockAnnouncement;
      readonly receivedAt: TimestampMs;
      readonly leaderTimeoutMs: number;
    }
  /**
   * A quorum vouches for `payload` and this node does not hold it: get header and body (a
   * verification of the same block may be about to bring it; else `signers`, then others), sync
   * them, answer `held`. Entering another view does not cancel this; only a `finalized` at or above
   * `view` that does not list the payload does. Asked once for each view.
   */
  | {
      readonly kind: 'syncBody';
      readonly view: View;
      readonly payload: Uint8Array;
      readonly signers: readonly ValidatorIndex[];
    }
  /**
   * Ask a peer, `prefer` first, for the certificates of the views `from` to `to` and its latest
   * finalization (method `certificates`), and feed each as `certificate`. The core asks again by its
   * `fetch` timer, another peer each time; the driver need not repeat a failed request.
   */
  | {
      readonly kind: 'requestCertificates';
      readonly from: View;
      readonly to: View;
      readonly prefer: ValidatorIndex;
    }
  /**
   * `certificate` makes its block and all ancestors final. Its record was persisted with sync by an
   * effect before this one, so execution may begin.
   * - `chain`: the blocks that became final, oldest first, each hash once, the certified one last.
   * - `linked`: whether `chain` begins right above what was final before. If not, some ancestors are
   *   unknown here: the driver finds them by the headers' parent hashes (block sync).
   * - `archive`: one certificate for each view from the last finalized one up to this, as far as held
   *   (notarization where used, nullification where skipped): keep for the evidence window.
   * - `floor`: views below it are forgotten here; journal records below may be deleted, and the
   *   signer's mark raised to it.
   */
  | {
      readonly kind: 'finalized';
      readonly view: View;
      readonly payload: Uint8Array;
      readonly certificate: Certificate;
      readonly chain: readonly BlockRef[];
      readonly linked: boolean;
      readonly archive: readonly Certificate[];
      readonly floor: View;
    }
  /**
   * The epoch's last block is final, directly: start the next epoch's engine on `payload`. Keep this
   * engine, and give it votes, until the first block of the next epoch is final: it answers
   * stragglers with the boundary's finalization.
   */
  | {
      readonly kind: 'epochFinished';
      readonly payload: Uint8Array;
      readonly certificate: Certificate;
    }
  /** A validator signed what no honest one does: hand it to the evidence pool. */
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** A vote with our own key that this engine did not ask for: stop signing and alarm the operator. */
  | { readonly kind: 'foreignVote'; readonly vote: Vote }
  /** The input was refused; see `REJECTIONS` for what its sender deserves. Nothing else happened. */
  | { readonly kind: 'reject'; readonly code: RejectionCode; readonly detail: string };

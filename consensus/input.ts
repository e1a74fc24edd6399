/**
 * Everything that can happen to an engine: the driver's side of `step`.
 *
 * Source: design/chain.md §4. The core asks nothing and never waits; what it needs to know arrives
 * here. Inputs are given one at a time, each in full, in the order in which they became true.
 *
 * What the driver has done before it gives an input stands at each variant. Signatures are always
 * checked outside: use `admitVote` and `admitCertificate` (admission.ts) first, so that nothing is
 * checked in vain. Structure (epoch, signer, leader, bitmap, quorum, bounds) is checked inside, and
 * a breach comes back as the effect `reject`.
 */
import type { BlockAnnouncement } from '../runtime/block.ts';
import type { TimestampMs, ValidatorIndex, View } from '../runtime/core/units.ts';
import type { Certificate, ProposalMessage, Subject, Vote } from './messages.ts';

/**
 * Timers of an engine. There is at most one of each kind.
 * - `leader`: the view's leader must have proposed.
 * - `certify`: the view must have a notarization whose body is held.
 * - `retry`: still in a view that was given up: say so again.
 * - `fetch`: certificates were asked for: look whether any are still missing.
 * - `standstill`: nothing was finalized for long.
 */
export const TIMERS = ['leader', 'certify', 'retry', 'fetch', 'standstill'] as const;
export type Timer = (typeof TIMERS)[number];

/**
 * What the runtime says of a proposed block.
 * - `valid`: every rule of a block holds, and header and body ARE SYNCED TO DISK. The notarize vote
 *   that follows promises both, so this verdict may only be given after the sync. `epochLast`: the
 *   block is the last of its epoch.
 * - `invalid`: a rule is broken for ever, for everyone. Leads to an immediate nullify.
 * - `notYet`: the parent, the body, a carried root or the clock is missing. Changes nothing: the
 *   view's timers keep running, and the driver gives another verdict when what was missing is there.
 */
export type Verdict =
  | { readonly kind: 'valid'; readonly epochLast: boolean }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'notYet'; readonly reason: string };

export type InputBody =
  /** First input of an engine, fresh (`createEngine`) or recovered (`recover`). Exactly once. */
  | { readonly kind: 'start' }
  /**
   * A leader's proposal. Checked: the vote's signature, and the signature of every certificate that
   * `admitCertificate` did not call known. A proposal with one bad signature is dropped whole.
   */
  | { readonly kind: 'proposal'; readonly message: ProposalMessage }
  /** A vote of any validator. Checked: its signature, unless `admitVote` called it known. */
  | { readonly kind: 'vote'; readonly vote: Vote }
  /**
   * A certificate, pushed by a peer, fetched on request, or found by block sync. Checked: every
   * signature (`verifyCertificate`).
   */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /**
   * A sign of life: a message came on the stream bound to this validator's key and was dropped as
   * late. Optional; without it a validator that is always slower than the quorum looks inactive.
   */
  | { readonly kind: 'heard'; readonly signer: ValidatorIndex; readonly view: View }
  /** The timer of an `armTimer` that was neither replaced nor cancelled. */
  | { readonly kind: 'timer'; readonly timer: Timer; readonly view: View }
  /** Answer to `verifyBlock`, with its view and payload. After `notYet` others may follow. */
  | {
      readonly kind: 'verdict';
      readonly view: View;
      readonly payload: Uint8Array;
      readonly verdict: Verdict;
    }
  /**
   * Answer to `buildBlock`: the block to propose. Header and body ARE SYNCED TO DISK.
   * `payload` = `blockHash(block.header)`.
   */
  | {
      readonly kind: 'built';
      readonly view: View;
      readonly payload: Uint8Array;
      readonly block: BlockAnnouncement;
      readonly epochLast: boolean;
    }
  /** Answer to `buildBlock`: no block can be had for this view (the node is syncing). */
  | { readonly kind: 'cannotBuild'; readonly view: View }
  /** Answer to `syncBody`: header and body of `payload` are valid in themselves and SYNCED TO DISK. */
  | {
      readonly kind: 'held';
      readonly view: View;
      readonly payload: Uint8Array;
      readonly epochLast: boolean;
    }
  /** Answer to `vote`: the signer has recorded the vote durably and signed it. */
  | { readonly kind: 'signed'; readonly vote: Vote }
  /** Answer to `vote`: the signer refused or cannot be reached. The vote is not sent. */
  | { readonly kind: 'refused'; readonly subject: Subject };

/** `now`: the driver's clock when it gives the input, never lower than in the input before. */
export type Input = InputBody & { readonly now: TimestampMs };

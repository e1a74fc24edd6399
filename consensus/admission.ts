/**
 * What to do with a message before its signatures are checked: the driver asks here, on arrival and
 * again when the check's turn comes, so that no time goes into what is known or out of bounds.
 */

import { certificateOfKind } from './accept-certificate.ts';
import { LOOKAHEAD_VIEWS } from './bounds.ts';
import { type EngineState, floorView, voteFloorView } from './engine.ts';
import { equalSubjects, faultOf } from './evidence.ts';
import { type Certificate, KIND, type Vote } from './messages.ts';
import { sameVote, votesOfKind } from './note-vote.ts';

/**
 * - `check`: check the signature, then give it to `step`.
 * - `known`: the identical vote was checked before: give it to `step` without a check (a repeated
 *   nullify is how a straggler asks for help).
 * - `late`: its certificate is already held; only evidence could come of it. Check it when idle, or
 *   drop it and give `heard`.
 * - `drop`: out of bounds or of another epoch.
 */
export type VoteAdmission = 'check' | 'known' | 'late' | 'drop';

export function admitVote(state: EngineState, vote: Vote): VoteAdmission {
  const { epoch, view } = vote.subject.value;
  if (epoch !== state.committee.epoch || vote.signer >= state.committee.weights.length)
    return 'drop';
  // A finished engine answers whoever is still in the epoch, wherever that is.
  if (view < voteFloorView(state) && !state.finished) return 'drop';
  // Above the window it only tells that others are ahead: one such vote is enough.
  if (view > state.view + LOOKAHEAD_VIEWS) return state.fetch.ahead > 0 ? 'drop' : 'check';
  const round = state.rounds.get(view);
  if (!round) return 'check';
  const held = votesOfKind(round, vote.subject.selector).get(vote.signer);
  if (held && equalSubjects(held.subject, vote.subject)) {
    return sameVote(held, vote) ? 'known' : 'drop';
  }
  for (const kind of [KIND.notarize, KIND.nullify, KIND.finalize]) {
    const other = votesOfKind(round, kind).get(vote.signer);
    if (other && faultOf(other.subject, vote.subject)) return 'check';
  }
  // A nullify of a view that is over asks for help, and a finished engine answers every vote.
  if (vote.subject.selector === KIND.nullify || state.finished) return 'check';
  const certificate = certificateOfKind(round, vote.subject.selector);
  return certificate && equalSubjects(certificate.subject, vote.subject) ? 'late' : 'check';
}

/** `check`: verify it, then give it to `step`. `known`: nothing new; skip the check, do not give it. */
export type CertificateAdmission = 'check' | 'known' | 'drop';

export function admitCertificate(
  state: EngineState,
  certificate: Certificate,
): CertificateAdmission {
  const { epoch, view } = certificate.subject.value;
  if (epoch !== state.committee.epoch || view < floorView(state)) return 'drop';
  const round = state.rounds.get(view);
  const held = round && certificateOfKind(round, certificate.subject.selector);
  // Of a kind there is one for each view; another one for another block is a fork, to be seen.
  return held && equalSubjects(held.subject, certificate.subject) ? 'known' : 'check';
}

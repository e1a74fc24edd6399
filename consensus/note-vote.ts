/**
 * Keeping a vote, and finding faults: one vote of each kind for each signer and view; a second that
 * differs, or one that contradicts another kind, is evidence.
 */
import { equalBytes } from '../runtime/core/bytes.ts';
import type { ValidatorIndex } from '../runtime/core/units.ts';
import { leader } from './committee.ts';
import type { Context, Round } from './engine.ts';
import { equalProposals, evidenceOf } from './evidence.ts';
import { KIND, type Kind, type Vote } from './messages.ts';

/** Votes of one kind in a round, by signer. */
export function votesOfKind(round: Round, kind: Kind): Map<ValidatorIndex, Vote> {
  switch (kind) {
    case KIND.notarize:
      return round.notarizes;
    case KIND.nullify:
      return round.nullifies;
    case KIND.finalize:
      return round.finalizes;
  }
}

function reportFaults(context: Context, round: Round, vote: Vote): void {
  for (const kind of [KIND.notarize, KIND.nullify, KIND.finalize]) {
    const other = votesOfKind(round, kind).get(vote.signer);
    const evidence = other && evidenceOf(other, vote);
    if (!evidence) continue;
    if (
      evidence.fault === 'conflicting_notarize' &&
      vote.signer === leader(context.state.committee, round.view)
    ) {
      round.equivocated = true;
    }
    const key = `${evidence.fault}:${vote.signer}`;
    if (round.reported.has(key)) continue;
    round.reported.add(key);
    context.effects.push({ kind: 'evidence', evidence });
  }
}

/**
 * A vote with this node's key is one that it asked for: on record, or requested and not yet back.
 * Anything else means that the key signs elsewhere.
 */
function isForeign(context: Context, round: Round, vote: Vote): boolean {
  const { state } = context;
  if (vote.signer !== state.self || round.view <= state.lastFinalized.view) return false;
  const { own } = round;
  switch (vote.subject.selector) {
    case KIND.nullify:
      return !own.nullify;
    case KIND.notarize:
      return !own.notarize || !equalProposals(own.notarize, vote.subject.value);
    case KIND.finalize:
      return !own.finalize || !equalProposals(own.finalize, vote.subject.value);
  }
}

/**
 * What a vote was: `new` and kept; `repeated`; `conflicting` with the one kept of its kind, which
 * stays; or `foreign`, with our own key but not by us.
 */
export type Noted = 'new' | 'repeated' | 'conflicting' | 'foreign';

/** Keeps `vote` in its round. The caller has checked epoch, signer and bounds. */
export function noteVote(context: Context, round: Round, vote: Vote): Noted {
  const votes = votesOfKind(round, vote.subject.selector);
  const held = votes.get(vote.signer);
  if (held && held.subject.selector !== KIND.nullify && vote.subject.selector !== KIND.nullify) {
    if (equalProposals(held.subject.value, vote.subject.value)) return 'repeated';
  } else if (held) {
    return 'repeated';
  }
  if (isForeign(context, round, vote)) {
    context.effects.push({ kind: 'foreignVote', vote });
    return 'foreign';
  }
  reportFaults(context, round, vote);
  if (held) return 'conflicting';
  votes.set(vote.signer, vote);
  const { lastHeard } = context.state;
  if ((lastHeard[vote.signer] ?? 0) < round.view) lastHeard[vote.signer] = round.view;
  return 'new';
}

/** Whether a certificate's vote is the very one held. */
export function sameVote(held: Vote | undefined, vote: Vote): boolean {
  return held !== undefined && equalBytes(held.signature, vote.signature);
}

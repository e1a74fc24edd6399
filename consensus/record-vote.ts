/** Counting a vote, and forming the certificate when it completes a quorum. */
import { type View, type Weight, weight } from '../runtime/core/units.ts';
import { acceptCertificate, certificateOfKind } from './accept-certificate.ts';
import { certificateOf } from './certificate.ts';
import { weightOf } from './committee.ts';
import { type Context, type Round, roundAt, type Tally } from './engine.ts';
import { equalProposals, equalSubjects } from './evidence.ts';
import { KIND, type Proposal, type Vote } from './messages.ts';
import { type Noted, noteVote, votesOfKind } from './note-vote.ts';

function addTo(tallies: Tally[], proposal: Proposal, more: Weight): Weight {
  let tally = tallies.find((candidate) => equalProposals(candidate.proposal, proposal));
  if (!tally) {
    tally = { proposal, weight: weight(0n) };
    tallies.push(tally);
  }
  tally.weight = weight(tally.weight + more);
  return tally.weight;
}

/** Weight behind the vote's subject, this vote included. Cost: O(distinct proposals voted for). */
function addWeight(round: Round, vote: Vote, more: Weight): Weight {
  const { subject } = vote;
  switch (subject.selector) {
    case KIND.notarize:
      return addTo(round.notarizeTallies, subject.value, more);
    case KIND.nullify:
      round.nullifyWeight = weight(round.nullifyWeight + more);
      return round.nullifyWeight;
    case KIND.finalize:
      return addTo(round.finalizeTallies, subject.value, more);
  }
}

/** The caller has checked epoch, signer and bounds. */
export function recordVote(context: Context, vote: Vote): Noted {
  const { state } = context;
  const at: View = vote.subject.value.view;
  const round = roundAt(state, at);
  const noted = noteVote(context, round, vote);
  if (noted !== 'new') return noted;
  const total = addWeight(round, vote, weightOf(state.committee, vote.signer));
  const { selector } = vote.subject;
  if (total < state.committee.quorum || certificateOfKind(round, selector)) return noted;
  const votes = [...votesOfKind(round, selector).values()].filter((other) =>
    equalSubjects(other.subject, vote.subject),
  );
  acceptCertificate(context, certificateOf(vote.subject, votes));
  return noted;
}

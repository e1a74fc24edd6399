/**
 * A certificate that is new to this node, formed here or received: kept, written down, passed on
 * once, mined for evidence; then what it proves comes into force.
 *
 * Source: reference/consensus.md §1.4 ("On q Notarize", "On q Nullify", "On q Finalize").
 */
import { assert } from '../runtime/core/result.ts';
import { view } from '../runtime/core/units.ts';
import { castFinalize } from './cast.ts';
import { signersOf, votesOf } from './certificate.ts';
import {
  type Context,
  certifiedProposal,
  floorView,
  heldBlock,
  type Round,
  roundAt,
} from './engine.ts';
import { equalProposals } from './evidence.ts';
import { finalize } from './finalize.ts';
import { JOURNAL } from './journal.ts';
import { type Certificate, CONSENSUS_MESSAGE, KIND, type Kind } from './messages.ts';
import { noteVote, sameVote, votesOfKind } from './note-vote.ts';

export function certificateOfKind(round: Round, kind: Kind): Certificate | undefined {
  switch (kind) {
    case KIND.notarize:
      return round.notarization;
    case KIND.nullify:
      return round.nullification;
    case KIND.finalize:
      return round.finalization;
  }
}

/** Two quorums for different proposals of a view share a third of the weight that signed both. */
function assertNoFork(round: Round, certificate: Certificate): void {
  const { subject } = certificate;
  if (subject.selector === KIND.nullify) return;
  const other = certifiedProposal(round);
  assert(
    other === undefined || equalProposals(other, subject.value),
    `one proposal is certified in view ${round.view}: more than a third of the weight is faulty`,
  );
}

function keep(round: Round, certificate: Certificate): void {
  switch (certificate.subject.selector) {
    case KIND.notarize:
      round.notarization = certificate;
      return;
    case KIND.nullify:
      round.nullification = certificate;
      return;
    case KIND.finalize:
      round.finalization = certificate;
      return;
  }
}

function mineVotes(context: Context, round: Round, certificate: Certificate): void {
  const votes = votesOfKind(round, certificate.subject.selector);
  for (const vote of votesOf(certificate)) {
    if (!sameVote(votes.get(vote.signer), vote)) noteVote(context, round, vote);
  }
}

function passView(context: Context, round: Round): void {
  context.state.passed = view(Math.max(context.state.passed, round.view));
}

/**
 * The rule "certify": a notarized block whose body is held may be built on, ends its view, and gets
 * this node's finalize. A nullification of the view changes nothing about it: otherwise two groups
 * could refuse each other's parents for ever.
 */
export function certify(context: Context, round: Round): void {
  const { state, effects } = context;
  const proposal = certifiedProposal(round);
  const held = proposal && heldBlock(state, proposal.payload);
  if (!proposal || !held || round.certified) return;
  round.certified = true;
  held.view = view(Math.max(held.view, round.view));
  effects.push({
    kind: 'persist',
    durability: 'buffered',
    record: {
      selector: JOURNAL.certified,
      value: { view: round.view, payload: proposal.payload, epochLast: held.epochLast },
    },
  });
  passView(context, round);
  if (round.notarization) castFinalize(context, round, proposal);
}

/** Asks, once for each view, for the body of the block that a quorum vouches for. */
export function askBody(context: Context, round: Round): void {
  const certificate = round.finalization ?? round.notarization;
  const proposal = certifiedProposal(round);
  if (!certificate || !proposal || round.syncAsked) return;
  round.syncAsked = true;
  context.effects.push({
    kind: 'syncBody',
    view: round.view,
    payload: proposal.payload,
    signers: signersOf(certificate),
  });
}

/**
 * Takes a well-formed, verified certificate. Nothing happens if one of its kind is held for its
 * view. Throws when it proves a fork: the node must stop.
 */
export function acceptCertificate(context: Context, certificate: Certificate): void {
  const { state, effects } = context;
  const { selector } = certificate.subject;
  const at = certificate.subject.value.view;
  if (at < floorView(state)) return;
  const round = roundAt(state, at);
  if (certificateOfKind(round, selector)) return;
  mineVotes(context, round, certificate);
  assertNoFork(round, certificate);
  keep(round, certificate);
  const final = selector === KIND.finalize && at > state.lastFinalized.view;
  effects.push({
    kind: 'persist',
    record: { selector: JOURNAL.certificate, value: certificate },
    durability: final ? 'sync' : 'buffered',
  });
  // What is behind the current view came on request; only that node was missing it.
  if (final || at >= state.view) {
    const message = { selector: CONSENSUS_MESSAGE.certificate, value: certificate };
    effects.push({ kind: 'broadcast', message, view: at });
  }
  if (selector === KIND.nullify) {
    passView(context, round);
    return;
  }
  certify(context, round);
  if (selector === KIND.finalize) {
    passView(context, round);
    finalize(context, round, certificate);
  }
  if (!round.certified && at >= state.lastFinalized.view) askBody(context, round);
}

/** Messages of others: what is taken, what is refused, what is answered. */
import { blockHash } from '../runtime/block.ts';
import { equalBytes } from '../runtime/core/bytes.ts';
import { type View, view } from '../runtime/core/units.ts';
import { acceptCertificate } from './accept-certificate.ts';
import { helpStraggler } from './answer.ts';
import { LOOKAHEAD_VIEWS } from './bounds.ts';
import { checkCertificate } from './certificate.ts';
import { leader } from './committee.ts';
import type { RejectionCode } from './effect.ts';
import { type Context, roundAt, voteFloorView } from './engine.ts';
import { giveUp } from './enter-view.ts';
import type { InputBody } from './input.ts';
import { type Certificate, KIND, type ProposalMessage, type Vote } from './messages.ts';
import { recordVote } from './record-vote.ts';

function reject({ effects }: Context, code: RejectionCode, detail: string): void {
  effects.push({ kind: 'reject', code, detail });
}

/** Refuses votes of another epoch and of unknown signers. */
function ofCommittee(context: Context, vote: Vote): boolean {
  const { committee } = context.state;
  const { epoch } = vote.subject.value;
  if (epoch !== committee.epoch) reject(context, 'wrong_epoch', `${epoch}`);
  else if (vote.signer >= committee.weights.length) {
    reject(context, 'unknown_signer', `${vote.signer}`);
  } else return true;
  return false;
}

/** Refuses votes outside the views that are kept. */
function inWindow(context: Context, at: View): boolean {
  const { state } = context;
  if (at < voteFloorView(state)) reject(context, 'too_old', `view ${at}`);
  else if (at > state.view + LOOKAHEAD_VIEWS) {
    // Not kept, but it shows that this node is behind.
    state.fetch.ahead = view(state.view + LOOKAHEAD_VIEWS + 1);
    reject(context, 'too_new', `view ${at}`);
  } else return true;
  return false;
}

/** The rule "on the first notarize from the leader". */
export function onProposal(context: Context, message: ProposalMessage): void {
  const { state, now, effects } = context;
  const { vote, block } = message;
  const { subject } = vote;
  if (state.finished || !ofCommittee(context, vote)) return;
  if (
    subject.selector !== KIND.notarize ||
    subject.value.view === 0 ||
    vote.signer !== leader(state.committee, subject.value.view)
  ) {
    reject(context, 'not_leader', `validator ${vote.signer} in view ${subject.value.view}`);
    return;
  }
  const proposal = subject.value;
  if (!equalBytes(blockHash(block.header), proposal.payload)) {
    reject(context, 'payload_mismatch', `view ${proposal.view}`);
    return;
  }
  // Before the bounds: these are what brings a node forward that is behind.
  for (const certificate of message.certificates) onCertificate(context, certificate);
  if (state.finished || !inWindow(context, proposal.view)) return;
  const noted = recordVote(context, vote);
  if (noted === 'conflicting' || noted === 'foreign') return;
  const round = roundAt(state, proposal.view);
  if (round.slot || proposal.view < state.view) return;
  round.slot = { proposal, block, receivedAt: now, status: 'waiting' };
  if (proposal.view === state.view) effects.push({ kind: 'cancelTimer', timer: 'leader' });
}

export function onVote(context: Context, vote: Vote): void {
  const { state } = context;
  const at = vote.subject.value.view;
  if (!ofCommittee(context, vote)) return;
  if (state.finished) {
    helpStraggler(context, vote.signer, at);
    return;
  }
  if (!inWindow(context, at)) return;
  // Read before counting: the vote may itself end the view it is for.
  const current = state.view;
  recordVote(context, vote);
  if (state.finished) return;
  if (at > current + 1) state.fetch.ahead = view(Math.max(state.fetch.ahead, at));
  if (vote.subject.selector !== KIND.nullify || vote.signer === state.self) return;
  const isOver = state.passed >= current;
  if (at === current && !isOver && vote.signer === leader(state.committee, at)) giveUp(context);
  // A nullify of the view just left is late, unless it keeps coming.
  const settledMs = 2 * state.committee.pacing.deltaMs;
  if (at + 1 < current || (at < current && context.now - state.enteredAt >= settledMs)) {
    helpStraggler(context, vote.signer, at);
  }
}

export function onCertificate(context: Context, certificate: Certificate): void {
  const { state } = context;
  if (state.finished) return;
  const checked = checkCertificate(state.committee, certificate);
  if (!checked.ok) {
    const { code, detail } = checked.error;
    if (code === 'wrong_epoch') reject(context, 'wrong_epoch', detail);
    else reject(context, 'malformed_certificate', `${code}: ${detail}`);
    return;
  }
  acceptCertificate(context, certificate);
}

export function onHeard({ state }: Context, input: Extract<InputBody, { kind: 'heard' }>): void {
  const heard = state.lastHeard[input.signer];
  if (heard === undefined || input.view > state.view + LOOKAHEAD_VIEWS) return;
  state.lastHeard[input.signer] = view(Math.max(heard, input.view));
}

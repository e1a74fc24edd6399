/** The rules of a view's proposal: as its leader, and as a voter. */
import { equalBytes } from '../runtime/core/bytes.ts';
import { assert } from '../runtime/core/result.ts';
import { castNotarize } from './cast.ts';
import { leader } from './committee.ts';
import type { BlockRef } from './effect.ts';
import { type Context, heldBlock, type Round, roundAt, type Slot } from './engine.ts';
import { currentLeaderTimeoutMs, giveUp } from './enter-view.ts';
import { equalProposals } from './evidence.ts';
import { chooseParent, justification, justify } from './justify.ts';
import { CONSENSUS_MESSAGE, KIND, type Proposal, type Vote } from './messages.ts';

/** A quorum may not extend the epoch's last block: it is proposed again until it is final. */
function isReproposal(context: Context, parent: BlockRef): boolean {
  return heldBlock(context.state, parent.payload)?.epochLast ?? false;
}

/** As leader of the current view: ask for a block as soon as its parent is known, once. */
export function considerBuilding(context: Context): void {
  const { state, effects } = context;
  if (state.self === undefined || leader(state.committee, state.view) !== state.self) return;
  const round = roundAt(state, state.view);
  if (state.buildAsked || round.slot || round.own.nullify) return;
  const { notarize } = round.own;
  // Signed before a crash, perhaps never sent: this block or none.
  const choice = notarize ? justify(state, notarize) : chooseParent(state);
  if (choice.kind !== 'justified') return;
  const { parent } = choice;
  const again = notarize?.payload ?? (isReproposal(context, parent) ? parent.payload : undefined);
  state.buildAsked = true;
  effects.push({
    kind: 'buildBlock',
    view: state.view,
    parent,
    block: again ? { again } : 'new',
  });
}

/** The parent of the block that was asked for in the current view. */
function builtOn(context: Context, round: Round): BlockRef | undefined {
  const { state } = context;
  const { notarize } = round.own;
  const choice = notarize ? justify(state, notarize) : chooseParent(state);
  return choice.kind === 'justified' ? choice.parent : undefined;
}

/** The leader's own block is there: its notarize is the proposal. */
export function proposeBuilt(
  context: Context,
  built: Pick<Slot, 'block'> & { readonly payload: Uint8Array },
): void {
  const { state, now, effects } = context;
  const round = roundAt(state, state.view);
  const parent = builtOn(context, round);
  if (!parent || round.own.nullify || round.slot) return;
  const proposal: Proposal = {
    epoch: state.committee.epoch,
    view: state.view,
    parentView: parent.view,
    payload: built.payload,
  };
  assert(
    !round.own.notarize || equalProposals(round.own.notarize, proposal),
    'a view that was proposed in before a restart gets the same block again',
  );
  assert(
    isReproposal(context, parent) === equalBytes(parent.payload, built.payload),
    'a block is built anew unless its parent is the last of the epoch',
  );
  round.slot = { proposal, block: built.block, receivedAt: now, status: 'valid' };
  effects.push({ kind: 'cancelTimer', timer: 'leader' });
  const recovered = state.self === undefined ? undefined : round.notarizes.get(state.self);
  if (recovered) announce(context, round, recovered);
  else castNotarize(context, round, proposal);
}

/**
 * Sends an own vote that is durable. The leader's notarize carries its block and what justifies it;
 * afterwards the block is the driver's to keep.
 */
export function announce(context: Context, round: Round, vote: Vote): void {
  const { state, effects } = context;
  const { slot } = round;
  if (vote.subject.selector === KIND.notarize && slot?.block && slot.status === 'valid') {
    const value = { vote, block: slot.block, certificates: justification(state, slot.proposal) };
    slot.block = undefined;
    const message = { selector: CONSENSUS_MESSAGE.proposal, value };
    effects.push({ kind: 'broadcast', message, view: round.view });
    return;
  }
  const message = { selector: CONSENSUS_MESSAGE.vote, value: vote };
  effects.push({ kind: 'broadcast', message, view: round.view });
}

/** As voter: judge the current view's proposal as soon as its justification is complete. */
export function considerProposal(context: Context): void {
  const { state, effects } = context;
  const round = state.rounds.get(state.view);
  const slot = round?.slot;
  if (!round || !slot || slot.status !== 'waiting' || round.own.nullify) return;
  const { proposal, block } = slot;
  const justified = justify(state, proposal);
  if (justified.kind === 'missing' || justified.kind === 'pending') return;
  slot.block = undefined;
  if (justified.kind === 'invalid' || !block) {
    refuse(context, slot);
    return;
  }
  const { parent } = justified;
  const same = equalBytes(parent.payload, proposal.payload);
  if (isReproposal(context, parent) !== same) {
    refuse(context, slot);
    return;
  }
  if (same) {
    slot.status = 'valid';
    castNotarize(context, round, proposal);
    return;
  }
  slot.status = 'verifying';
  effects.push({
    kind: 'verifyBlock',
    view: round.view,
    proposal,
    parent,
    block,
    receivedAt: slot.receivedAt,
    leaderTimeoutMs: currentLeaderTimeoutMs(state),
  });
}

/** The rule "invalid": an immediate nullify. */
export function refuse(context: Context, slot: Slot): void {
  slot.status = 'invalid';
  if (slot.proposal.view === context.state.view) giveUp(context);
}

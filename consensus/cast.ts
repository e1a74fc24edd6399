/**
 * Asking the signer for votes. The only place where a vote is decided upon, so that an engine never
 * even asks for what the signer must refuse (`signer-window.ts` states the rules once more, for
 * itself). What was asked for counts from then on, whether or not the signature has come.
 */
import type { View } from '../runtime/core/units.ts';
import type { Context, Round } from './engine.ts';
import { equalProposals } from './evidence.ts';
import { KIND, type Proposal } from './messages.ts';

/** Notarize, once, unless this view was given up. */
export function castNotarize(context: Context, round: Round, proposal: Proposal): void {
  const { state, effects } = context;
  const { own } = round;
  if (state.self === undefined || own.nullify) return;
  if (own.notarize && !equalProposals(own.notarize, proposal)) return;
  if (own.notarize && round.notarizes.has(state.self)) return;
  own.notarize = proposal;
  effects.push({ kind: 'vote', subject: { selector: KIND.notarize, value: proposal } });
}

/**
 * Nullify, unless finalize was asked for. A repeated call asks again while the signature is missing:
 * the signer may have been out of reach.
 */
export function castNullify(context: Context, round: Round): void {
  const { state, effects } = context;
  if (state.self === undefined || round.own.finalize) return;
  if (round.nullifies.has(state.self)) return;
  round.own.nullify = true;
  const value = { epoch: state.committee.epoch, view: round.view };
  effects.push({ kind: 'vote', subject: { selector: KIND.nullify, value } });
}

/**
 * Finalize what a quorum notarized, unless this node gave the view up, saw its leader sign two
 * proposals, or notarized another one itself; or the view is already behind the last final one.
 */
export function castFinalize(context: Context, round: Round, proposal: Proposal): void {
  const { state, effects } = context;
  const { own } = round;
  if (state.self === undefined || own.nullify || own.finalize || round.equivocated) return;
  if (own.notarize && !equalProposals(own.notarize, proposal)) return;
  if (round.view <= state.lastFinalized.view) return;
  own.finalize = proposal;
  effects.push({ kind: 'vote', subject: { selector: KIND.finalize, value: proposal } });
}

/** Whether this node asked for, or signed, a nullify of `view`. */
export function gaveUp(context: Context, view: View): boolean {
  return context.state.rounds.get(view)?.own.nullify ?? false;
}

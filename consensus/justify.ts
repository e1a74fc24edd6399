/**
 * What a block may be built on: the parent rule, for leaders and for voters, and which certificates
 * are missing to apply it.
 *
 * A block of view v may extend view p if p's block is agreed and held, p is not below the last final
 * view, and every view between is nullified.
 */
import { type View, view } from '../runtime/core/units.ts';
import { MAX_PROPOSAL_CERTIFICATES } from '../runtime/limits.ts';
import type { BlockRef } from './effect.ts';
import { blockAt, type EngineState, isCertified, isNullified } from './engine.ts';
import type { Certificate, Proposal } from './messages.ts';

/**
 * `missing`: views `from` to `to` hold all whose certificates must be fetched first. `pending`: all
 * certificates are there, the parent's body is being fetched.
 */
export type Justification =
  | { readonly kind: 'justified'; readonly parent: BlockRef }
  | { readonly kind: 'missing'; readonly from: View; readonly to: View }
  | { readonly kind: 'pending' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Applies the parent rule to a proposal. Cost: O(view − parent view). */
export function justify(state: EngineState, proposal: Proposal): Justification {
  const { parentView } = proposal;
  if (parentView >= proposal.view) return { kind: 'invalid', reason: 'parent view not below' };
  if (parentView < state.lastFinalized.view) {
    return { kind: 'invalid', reason: 'parent view below the last final one' };
  }
  let from: View | undefined;
  let to = parentView;
  for (let u = parentView + 1; u < proposal.view; u++) {
    if (isNullified(state, view(u))) continue;
    from ??= view(u);
    to = view(u);
  }
  const parent = blockAt(state, parentView);
  if (!parent) return { kind: 'missing', from: parentView, to };
  if (from !== undefined) return { kind: 'missing', from, to };
  return isCertified(state, parentView) ? { kind: 'justified', parent } : { kind: 'pending' };
}

/**
 * The parent a leader of the current view builds on: the highest certified view with nothing but
 * nullified views above it. Cost: O(view − parent view).
 */
export function chooseParent(state: EngineState): Justification {
  for (let u = state.view - 1; u >= state.lastFinalized.view; u--) {
    const at = view(u);
    const parent = blockAt(state, at);
    if (parent && isCertified(state, at)) return { kind: 'justified', parent };
    if (isNullified(state, at)) continue;
    return parent ? { kind: 'pending' } : { kind: 'missing', from: at, to: at };
  }
  // Every view above the final one is nullified, and its body is not here yet.
  return { kind: 'pending' };
}

/**
 * Certificates that justify a proposal to one who has none: the parent's, then the nullifications
 * between, oldest first; as many as a message may carry. The rest can be fetched.
 */
export function justification(state: EngineState, proposal: Proposal): Certificate[] {
  const certificates: Certificate[] = [];
  const parent = state.rounds.get(proposal.parentView);
  const proof = parent?.finalization ?? parent?.notarization ?? finalizationAt(state, proposal);
  if (proof) certificates.push(proof);
  for (let u = proposal.parentView + 1; u < proposal.view; u++) {
    if (certificates.length === MAX_PROPOSAL_CERTIFICATES) break;
    const skipped = state.rounds.get(view(u))?.nullification;
    if (skipped) certificates.push(skipped);
  }
  return certificates;
}

function finalizationAt(state: EngineState, { parentView }: Proposal): Certificate | undefined {
  return parentView === state.lastFinalized.view ? state.lastFinalization : undefined;
}

/**
 * A finalization: its block and all ancestors are final.
 *
 * The chain is walked by the parent views of notarized proposals. A node that jumped here may not
 * know all of them; the driver then finds the rest by the headers' parent hashes.
 */
import { equalBytes, toHex } from '../runtime/core/bytes.ts';
import { assert } from '../runtime/core/result.ts';
import type { View } from '../runtime/core/units.ts';
import type { BlockRef } from './effect.ts';
import {
  type Context,
  certifiedProposal,
  type EngineState,
  floorView,
  heldBlock,
  type Round,
  sortedRounds,
} from './engine.ts';
import { TIMERS } from './input.ts';
import { type Certificate, KIND, type Proposal } from './messages.ts';

type Chain = {
  /** Oldest first; a block that was proposed again stands once, at its last view. */
  readonly blocks: BlockRef[];
  readonly views: ReadonlySet<View>;
  readonly linked: boolean;
};

/** Blocks from `tip` down to what is final. Cost: O(views between). */
function chainTo(state: EngineState, tip: Proposal): Chain {
  const blocks: BlockRef[] = [];
  const views = new Set<View>();
  let next: Proposal | undefined = tip;
  let below: View = tip.view;
  while (next && next.view > state.lastFinalized.view) {
    const child = blocks.at(-1);
    if (!child || !equalBytes(child.payload, next.payload)) {
      blocks.push({ view: next.view, payload: next.payload });
    }
    views.add(next.view);
    below = next.parentView;
    const round = state.rounds.get(below);
    next = round && certifiedProposal(round);
  }
  assert(
    below >= state.lastFinalized.view,
    `the final chain passes view ${state.lastFinalized.view}: more than a third of the weight is faulty`,
  );
  return { blocks: blocks.reverse(), views, linked: below === state.lastFinalized.view };
}

/** One certificate for each view that became final: of the block where used, of the skip elsewhere. */
function archiveOf(state: EngineState, chain: Chain, upTo: View): Certificate[] {
  const archive: Certificate[] = [];
  for (const round of sortedRounds(state)) {
    if (round.view <= state.lastFinalized.view || round.view > upTo) continue;
    const certificate = chain.views.has(round.view)
      ? (round.notarization ?? round.finalization)
      : (round.nullification ?? round.notarization);
    if (certificate) archive.push(certificate);
  }
  return archive;
}

function prune(state: EngineState): void {
  const floor = floorView(state);
  for (const at of [...state.rounds.keys()]) if (at < floor) state.rounds.delete(at);
  const tip = toHex(state.lastFinalized.payload);
  for (const [payload, held] of [...state.held]) {
    if (held.view < state.lastFinalized.view && payload !== tip) state.held.delete(payload);
  }
}

/** `certificate` is `round.finalization`, persisted; acts only if it is above what was final. */
export function finalize(context: Context, round: Round, certificate: Certificate): void {
  const { state, now, effects } = context;
  const { subject } = certificate;
  if (subject.selector !== KIND.finalize || round.view <= state.lastFinalized.view) return;
  const proposal = subject.value;
  const chain = chainTo(state, proposal);
  const archive = archiveOf(state, chain, round.view);
  state.lastFinalized = { view: round.view, payload: proposal.payload };
  state.lastFinalization = certificate;
  state.lastFinalizedAt = now;
  prune(state);
  effects.push({
    kind: 'finalized',
    view: round.view,
    payload: proposal.payload,
    certificate,
    chain: chain.blocks,
    linked: chain.linked,
    archive,
    floor: floorView(state),
  });
  finishEpoch(context);
}

/** If the last final block is held and is the epoch's last, the engine's work is done. */
export function finishEpoch(context: Context): void {
  const { state, effects } = context;
  const certificate = state.lastFinalization;
  if (state.finished || !certificate) return;
  if (!heldBlock(state, state.lastFinalized.payload)?.epochLast) return;
  state.finished = true;
  for (const timer of TIMERS) effects.push({ kind: 'cancelTimer', timer });
  effects.push({ kind: 'epochFinished', payload: state.lastFinalized.payload, certificate });
}

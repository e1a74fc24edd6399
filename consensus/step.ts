/**
 * Simplex as a pure state machine: one engine for one epoch.
 *
 * Source: Chan and Pass, "Simplex Consensus" (2023); design/chain.md §3 and §4;
 * reference/consensus.md §1. The protocol in one view v, with quorum q = ⌊2W/3⌋ + 1 of the weight:
 *
 *   leader ── notarize (the proposal) ──► all ── notarize ──► all ── finalize ──► all
 *                                          │                   │                   │
 *                                          │            q: notarization,     q: finalization:
 *                                          │            enter v + 1          block and ancestors final
 *                                          └─ time out, or proposal invalid: nullify ─► q: enter v + 1
 *
 * Safety: in a view with a finalization, more than a third of the honest weight never nullified it
 * and notarized nothing else, so no other notarization and no nullification of it can exist, and
 * later blocks must extend it. Liveness: timeouts that grow, and certificates that are passed on.
 *
 * Differences from the paper: finalize is withheld if the leader was seen to sign twice; a view ends
 * by its notarization only when the body is held (availability); missing certificates are fetched,
 * never held against a proposal; an inactive leader is skipped at once.
 *
 * `step` changes the state it is given, which its driver owns, and returns it. An input first
 * records what is new, then `advance` draws the conclusions, in one fixed order.
 */
import { assert, unreachable } from '../runtime/core/result.ts';
import type { Effect } from './effect.ts';
import type { Context, EngineState } from './engine.ts';
import { enterNextView, giveUp } from './enter-view.ts';
import { considerFetching } from './fetch.ts';
import type { Input, InputBody } from './input.ts';
import { onBuilt, onHeld, onSigned, onVerdict } from './on-answer.ts';
import { onCertificate, onHeard, onProposal, onVote } from './on-message.ts';
import { onStart } from './on-start.ts';
import { onTimer } from './on-timer.ts';
import { considerBuilding, considerProposal } from './propose.ts';

export type Step = { readonly state: EngineState; readonly effects: readonly Effect[] };

/**
 * Takes one input. The effects are the driver's to carry out, in order, before those of the next
 * step. Throws `InvariantViolation` when the quorum assumption is broken (a fork) or the driver
 * breaks its contract; the node must then stop voting.
 * Cost: O(1) for a vote, O(validators) for a certificate, O(views since the last final) for gaps.
 */
export function step(state: EngineState, input: Input): Step {
  const context: Context = { state, now: input.now, effects: [] };
  assert(state.started !== (input.kind === 'start'), 'start is the first input and comes once');
  record(context, input);
  advance(context);
  return { state, effects: context.effects };
}

/** Everything that follows from what is known, in the order in which it must leave. */
function advance(context: Context): void {
  const { state } = context;
  if (state.finished) return;
  if (state.passed >= state.view) enterNextView(context);
  considerProposal(context);
  considerBuilding(context);
  considerFetching(context);
}

function record(context: Context, input: InputBody): void {
  switch (input.kind) {
    case 'start':
      onStart(context);
      return;
    case 'proposal':
      onProposal(context, input.message);
      return;
    case 'vote':
      onVote(context, input.vote);
      return;
    case 'certificate':
      onCertificate(context, input.certificate);
      return;
    case 'heard':
      onHeard(context, input);
      return;
    case 'timer':
      onTimer(context, input);
      return;
    case 'verdict':
      onVerdict(context, input);
      return;
    case 'built':
      onBuilt(context, input);
      return;
    case 'cannotBuild':
      if (input.view === context.state.view) giveUp(context);
      return;
    case 'held':
      onHeld(context, input);
      return;
    case 'signed':
      onSigned(context, input);
      return;
    case 'refused':
      // A nullify is asked for again by the retry timer; the others belong to their moment.
      return;
    default:
      unreachable(input);
  }
}

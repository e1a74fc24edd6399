/** The first input: timers, and after a restart what may not have left or arrived before. */
import { askBody } from './accept-certificate.ts';
import { type Context, certifiedProposal, sortedRounds } from './engine.ts';
import { beginView } from './enter-view.ts';
import { finishEpoch } from './finalize.ts';
import { CONSENSUS_MESSAGE } from './messages.ts';
import { standstillMs } from './timeouts.ts';

/** After a restart: timers, own votes that may never have left, bodies that were being fetched. */
export function onStart(context: Context): void {
  const { state, now, effects } = context;
  state.started = true;
  state.lastFinalizedAt = now;
  finishEpoch(context);
  if (state.finished) return;
  const delayMs = standstillMs(state.committee.pacing);
  effects.push({ kind: 'armTimer', timer: 'standstill', view: state.view, delayMs });
  for (const round of sortedRounds(state)) {
    if (round.view < state.lastFinalized.view) continue;
    if (!round.certified && certifiedProposal(round)) askBody(context, round);
    if (state.self === undefined || round.view + 1 < state.view) continue;
    for (const votes of [round.notarizes, round.nullifies, round.finalizes]) {
      const value = votes.get(state.self);
      if (!value) continue;
      const message = { selector: CONSENSUS_MESSAGE.vote, value };
      effects.push({ kind: 'broadcast', message, view: round.view });
    }
  }
  beginView(context);
}

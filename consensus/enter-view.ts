/** The rule "enter v": timers, and what is already known about the view. */
import { type View, view } from '../runtime/core/units.ts';
import { INACTIVE_VIEWS } from './bounds.ts';
import { castNullify } from './cast.ts';
import { leader } from './committee.ts';
import { type Context, type EngineState, forgetOldVotes, roundAt } from './engine.ts';
import { type Certificate, CONSENSUS_MESSAGE, type ConsensusMessage } from './messages.ts';
import { certifyTimeoutMs, leaderTimeoutMs, retryMs } from './timeouts.ts';

export function certificateMessage(certificate: Certificate): ConsensusMessage {
  return { selector: CONSENSUS_MESSAGE.certificate, value: certificate };
}

/** The best certificate that lets others enter this node's view: none in view 1. */
export function entryCertificate(state: EngineState): Certificate | undefined {
  const before = state.rounds.get(view(state.view - 1));
  return before?.finalization ?? before?.nullification ?? before?.notarization;
}

/** The leader timeout of the current view. */
export function currentLeaderTimeoutMs(state: EngineState): number {
  return leaderTimeoutMs(state.committee.pacing, state.view - state.lastFinalized.view);
}

/**
 * Whether `at`'s leader was silent for long while a quorum, this node included, was not. A restarted
 * node gives everyone the benefit of the doubt for as long.
 */
export function leaderInactive(state: EngineState, at: View): boolean {
  const { committee, lastHeard, self } = state;
  const since = at - Math.max(INACTIVE_VIEWS, committee.weights.length);
  const slow = leader(committee, at);
  if (slow === self || since <= 0 || (lastHeard[slow] ?? 0) >= since) return false;
  let active = 0n;
  for (let i = 0; i < lastHeard.length; i++) {
    if (i === self || (lastHeard[i] ?? 0) >= since) active += committee.weights[i] ?? 0n;
  }
  return active >= committee.quorum;
}

/** Gives the current view up, unless finalize was asked for in it; says so again until it is over. */
export function giveUp(context: Context): void {
  const { state, effects } = context;
  if (state.self === undefined) return;
  const round = roundAt(state, state.view);
  if (round.own.nullify) return;
  castNullify(context, round);
  if (!round.own.nullify) return;
  effects.push({ kind: 'cancelTimer', timer: 'leader' });
  effects.push({ kind: 'cancelTimer', timer: 'certify' });
  armRetry(context);
}

export function armRetry({ state, effects }: Context): void {
  const delayMs = retryMs(state.committee.pacing);
  effects.push({ kind: 'armTimer', timer: 'retry', view: state.view, delayMs });
}

/** Timers of the current view, and the reasons to give it up at once. */
export function beginView(context: Context): void {
  const { state, now, effects } = context;
  const { pacing } = state.committee;
  const round = roundAt(state, state.view);
  const leaderMs = currentLeaderTimeoutMs(state);
  const viewLeader = leader(state.committee, state.view);
  state.buildAsked = false;
  state.enteredAt = now;
  effects.push({
    kind: 'enterView',
    view: state.view,
    leader: viewLeader,
    leaderTimeoutMs: leaderMs,
  });
  if (state.self === undefined) return;
  effects.push({ kind: 'cancelTimer', timer: 'retry' });
  if (round.own.nullify) {
    // Recovered: the nullify may never have left.
    armRetry(context);
    return;
  }
  if (round.slot || round.notarization) effects.push({ kind: 'cancelTimer', timer: 'leader' });
  else effects.push({ kind: 'armTimer', timer: 'leader', view: state.view, delayMs: leaderMs });
  const delayMs = certifyTimeoutMs(pacing, state.view - state.lastFinalized.view);
  effects.push({ kind: 'armTimer', timer: 'certify', view: state.view, delayMs });
  if (round.nullifies.has(viewLeader) || leaderInactive(state, state.view)) giveUp(context);
}

/** Enters the view after the last one that is over. Views are only ever entered upward. */
export function enterNextView(context: Context): void {
  context.state.view = view(context.state.passed + 1);
  forgetOldVotes(context.state);
  beginView(context);
}

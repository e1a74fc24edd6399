/**
 * Filling gaps: certificates that others have and this node needs. What blocks the current view is
 * asked for at once, of its leader; other gaps after a moment, since their certificates are usually
 * on the way. One request at a time; the `fetch` timer looks again and asks another peer.
 */
import { type ValidatorIndex, type View, validatorIndex, view } from '../runtime/core/units.ts';
import { leader } from './committee.ts';
import { blockAt, type Context, type EngineState, isNullified } from './engine.ts';
import { chooseParent, justify } from './justify.ts';
import { fetchMs } from './timeouts.ts';

type Gap = { readonly from: View; readonly to: View };

/** Views whose certificates keep this node from voting or proposing in the current view. */
function urgentGap(state: EngineState): Gap | undefined {
  const slot = state.rounds.get(state.view)?.slot;
  const isLeader = leader(state.committee, state.view) === state.self;
  const needed =
    slot?.status === 'waiting'
      ? justify(state, slot.proposal)
      : isLeader && !slot
        ? chooseParent(state)
        : undefined;
  if (needed?.kind !== 'missing') return undefined;
  return { from: needed.from, to: needed.to };
}

/** Views that ended without this node knowing how, up to those it heard others vote in. */
function quietGap(state: EngineState): Gap | undefined {
  let from: View | undefined;
  let to = state.view;
  for (let u = state.lastFinalized.view + 1; u < state.view; u++) {
    const at = view(u);
    if (isNullified(state, at) || blockAt(state, at)) continue;
    from ??= at;
    to = at;
  }
  const { ahead } = state.fetch;
  if (ahead > state.view + 1) {
    from ??= state.view;
    to = view(ahead - 1);
  }
  return from === undefined ? undefined : { from, to };
}

/** Peers in turn, beginning after this node: the same for the same state. */
function nextPeer(state: EngineState): ValidatorIndex {
  const count = state.committee.weights.length;
  const start = state.self ?? 0;
  const step = count > 1 ? 1 + (state.fetch.attempts % (count - 1)) : 0;
  return validatorIndex((start + step) % count);
}

/** Asks for all that is missing, in one range. */
function request(
  context: Context,
  gaps: { urgent: Gap | undefined; quiet: Gap | undefined },
): void {
  const { state, effects } = context;
  const { fetch } = state;
  const all = [gaps.urgent, gaps.quiet].filter((gap) => gap !== undefined);
  const from = view(Math.min(...all.map((gap) => gap.from)));
  const to = view(Math.max(...all.map((gap) => gap.to)));
  if (fetch.askedIn !== state.view) fetch.attempts = 0;
  const viewLeader = leader(state.committee, state.view);
  const ofLeader = gaps.urgent && fetch.attempts === 0 && viewLeader !== state.self;
  const prefer = ofLeader ? viewLeader : nextPeer(state);
  effects.push({ kind: 'requestCertificates', from, to, prefer });
  fetch.attempts += 1;
  fetch.askedIn = state.view;
  fetch.ahead = view(0);
}

function arm({ state, effects }: Context): void {
  state.fetch.armed = true;
  const delayMs = fetchMs(state.committee.pacing);
  effects.push({ kind: 'armTimer', timer: 'fetch', view: state.view, delayMs });
}

/** Asks for what is missing, or sets the timer to look again. Cost: O(views since the last final). */
export function considerFetching(context: Context): void {
  const { state } = context;
  const { fetch } = state;
  const urgent = urgentGap(state);
  if (urgent && !(fetch.armed && fetch.askedIn === state.view)) {
    request(context, { urgent, quiet: quietGap(state) });
    arm(context);
  } else if (!fetch.armed && quietGap(state)) arm(context);
}

/** The `fetch` timer fired: ask, again if need be, or stop. */
export function continueFetching(context: Context): void {
  const { state } = context;
  state.fetch.armed = false;
  const urgent = urgentGap(state);
  const quiet = quietGap(state);
  if (!urgent && !quiet) return;
  request(context, { urgent, quiet });
  arm(context);
}

/** Timers. One that belongs to an earlier view means nothing. */
import { sayAgain } from './answer.ts';
import { castNullify } from './cast.ts';
import { type Context, roundAt } from './engine.ts';
import { armRetry, certificateMessage, entryCertificate, giveUp } from './enter-view.ts';
import { continueFetching } from './fetch.ts';
import type { Timer } from './input.ts';
import { CONSENSUS_MESSAGE } from './messages.ts';
import { standstillMs } from './timeouts.ts';

export function onTimer(
  context: Context,
  input: { readonly timer: Timer; readonly view: number },
): void {
  const { state, effects } = context;
  if (state.finished) return;
  switch (input.timer) {
    case 'leader':
      if (input.view === state.view && !state.rounds.get(state.view)?.slot) giveUp(context);
      return;
    case 'certify':
      if (input.view === state.view) giveUp(context);
      return;
    case 'retry':
      if (input.view === state.view) retry(context);
      return;
    case 'fetch':
      continueFetching(context);
      return;
    case 'standstill': {
      const limitMs = standstillMs(state.committee.pacing);
      const quietMs = context.now - state.lastFinalizedAt;
      if (quietMs >= limitMs) sayAgain(context);
      const delayMs = quietMs >= limitMs ? limitMs : limitMs - quietMs;
      effects.push({ kind: 'armTimer', timer: 'standstill', view: state.view, delayMs });
    }
  }
}

/** Still in a view that was given up: remind the others of it, and of how they get here. */
function retry(context: Context): void {
  const { state, effects } = context;
  if (state.self === undefined) return;
  const round = roundAt(state, state.view);
  const own = round.nullifies.get(state.self);
  if (own) {
    const message = { selector: CONSENSUS_MESSAGE.vote, value: own };
    effects.push({ kind: 'broadcast', message, view: state.view });
  } else castNullify(context, round);
  const entry = entryCertificate(state);
  if (entry) {
    const message = certificateMessage(entry);
    effects.push({ kind: 'broadcast', message, view: entry.subject.value.view });
  }
  armRetry(context);
}

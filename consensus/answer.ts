/**
 * Certificates for others: for requests, for stragglers, and for everyone when nothing becomes final.
 */
import { type ValidatorIndex, type View, view } from '../runtime/core/units.ts';
import { MAX_STANDSTILL_MESSAGES } from './bounds.ts';
import { type Context, type EngineState, type Round, sortedRounds } from './engine.ts';
import { certificateMessage, entryCertificate } from './enter-view.ts';
import { type Certificate, CONSENSUS_MESSAGE, type ConsensusMessage } from './messages.ts';

function certificatesOf(round: Round): Certificate[] {
  const all = [round.finalization, round.notarization, round.nullification];
  return all.filter((certificate) => certificate !== undefined);
}

/**
 * The answer to a request for certificates: the latest finalization, then all of the views `from` to
 * `to` that are still kept, ascending; at most `limit`.
 */
export function certificatesBetween(
  state: EngineState,
  range: { readonly from: View; readonly to: View; readonly limit: number },
): Certificate[] {
  const latest = state.lastFinalization;
  const found = latest ? [latest] : [];
  for (const round of sortedRounds(state)) {
    if (round.view < range.from || round.view > range.to) continue;
    found.push(...certificatesOf(round).filter((certificate) => certificate !== latest));
  }
  return found.slice(0, range.limit);
}

/** Sends one validator that is in an earlier view what lets it follow. */
export function helpStraggler(context: Context, to: ValidatorIndex, at: View): void {
  const { state, effects } = context;
  const final = state.lastFinalization;
  const entry = entryCertificate(state);
  const certificates = state.finished || state.lastFinalized.view >= at ? [final] : [];
  if (!state.finished && entry !== final) certificates.push(entry);
  for (const certificate of certificates) {
    if (!certificate) continue;
    const message = certificateMessage(certificate);
    effects.push({ kind: 'send', to, message, view: certificate.subject.value.view });
  }
}

/** Certificates and own votes of a round, as messages. */
function messagesOf(state: EngineState, round: Round): ConsensusMessage[] {
  const messages = certificatesOf(round).map(certificateMessage);
  if (state.self === undefined) return messages;
  for (const votes of [round.notarizes, round.nullifies, round.finalizes]) {
    const value = votes.get(state.self);
    if (value) messages.push({ selector: CONSENSUS_MESSAGE.vote, value });
  }
  return messages;
}

/**
 * The rule "standstill": the latest finalization, then certificates and own votes of the views above
 * it, at most MAX_STANDSTILL_MESSAGES; the next call goes on where this one stopped, and then begins
 * again. Without the bound the traffic of a long standstill would itself keep the network down.
 */
export function sayAgain(context: Context): void {
  const { state, effects } = context;
  const final = state.lastFinalization;
  if (final) {
    effects.push({
      kind: 'broadcast',
      message: certificateMessage(final),
      view: state.lastFinalized.view,
    });
  }
  const above = sortedRounds(state).filter((round) => round.view > state.lastFinalized.view);
  const rest = above.filter((round) => round.view >= state.standstillCursor);
  let sent = final ? 1 : 0;
  state.standstillCursor = view(0);
  for (const round of rest.length > 0 ? rest : above) {
    const messages = messagesOf(state, round);
    if (sent + messages.length > MAX_STANDSTILL_MESSAGES) {
      state.standstillCursor = round.view;
      return;
    }
    for (const message of messages) effects.push({ kind: 'broadcast', message, view: round.view });
    sent += messages.length;
  }
}

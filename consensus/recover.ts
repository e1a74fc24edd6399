/**
 * An engine from its journal.
 *
 * The result depends on the set of records, not on their order: resuming from "the last record
 * written" instead of from all of them is how others came to propose twice. The recovered view is
 * above every view that is over and not below any view this node voted in. The first input, `start`,
 * arms fresh timers and repeats own votes that may never have left.
 */
import { toHex } from '../runtime/core/bytes.ts';
import { unreachable } from '../runtime/core/result.ts';
import { view } from '../runtime/core/units.ts';
import {
  certifiedProposal,
  createEngine,
  type EngineConfig,
  type EngineState,
  floorView,
  heldBlock,
  roundAt,
  sortedRounds,
} from './engine.ts';
import { JOURNAL, type JournalRecord } from './journal.ts';
import { type Certificate, KIND, type Vote } from './messages.ts';
import { votesOfKind } from './note-vote.ts';

function takeFinal(state: EngineState, certificate: Certificate): void {
  const { subject } = certificate;
  if (subject.selector !== KIND.finalize || subject.value.view <= state.lastFinalized.view) return;
  state.lastFinalized = { view: subject.value.view, payload: subject.value.payload };
  state.lastFinalization = certificate;
}

function takeCertificate(state: EngineState, certificate: Certificate): void {
  const { subject } = certificate;
  const round = roundAt(state, subject.value.view);
  switch (subject.selector) {
    case KIND.notarize:
      round.notarization ??= certificate;
      return;
    case KIND.nullify:
      round.nullification ??= certificate;
      return;
    case KIND.finalize:
      round.finalization ??= certificate;
      return;
    default:
      unreachable(subject);
  }
}

function takeVote(state: EngineState, vote: Vote): void {
  if (vote.signer !== state.self) return;
  const round = roundAt(state, vote.subject.value.view);
  const { subject } = vote;
  votesOfKind(round, subject.selector).set(vote.signer, vote);
  switch (subject.selector) {
    case KIND.notarize:
      round.own.notarize = subject.value;
      return;
    case KIND.nullify:
      round.own.nullify = true;
      return;
    case KIND.finalize:
      round.own.finalize = subject.value;
      return;
    default:
      unreachable(subject);
  }
}

/** Counts the recovered own votes, so that late votes of others can still complete a quorum. */
function countOwnVotes(state: EngineState): void {
  if (state.self === undefined) return;
  const own = state.committee.weights[state.self];
  if (own === undefined) return;
  for (const round of state.rounds.values()) {
    if (round.nullifies.has(state.self)) round.nullifyWeight = own;
    const { notarize, finalize } = round.own;
    if (notarize) round.notarizeTallies.push({ proposal: notarize, weight: own });
    if (finalize) round.finalizeTallies.push({ proposal: finalize, weight: own });
  }
}

/**
 * The engine that wrote `records` (those of other epochs left out by the caller), as of its last
 * synced write. Records below the floor of the last finalization are ignored.
 */
export function recover(config: EngineConfig, records: Iterable<JournalRecord>): EngineState {
  const state = createEngine(config);
  const all = [...records];
  for (const { selector, value } of all) {
    if (selector === JOURNAL.certificate) takeFinal(state, value);
  }
  const floor = floorView(state);
  for (const record of all) {
    switch (record.selector) {
      case JOURNAL.vote:
        if (record.value.subject.value.view >= floor) takeVote(state, record.value);
        break;
      case JOURNAL.certificate:
        if (record.value.subject.value.view >= floor) takeCertificate(state, record.value);
        break;
      case JOURNAL.certified:
        if (record.value.view >= state.lastFinalized.view) {
          const { payload, epochLast } = record.value;
          state.held.set(toHex(payload), { view: record.value.view, epochLast });
        }
        break;
      default:
        return unreachable(record);
    }
  }
  countOwnVotes(state);
  let passed = state.lastFinalized.view;
  let voted = view(0);
  for (const round of sortedRounds(state)) {
    const proposal = certifiedProposal(round);
    round.certified = proposal !== undefined && heldBlock(state, proposal.payload) !== undefined;
    const over = round.certified || round.nullification || round.finalization;
    if (over && round.view > passed) passed = round.view;
    if (round.own.notarize || round.own.nullify || round.own.finalize) voted = round.view;
  }
  state.passed = passed;
  state.view = view(Math.max(passed + 1, voted));
  state.lastHeard.fill(state.view);
  return state;
}

/** The driver's answers to `verifyBlock`, `buildBlock`, `syncBody` and `vote`. */
import { blockHash } from '../runtime/block.ts';
import { equalBytes, toHex } from '../runtime/core/bytes.ts';
import { assert } from '../runtime/core/result.ts';
import type { View } from '../runtime/core/units.ts';
import { certify } from './accept-certificate.ts';
import { castNotarize } from './cast.ts';
import { type Context, certifiedProposal, floorView, roundAt, sortedRounds } from './engine.ts';
import { finishEpoch } from './finalize.ts';
import type { InputBody } from './input.ts';
import { announce, proposeBuilt, refuse } from './propose.ts';
import { recordVote } from './record-vote.ts';

type Answer<K extends InputBody['kind']> = Extract<InputBody, { kind: K }>;

/** Header and body of a block are on disk: whatever view agreed on it may be built on. */
function markHeld(
  context: Context,
  block: { readonly view: View; readonly payload: Uint8Array; readonly epochLast: boolean },
): void {
  const { state } = context;
  const isTip = equalBytes(block.payload, state.lastFinalized.payload);
  if (block.view < state.lastFinalized.view && !isTip) return;
  const key = toHex(block.payload);
  if (!state.held.has(key)) {
    state.held.set(key, { view: block.view, epochLast: block.epochLast });
  }
  for (const round of sortedRounds(state)) {
    const proposal = certifiedProposal(round);
    if (proposal && equalBytes(proposal.payload, block.payload)) certify(context, round);
  }
  finishEpoch(context);
}

export function onVerdict(context: Context, input: Answer<'verdict'>): void {
  const { state } = context;
  const { verdict } = input;
  const round = state.rounds.get(input.view);
  const slot = round?.slot;
  if (state.finished || !round || slot?.status !== 'verifying') return;
  if (!equalBytes(slot.proposal.payload, input.payload)) return;
  switch (verdict.kind) {
    case 'notYet':
      return;
    case 'invalid':
      refuse(context, slot);
      return;
    case 'valid':
      slot.status = 'valid';
      if (round.view === state.view) castNotarize(context, round, slot.proposal);
      markHeld(context, { ...input, epochLast: verdict.epochLast });
  }
}

export function onBuilt(context: Context, input: Answer<'built'>): void {
  const { state } = context;
  if (state.finished || input.view !== state.view || !state.buildAsked) return;
  assert(
    equalBytes(blockHash(input.block.header), input.payload),
    'the payload of a built block is the hash of its header',
  );
  proposeBuilt(context, input);
  markHeld(context, input);
}

export function onHeld(context: Context, input: Answer<'held'>): void {
  if (!context.state.finished) markHeld(context, input);
}

/** The vote is durable: it may leave, and counts. A leader's notarize leaves as its proposal. */
export function onSigned(context: Context, { vote }: Answer<'signed'>): void {
  const { state } = context;
  const at = vote.subject.value.view;
  if (state.finished || at < floorView(state)) return;
  announce(context, roundAt(state, at), vote);
  recordVote(context, vote);
}

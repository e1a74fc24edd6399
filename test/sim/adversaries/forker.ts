/** As a leader builds on an older block than it should, as if the views between had been skipped. */
import { CONSENSUS_MESSAGE, type ConsensusMessage, KIND } from '../../../consensus/messages.ts';
import { blockHash, type Header } from '../../../runtime/block.ts';
import { height, timestampMs, type View } from '../../../runtime/core/units.ts';
import { type Adversary, proposalMessage } from './adversary.ts';

/** Proposals remembered. */
const MEMORY = 16;

export const forker: Adversary = (context) => {
  const seen: { readonly view: View; readonly payload: Uint8Array; readonly header: Header }[] = [];
  const forked = new WeakMap<ConsensusMessage, ConsensusMessage>();
  const fork = (message: ConsensusMessage): ConsensusMessage => {
    if (message.selector !== CONSENSUS_MESSAGE.proposal) return message;
    const { vote, block } = message.value;
    const { subject } = vote;
    if (subject.selector === KIND.nullify) return message;
    const { epoch, view, parentView } = subject.value;
    const parent = seen.findLast(
      (one) => one.view < parentView && one.header.epoch === epoch && context.prng.chance(0.7),
    );
    if (!parent) return message;
    const header: Header = {
      ...block.header,
      parent: parent.payload,
      height: height(parent.header.height + 1),
      timestamp: timestampMs(Math.max(block.header.timestamp, parent.header.timestamp + 1)),
    };
    const value = { epoch, view, parentView: parent.view, payload: blockHash(header) };
    const signed = context.sign({ selector: KIND.notarize, value });
    if (!signed) return message;
    const proposal = { ...message.value, vote: signed, block: { ...block, header } };
    return proposalMessage(proposal);
  };
  return {
    incoming(_from, message) {
      if (message.selector !== CONSENSUS_MESSAGE.proposal) return true;
      const { vote, block } = message.value;
      const { subject } = vote;
      if (subject.selector === KIND.nullify) return true;
      const { view, payload } = subject.value;
      seen.push({ view, payload, header: block.header });
      if (seen.length > MEMORY) seen.shift();
      return true;
    },
    outgoing(_to, message) {
      const known = forked.get(message) ?? fork(message);
      forked.set(message, known);
      return [known];
    },
  };
};

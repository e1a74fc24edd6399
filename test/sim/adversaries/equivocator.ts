/** Proposes two blocks in a view, one to each half; votes for two proposals and nullifies besides. */
import { CONSENSUS_MESSAGE, type ConsensusMessage, KIND } from '../../../consensus/messages.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import { timestampMs } from '../../../runtime/core/units.ts';
import {
  type Adversary,
  type AdversaryContext,
  proposalMessage,
  proposalOf,
  voteMessage,
} from './adversary.ts';

/** What the other half hears instead. */
function otherOf(context: AdversaryContext, message: ConsensusMessage): ConsensusMessage {
  if (message.selector === CONSENSUS_MESSAGE.proposal) {
    const { header } = message.value.block;
    const other = { ...header, timestamp: timestampMs(header.timestamp + 1) };
    const twin = proposalOf(context, message.value, other);
    return twin ? proposalMessage(twin) : message;
  }
  if (message.selector !== CONSENSUS_MESSAGE.vote) return message;
  const { subject } = message.value;
  if (subject.selector === KIND.notarize) {
    const value = { ...subject.value, payload: sha256(subject.value.payload) };
    const vote = context.sign({ selector: KIND.notarize, value });
    return vote ? voteMessage(vote) : message;
  }
  if (subject.selector === KIND.finalize) {
    const { epoch, view } = subject.value;
    const vote = context.sign({ selector: KIND.nullify, value: { epoch, view } });
    return vote ? voteMessage(vote) : message;
  }
  return message;
}

export const equivocator: Adversary = (context) => {
  const others = new WeakMap<ConsensusMessage, ConsensusMessage>();
  const salt = context.prng.between(0, 1);
  return {
    outgoing(to, message) {
      if ((to + salt) % 2 === 0) return [message];
      const other = others.get(message) ?? otherOf(context, message);
      others.set(message, other);
      // Some hear both, and can prove it.
      return context.prng.chance(0.1) ? [message, other] : [other];
    },
  };
};

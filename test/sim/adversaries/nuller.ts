/** Nullifies every view at once, and never votes for a block. */
import { CONSENSUS_MESSAGE, type ConsensusMessage, KIND } from '../../../consensus/messages.ts';
import { type Adversary, voteIn, voteMessage } from './adversary.ts';

export const nuller: Adversary = (context) => {
  const replaced = new WeakMap<ConsensusMessage, readonly ConsensusMessage[]>();
  const replace = (message: ConsensusMessage): readonly ConsensusMessage[] => {
    const subject = voteIn(message)?.subject;
    if (!subject || subject.selector === KIND.nullify) return [message];
    const { epoch, view } = subject.value;
    const vote = context.sign({ selector: KIND.nullify, value: { epoch, view } });
    const nullify = vote ? [voteMessage(vote)] : [];
    // As a leader it still proposes: the view may end either way.
    return message.selector === CONSENSUS_MESSAGE.proposal ? [message, ...nullify] : nullify;
  };
  return {
    outgoing(_to, message) {
      const known = replaced.get(message) ?? replace(message);
      replaced.set(message, known);
      return known;
    },
  };
};

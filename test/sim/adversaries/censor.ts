/**
 * Silences one victim: does not speak to it, does not hear it, and proposes blocks without a body
 * whenever there was something to put in.
 */
import { CONSENSUS_MESSAGE, type ConsensusMessage } from '../../../consensus/messages.ts';
import { transactionsRoot } from '../../../runtime/block.ts';
import { type Adversary, proposalMessage, proposalOf } from './adversary.ts';

export const censor: Adversary = (context) => {
  const victim = context.prng.between(0, context.machines - 1);
  const emptied = new WeakMap<ConsensusMessage, ConsensusMessage>();
  const empty = (message: ConsensusMessage): ConsensusMessage => {
    if (message.selector !== CONSENSUS_MESSAGE.proposal) return message;
    const { header, wireIds } = message.value.block;
    if (wireIds.length === 0) return message;
    const bare = { ...header, transactionsRoot: transactionsRoot([]) };
    const proposal = proposalOf(context, message.value, bare, []);
    return proposal ? proposalMessage(proposal) : message;
  };
  return {
    outgoing(to, message) {
      if (to === victim) return [];
      const known = emptied.get(message) ?? empty(message);
      emptied.set(message, known);
      return [known];
    },
    incoming: (from) => from !== victim,
    certificates: (to, held) => (to === victim ? [] : held),
    header: (to, held) => (to === victim ? undefined : held),
  };
};

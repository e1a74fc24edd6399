/** Dates its blocks far ahead, a little ahead, or back to just above the parent. */
import { CONSENSUS_MESSAGE, type ConsensusMessage } from '../../../consensus/messages.ts';
import { timestampMs } from '../../../runtime/core/units.ts';
import { type Adversary, proposalMessage, proposalOf } from './adversary.ts';

const LIES_MS = [-60_000, -2_000, -400, 400, 700, 5_000, 3_600_000] as const;

export const timeLiar: Adversary = (context) => {
  const dated = new WeakMap<ConsensusMessage, ConsensusMessage>();
  const date = (message: ConsensusMessage): ConsensusMessage => {
    if (message.selector !== CONSENSUS_MESSAGE.proposal) return message;
    const { header } = message.value.block;
    const timestamp = timestampMs(Math.max(0, header.timestamp + context.prng.pick(LIES_MS)));
    const proposal = proposalOf(context, message.value, { ...header, timestamp });
    return proposal ? proposalMessage(proposal) : message;
  };
  return {
    outgoing(_to, message) {
      const known = dated.get(message) ?? date(message);
      dated.set(message, known);
      return [known];
    },
  };
};

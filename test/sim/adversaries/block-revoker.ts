/** A leader that proposes and takes it back: its own nullify follows, or overtakes, its proposal. */
import { CONSENSUS_MESSAGE, KIND } from '../../../consensus/messages.ts';
import { type Adversary, voteMessage } from './adversary.ts';

export const blockRevoker: Adversary = (context) => ({
  outgoing(to, message) {
    if (message.selector !== CONSENSUS_MESSAGE.proposal) return [message];
    const { epoch, view } = message.value.vote.subject.value;
    const vote = context.sign({ selector: KIND.nullify, value: { epoch, view } });
    if (!vote) return [message];
    const nullify = voteMessage(vote);
    switch (context.prng.between(0, 2)) {
      case 0:
        return [nullify, message];
      case 1:
        return [message, nullify];
      default:
        // After the others have voted.
        context.after(context.prng.float() * 300, () => context.send(to, nullify));
        return [message];
    }
  },
});

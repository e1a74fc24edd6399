/**
 * Repeats what others said: earlier in the epoch, in earlier epochs, on another chain; and passes
 * their votes off as votes of another view or epoch.
 */
import { CONSENSUS_MESSAGE, type ConsensusMessage } from '../../../consensus/messages.ts';
import { epoch, view } from '../../../runtime/core/units.ts';
import { type Adversary, voteIn, voteMessage } from './adversary.ts';

/** Messages remembered. */
const MEMORY = 256;

export const replayer: Adversary = (context) => {
  const heard: ConsensusMessage[] = [];
  const { prng } = context;
  const variant = (): ConsensusMessage | undefined => {
    if (heard.length === 0) return undefined;
    const message = prng.pick(heard);
    const vote = voteIn(message);
    if (!vote || message.selector !== CONSENSUS_MESSAGE.vote) return message;
    const now = context.now().view;
    const { value } = vote.subject;
    const moved = (part: object) =>
      ({ ...vote.subject, value: { ...value, ...part } }) as typeof vote.subject;
    switch (prng.between(0, 3)) {
      case 0:
        return message;
      case 1:
        return voteMessage({ ...vote, subject: moved({ view: view(now) }) });
      case 2:
        return voteMessage({ ...vote, subject: moved({ epoch: epoch(value.epoch + 1) }) });
      default:
        return voteMessage(context.signedElsewhere(vote.signer, moved({ view: view(now) })));
    }
  };
  return {
    incoming(_from, message) {
      if (heard.length < MEMORY) heard.push(message);
      else if (prng.chance(0.1)) heard[prng.between(0, MEMORY - 1)] = message;
      return true;
    },
    outgoing(_to, message) {
      const old = prng.chance(0.5) ? variant() : undefined;
      return old ? [message, old] : [message];
    },
  };
};

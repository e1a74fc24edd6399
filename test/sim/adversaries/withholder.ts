/**
 * Keeps things to itself: its proposals reach a few, its votes fewer, its certificates nobody; bodies
 * and certificates that it is asked for never come.
 */
import { CONSENSUS_MESSAGE } from '../../../consensus/messages.ts';
import type { Adversary } from './adversary.ts';

export const withholder: Adversary = ({ prng }) => ({
  outgoing(_to, message) {
    switch (message.selector) {
      case CONSENSUS_MESSAGE.proposal:
        return prng.chance(0.7) ? [message] : [];
      case CONSENSUS_MESSAGE.vote:
        return prng.chance(0.3) ? [message] : [];
      case CONSENSUS_MESSAGE.certificate:
        return [];
    }
  },
  certificates: () => [],
  header: () => undefined,
});

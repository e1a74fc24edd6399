/**
 * Twins: the scenario gives one key to two machines (Bano et al., "Twins: BFT Systems Made Robust").
 * Each runs honest code with a disk of its own and speaks to one half of the others, so that the key
 * says two things.
 */
import type { Adversary } from './adversary.ts';

export const splitBrain: Adversary = ({ isTwin }) => ({
  outgoing: (to, message) => (to % 2 === (isTwin ? 1 : 0) ? [message] : []),
});

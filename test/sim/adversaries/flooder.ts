/** Sends many votes for views near, far and past, under names that exist and names that do not. */
import type { ConsensusMessage } from '../../../consensus/messages.ts';
import { KIND, type Subject } from '../../../consensus/messages.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import { validatorIndex, view } from '../../../runtime/core/units.ts';
import { type Adversary, voteMessage } from './adversary.ts';

/** Messages of the flood for each that was due. */
const FACTOR = 4;

export const flooder: Adversary = (context) => {
  const { prng } = context;
  const junk = (): ConsensusMessage[] => {
    const now = context.now();
    const at = now.view + prng.pick([-70, -3, 0, 1, 2, 7, 8, 9, 500, 2 ** 40]);
    const round = { epoch: now.epoch, view: view(Math.max(1, at)) };
    const payload = sha256(new Uint8Array([prng.between(0, 255), prng.between(0, 255)]));
    const proposal = { ...round, parentView: view(Math.max(0, round.view - 1)), payload };
    const subject: Subject = prng.pick<Subject>([
      { selector: KIND.notarize, value: proposal },
      { selector: KIND.nullify, value: round },
      { selector: KIND.finalize, value: proposal },
    ]);
    const vote = context.sign(subject);
    if (!vote) return [];
    const signer = prng.chance(0.3) ? validatorIndex(prng.between(0, 300)) : vote.signer;
    return [voteMessage({ ...vote, signer })];
  };
  return {
    outgoing: (_to, message) => [message, ...Array.from({ length: FACTOR }, junk).flat()],
  };
};

/** Says everything true, but late: about when the others' timers fire, or after. */
import { leaderTimeoutMs } from '../../../consensus/timeouts.ts';
import type { Adversary } from './adversary.ts';

export const lateRevealer: Adversary = (context) => ({
  outgoing(to, message) {
    const { prng } = context;
    if (prng.chance(0.2)) return [message];
    const { pacing } = context.committee(context.now().epoch);
    const timeoutMs = leaderTimeoutMs(pacing, 0);
    context.after(timeoutMs * (0.5 + prng.float()), () => context.send(to, message));
    return [];
  },
});

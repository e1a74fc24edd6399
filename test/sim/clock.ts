/** `Clock` of node/ports.ts under virtual time. */
import type { Clock } from '../../node/ports.ts';
import { type TimestampMs, timestampMs } from '../../runtime/core/units.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';

/** Wall time at virtual time 0: 2026-01-01 00:00 UTC. */
export const SIM_EPOCH_MS = 1_767_225_600_000;

/** `skewMs`: this machine's clock is ahead by so much. */
export function createSimClock(options: {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly skewMs?: number;
}): Clock {
  const { scheduler, life, skewMs = 0 } = options;
  return {
    now: (): TimestampMs =>
      timestampMs(SIM_EPOCH_MS + skewMs + Math.floor(scheduler.nowUs() / 1_000)),
    setTimer(delayMs, fire) {
      const cancel = scheduler.after(delayMs * 1_000, () => {
        if (life.alive) fire();
      });
      return { cancel };
    },
  };
}

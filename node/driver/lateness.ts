/**
 * How late this thread's timers fire: the sign of a machine that has more to do than it can. A running
 * mean over the last second; zero in virtual time.
 */
import type { Clock, TimerHandle } from '../ports.ts';

const SAMPLE_MS = 50;
/** Weight of one sample in the mean: a second of samples. */
const SAMPLE_WEIGHT = 0.05;

export type LatenessMeter = {
  /** Mean lateness in ms. */
  mean(): number;
  stop(): void;
};

export function createLatenessMeter(clock: Clock): LatenessMeter {
  let mean = 0;
  let timer: TimerHandle;
  const sample = (): void => {
    const due = clock.now() + SAMPLE_MS;
    timer = clock.setTimer(SAMPLE_MS, () => {
      const late = Math.max(0, clock.now() - due);
      mean += SAMPLE_WEIGHT * (late - mean);
      sample();
    });
  };
  sample();
  return { mean: () => mean, stop: () => timer.cancel() };
}

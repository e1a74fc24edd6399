/** Clocks of simulated machines: they are off, drift and jump; and `Clock` of node/ports.ts on them. */
import type { Clock } from '../../node/ports.ts';
import { type TimestampMs, timestampMs } from '../../runtime/core/units.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';

/** Wall time at virtual time 0: 2026-01-01 00:00 UTC. */
export const SIM_EPOCH_MS = 1_767_225_600_000;

/** A machine's clock; it outlives the machine's processes. */
export type MachineClock = {
  /** Wall time as this machine tells it, in ms. */
  readonly nowMs: () => number;
  /** Virtual µs until a timer of `delayMs` of this machine fires. */
  readonly delayUs: (delayMs: number) => number;
  /** Wall time, not timers, moves by so much from now on. */
  readonly jump: (byMs: number) => void;
};

/**
 * A clock that is ahead by `skewMs` at time 0 and runs fast by `driftPpm` millionths. Timers drift
 * too but do not jump: they follow the monotonic clock.
 */
export function createMachineClock(options: {
  readonly scheduler: Scheduler;
  readonly skewMs?: number;
  readonly driftPpm?: number;
}): MachineClock {
  const { scheduler, skewMs = 0, driftPpm = 0 } = options;
  const rate = 1 + driftPpm / 1_000_000;
  let offsetMs = skewMs;
  return {
    nowMs: () => SIM_EPOCH_MS + Math.floor(offsetMs + (scheduler.nowUs() * rate) / 1_000),
    delayUs: (delayMs) => (delayMs * 1_000) / rate,
    jump(byMs) {
      offsetMs += byMs;
    },
  };
}

/** The clock of one process on the machine: its timers end with it. */
export function createSimClock(options: {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly machine?: MachineClock;
}): Clock {
  const { scheduler, life, machine = createMachineClock({ scheduler }) } = options;
  return {
    now: (): TimestampMs => timestampMs(machine.nowMs()),
    setTimer(delayMs, fire) {
      const cancel = scheduler.after(machine.delayUs(delayMs), () => {
        if (life.alive) fire();
      });
      return { cancel };
    },
  };
}

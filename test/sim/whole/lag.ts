/**
 * Threads that take their time: what a process has its executor and its verifier do elsewhere is
 * answered late, in the order asked, and now and then much later.
 */
import type { Verifier } from '../../../node/crypto/verifier.ts';
import type { Executor } from '../../../node/executor/executor.ts';
import { type Life, never } from '../life.ts';
import type { Prng } from '../prng.ts';
import type { Scheduler } from '../scheduler.ts';

export type Lag = {
  /** Answers `work` after a while, and after everything asked for before. */
  readonly later: <T>(work: () => Promise<T>) => Promise<T>;
};

const STALL_CHANCE = 0.02;
const STALL_FACTOR = 30;

/** A thread whose answers take up to `lagMs`, rarely thirty times as long. 0: they come at once. */
export function createLag(options: {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly prng: Prng;
  readonly lagMs: number;
}): Lag {
  const { scheduler, life, prng, lagMs } = options;
  let last: Promise<unknown> = Promise.resolve();
  const pause = (): Promise<void> => {
    if (lagMs === 0) return Promise.resolve();
    const factor = prng.chance(STALL_CHANCE) ? STALL_FACTOR : 1;
    const delayUs = prng.float() * lagMs * factor * 1_000;
    return new Promise((resolve) => {
      scheduler.after(delayUs, () => {
        if (life.alive) resolve();
      });
    });
  };
  return {
    later(work) {
      if (!life.alive) return never();
      const mine = last.then(pause).then(work);
      last = mine.catch(() => {});
      return mine;
    },
  };
}

export function laggingExecutor(executor: Executor, { later }: Lag): Executor {
  return {
    open: () => later(() => executor.open()),
    execute: (block, hash) => later(() => executor.execute(block, hash)),
    judge: (payloads) => later(() => executor.judge(payloads)),
    query: (request) => later(() => executor.query(request)),
    close: () => later(() => executor.close()),
  };
}

/** `verifyNow` stays on the caller's thread. */
export function laggingVerifier(verifier: Verifier, { later }: Lag): Verifier {
  return {
    verifyNow: verifier.verifyNow,
    verify: (checks, priority) => later(() => verifier.verify(checks, priority)),
    close: () => later(() => verifier.close()),
  };
}

/**
 * One run of a simulated process, from start to crash. The ports given to it check it, so that
 * nothing of a dead process ever acts: its timers do not fire, its promises never settle, what
 * arrives for it is lost.
 */
export type Life = { alive: boolean };

export function createLife(): Life {
  return { alive: true };
}

/** A promise that never settles: what a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

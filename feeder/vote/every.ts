/**
 * Does something at every multiple of an interval, by the clock, so that the observations of all
 * validators are of one moment and meet in one block. Late work skips a turn, it is never repeated.
 */

/** Calls `work` with each multiple of `intervalMs` until stopped; `work` must not reject. */
export function runEvery(
  intervalMs: number,
  work: (atMs: number) => Promise<void>,
): { readonly stop: () => Promise<void> } {
  let isStopped = false;
  let wake = (): void => {};
  let lastAtMs = 0;
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      const now = Date.now();
      // A clock set back makes no second observation of one time.
      const nextAt = Math.max(
        (Math.floor(now / intervalMs) + 1) * intervalMs,
        lastAtMs + intervalMs,
      );
      await new Promise<void>((resolve) => {
        // At most a second at once: a clock set forward is followed.
        const timer = setTimeout(resolve, Math.min(1_000, nextAt - now));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopped) break;
      if (Date.now() < nextAt) continue;
      lastAtMs = nextAt;
      await work(nextAt);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isStopped = true;
      wake();
      await running;
    },
  };
}

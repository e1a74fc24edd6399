/**
 * The log of a process beside the node (feeder, bot, faucet): one JSON line an event on stdout.
 * Problems that repeat are counted, not repeated: a node that is down for a minute is one line when
 * it goes and one when it is back.
 */

export interface EventLog {
  event(text: string, facts?: object): void;
  /** A failure of `what`; silent while the same failure lasts. */
  problem(what: string, cause: unknown): void;
  /** `what` works again; says so if it had failed. */
  recovered(what: string): void;
}

/** A log under `name` that writes lines to `write`. */
export function createEventLog(
  name: string,
  write: (line: string) => void = (line) => console.log(line),
): EventLog {
  const failing = new Map<string, { text: string; times: number }>();
  const line = (event: string, facts: object): void =>
    write(JSON.stringify({ time: new Date().toISOString(), name, event, ...facts }));
  return {
    event: (text, facts = {}) => line(text, facts),
    problem: (what, cause) => {
      const text = cause instanceof Error ? cause.message : String(cause);
      const known = failing.get(what);
      if (known?.text === text) {
        known.times++;
        return;
      }
      failing.set(what, { text, times: 1 });
      line(`${what} fails`, { problem: text });
    },
    recovered: (what) => {
      const known = failing.get(what);
      if (!known) return;
      failing.delete(what);
      line(`${what} works again`, { failures: known.times });
    },
  };
}

/** A log that keeps its errors, so that a test can say there were none. */
import type { Log } from '../../node/ports.ts';

export function quietLog(): Log & { readonly errors: string[] } {
  const errors: string[] = [];
  const log = {
    errors,
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error(facts: object, event: string) {
      errors.push(`${event} ${JSON.stringify(facts)}`);
    },
    child: () => log,
  };
  return log;
}

/** Among honest nodes none halts, refuses to start, logs an error or sees evidence of a fault. */
import type { WholeChecker } from '../watch.ts';

export function alarms(): WholeChecker {
  const violations: string[] = [];
  return {
    name: 'alarms',
    violations,
    watch: {
      onHalt: ({ index }, { reason, detail }) =>
        void violations.push(`node ${index} halted: ${reason}: ${detail}`),
      onAlarm: ({ index }, what) => void violations.push(`node ${index} ${what}`),
    },
  };
}

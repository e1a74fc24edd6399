/** No honest node halts, refuses to start, logs an error or holds evidence against an honest key. */
import type { WholeChecker } from '../watch.ts';

export function alarms(isHonest: (machine: number) => boolean): WholeChecker {
  const violations: string[] = [];
  return {
    name: 'alarms',
    violations,
    watch: {
      onHalt: ({ index }, { reason, detail }) =>
        void violations.push(`node ${index} halted: ${reason}: ${detail}`),
      onEvidence({ index }, guilty, fault) {
        if (guilty >= 0 && !isHonest(guilty)) return;
        violations.push(`node ${index} holds ${fault} against honest node ${guilty}`);
      },
      onAlarm: ({ index }, what) => void violations.push(`node ${index} ${what}`),
    },
  };
}

/**
 * No honest node halts, refuses to start, logs an error or holds evidence against an honest key; but
 * those whose disk fails must stop, and one whose disk was damaged must not start.
 */
import { STARTED_DAMAGED } from '../machine.ts';
import type { WholeChecker } from '../watch.ts';

/** `mayFail`: machines whose disk fills up or flips a bit. */
export function alarms(
  isHonest: (machine: number) => boolean,
  mayFail: (machine: number) => boolean,
): WholeChecker {
  const violations: string[] = [];
  return {
    name: 'alarms',
    violations,
    watch: {
      onHalt({ index }, { reason, detail }) {
        if (reason === 'disk_failed' && mayFail(index)) return;
        violations.push(`node ${index} halted: ${reason}: ${detail}`);
      },
      onEvidence({ index }, guilty, fault) {
        if (guilty >= 0 && !isHonest(guilty)) return;
        violations.push(`node ${index} holds ${fault} against honest node ${guilty}`);
      },
      onAlarm({ index }, what) {
        if (mayFail(index) && what !== STARTED_DAMAGED) return;
        violations.push(`node ${index} ${what}`);
      },
    },
  };
}

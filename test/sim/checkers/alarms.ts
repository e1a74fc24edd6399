/**
 * While fewer than a third of the weight is faulty, no honest node stops by itself, hears its own key
 * sign elsewhere, blames an honest machine, or holds evidence against an honest key.
 */
import type { Checker, Truth } from './checker.ts';

/**
 * `mayStop`: machines whose disk fills up, which stop; `mayRefuse`: machines whose disk was damaged,
 * which must not start.
 */
export function alarms(
  truth: Truth,
  allowed: {
    readonly mayStop: (machine: number) => boolean;
    readonly mayRefuse: (machine: number) => boolean;
  },
): Checker {
  const violations: string[] = [];
  return {
    name: 'alarms',
    violations,
    observer: {
      onAlarm: (node, what) => void violations.push(`node ${node}: ${what}`),
      onHalt(node, why) {
        if (!allowed.mayStop(node)) violations.push(`node ${node} stopped: ${why}`);
      },
      onRefusal(node, why) {
        if (!allowed.mayRefuse(node)) violations.push(`node ${node} does not start: ${why}`);
      },
      onRestart(node) {
        if (allowed.mayRefuse(node)) violations.push(`node ${node} started on a damaged disk`);
      },
      onBlame(node, from, why) {
        if (truth.isHonest(from))
          violations.push(`node ${node} blames honest node ${from}: ${why}`);
      },
      onEvidence(node, { fault, first }) {
        const { epoch, view } = first.subject.value;
        if (!truth.isHonestKey(epoch, first.signer)) return;
        violations.push(
          `node ${node} holds ${fault} of honest ${first.signer} in ${epoch}/${view}`,
        );
      },
    },
  };
}

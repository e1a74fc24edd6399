/** Where all nodes are honest nobody may raise an alarm: evidence, foreign votes, rejections. */
import type { Checker } from './checker.ts';

export function alarms(): Checker {
  const violations: string[] = [];
  return {
    name: 'alarms',
    violations,
    observer: { onAlarm: (node, what) => void violations.push(`node ${node}: ${what}`) },
  };
}

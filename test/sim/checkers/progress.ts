/** Progress after healing: from a given moment every node's final height grows by so much in time. */
import type { ConsensusNode } from '../consensus-node.ts';
import type { Checker } from './checker.ts';

export type Progress = Checker & {
  /** The network is whole and everyone runs: from here on progress is owed. */
  readonly begin: () => void;
  readonly reached: () => boolean;
  /** Time is up. */
  readonly finish: () => void;
};

export function progress(nodes: readonly ConsensusNode[], blocks: number): Progress {
  const violations: string[] = [];
  let goal = Number.POSITIVE_INFINITY;
  const reached = (): boolean => nodes.every((node) => node.finalHeight() >= goal);
  return {
    name: 'progress',
    violations,
    observer: {},
    begin() {
      goal = Math.max(...nodes.map((node) => node.finalHeight())) + blocks;
    },
    reached,
    finish() {
      if (reached()) return;
      const heights = nodes.map((node) => node.finalHeight()).join(' ');
      violations.push(`final heights ${heights}, all should have reached ${goal}`);
    },
  };
}

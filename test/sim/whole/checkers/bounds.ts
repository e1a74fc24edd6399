/** What a node holds in memory stays within bounds, as far as its gauges tell. */
import type { GaugeName } from '../../../../node/metrics.ts';
import type { WholeChecker } from '../watch.ts';

/**
 * Under the simulator's load of some ten payloads a second: what waits in the mempool for half a
 * minute of partition, and what execution or admission may have behind it.
 */
const BOUNDS: Partial<Record<GaugeName, number>> = {
  mempool_oracle: 600,
  mempool_rest: 600,
  mempool_cancel: 600,
  mempool_bytes: 2_000_000,
  admission_waiting: 100,
  execution_waiting: 300,
  // 4 R final ones, and as many above them as a long time without finality makes.
  blocks_held: 64,
};

export function bounds(): WholeChecker {
  const violations: string[] = [];
  return {
    name: 'bounds',
    violations,
    watch: {
      onGauge({ index }, gauge, value) {
        const bound = BOUNDS[gauge];
        if (bound !== undefined && value > bound) {
          violations.push(`node ${index}: ${gauge} is ${value}, above ${bound}`);
        }
      },
    },
  };
}

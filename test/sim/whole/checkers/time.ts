/** No block became final that was dated further ahead than an honest voter's clock allows. */
import { BlockCodec } from '../../../../runtime/block.ts';
import { MAX_CLOCK_AHEAD_MS } from '../../../../runtime/limits.ts';
import { SIM_EPOCH_MS } from '../../clock.ts';
import type { Scheduler } from '../../scheduler.ts';
import type { WholeChecker } from '../watch.ts';

/** Of one clock that jumps: a single voter's, so it decides nothing; but rounding may. */
const ROUNDING_MS = 10;

/** `maxSkewMs`: how far ahead the fastest clock is. */
export function time(scheduler: Pick<Scheduler, 'nowUs'>, maxSkewMs: number): WholeChecker {
  const violations: string[] = [];
  return {
    name: 'time',
    violations,
    watch: {
      onExecuted({ index }, { height, block: bytes }) {
        const block = BlockCodec.decode(bytes);
        if (!block.ok) return;
        const nowMs = SIM_EPOCH_MS + scheduler.nowUs() / 1_000;
        const aheadMs = block.value.header.timestamp - nowMs;
        if (aheadMs <= MAX_CLOCK_AHEAD_MS + maxSkewMs + ROUNDING_MS) return;
        violations.push(`node ${index} executed block ${height}, dated ${aheadMs} ms ahead`);
      },
    },
  };
}

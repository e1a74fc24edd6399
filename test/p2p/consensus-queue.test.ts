import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConsensusQueue } from '../../p2p/consensus-queue.ts';
import { MAX_CONSENSUS_QUEUE_BYTES, MAX_CONSENSUS_QUEUE_MESSAGES } from '../../p2p/limits.ts';

const HALF = MAX_CONSENSUS_QUEUE_BYTES / 2;

function frameOf(view: number, bytes = 1) {
  return { frame: new Uint8Array(bytes), view };
}

function viewsOf(queue: ConsensusQueue): number[] {
  const views: number[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) views.push(next.view);
  return views;
}

describe('consensus queue', () => {
  test('is first in, first out while there is room', () => {
    const queue = new ConsensusQueue();
    expect([3, 1, 2].map((view) => queue.push(frameOf(view)))).toEqual([0, 0, 0]);
    expect(viewsOf(queue)).toEqual([3, 1, 2]);
    expect(queue.bytes).toBe(0);
  });

  test('drops the lowest views first, the oldest of a view first', () => {
    const queue = new ConsensusQueue();
    queue.push(frameOf(5, HALF));
    queue.push(frameOf(4, HALF / 2));
    queue.push(frameOf(4, HALF / 2));
    expect(queue.push(frameOf(6, HALF / 2))).toBe(1);
    expect(queue.push(frameOf(6, HALF))).toBe(2);
    expect(viewsOf(queue)).toEqual([6, 6]);
  });

  test('drops the new one when all others are of higher views', () => {
    const queue = new ConsensusQueue();
    queue.push(frameOf(5, HALF));
    queue.push(frameOf(6, HALF));
    expect(queue.push(frameOf(4))).toBe(1);
    expect(queue.push(frameOf(5))).toBe(1);
    expect(viewsOf(queue)).toEqual([6, 5]);
  });

  test('stays within its bounds whatever is pushed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.nat(HALF)), { minLength: 1, maxLength: 60 }),
        (entries) => {
          const queue = new ConsensusQueue();
          for (const [view, bytes] of entries) queue.push(frameOf(view, bytes));
          expect(queue.bytes).toBeLessThanOrEqual(MAX_CONSENSUS_QUEUE_BYTES);
        },
      ),
      { numRuns: 20 },
    );
    const queue = new ConsensusQueue();
    for (let view = 0; view < 2 * MAX_CONSENSUS_QUEUE_MESSAGES; view++) queue.push(frameOf(view));
    expect(queue.length).toBe(MAX_CONSENSUS_QUEUE_MESSAGES);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  clearDue,
  dueQueue,
  firstDue,
  resetDue,
  setDue,
  takeDue,
} from '../../runtime/core/due-queue.ts';
import { runs } from '../fixtures/runs.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.nat(12), time: fc.nat(20) }),
  fc.record({ kind: fc.constant('clear' as const), key: fc.nat(12), time: fc.constant(0) }),
  fc.record({ kind: fc.constant('take' as const), key: fc.constant(0), time: fc.nat(20) }),
);

test('is a sorted list of (time, key), whatever was set and cleared', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = dueQueue();
      const model = new Map<number, number>();
      const sorted = (now: number) =>
        [...model]
          .filter(([, time]) => time <= now)
          .sort((a, b) => a[1] - b[1] || a[0] - b[0])
          .map(([key]) => key);
      for (const { kind, key, time } of steps) {
        if (kind === 'set') {
          setDue(queue, key, time);
          model.set(key, time);
        } else if (kind === 'clear') {
          clearDue(queue, key);
          model.delete(key);
        } else {
          const due = sorted(time);
          expect(firstDue(queue, time)).toBe(due[0]);
          expect(takeDue(queue, time)).toEqual(due);
          for (const taken of due) model.delete(taken);
        }
        expect(queue.place.size).toBe(model.size);
      }
      expect(takeDue(queue, 100)).toEqual(sorted(100));
    }),
    { numRuns: runs(500) },
  );
});

test('an emptied queue has nothing due', () => {
  const queue = dueQueue();
  setDue(queue, 1, 5);
  resetDue(queue);
  expect(firstDue(queue, 10)).toBeUndefined();
  setDue(queue, 2, 6);
  expect(takeDue(queue, 6)).toEqual([2]);
});

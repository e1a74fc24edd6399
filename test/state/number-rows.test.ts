import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addRow, numberRows, removeRow, slotOf } from '../../runtime/state/number-rows.ts';
import { runs } from '../fixtures/runs.ts';

/** Keys that meet in one slot as often as not: few low halves, few high ones. */
const key = fc
  .tuple(fc.nat({ max: 3 }), fc.nat({ max: 40 }))
  .map(([high, low]) => high * 2 ** 40 + low);
const step = fc.record({ key, adds: fc.boolean(), flag: fc.nat({ max: 2 }) });

test('rows by a number are found, added and removed as in a Map, with their flags', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const rows = numberRows<string>();
      const model = new Map<number, { value: string; flag: number }>();
      for (const [i, { key: at, adds, flag }] of steps.entries()) {
        const slot = slotOf(rows, at);
        expect(slot >= 0).toBe(model.has(at));
        if (adds && slot < 0) {
          const added = addRow(rows, at, `${i}`);
          rows.flags[added] = flag;
          model.set(at, { value: `${i}`, flag });
        } else if (!adds && slot >= 0) {
          removeRow(rows, slot);
          model.delete(at);
        }
        expect(rows.size).toBe(model.size);
      }
      for (const [at, { value, flag }] of model) {
        const slot = slotOf(rows, at);
        expect([rows.keys[slot], rows.values[slot], rows.flags[slot]]).toEqual([at, value, flag]);
      }
    }),
    { numRuns: runs(100) },
  );
});

test('a key that is no unsigned safe integer is a broken invariant', () => {
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
    expect(() => addRow(numberRows<string>(), bad, '')).toThrow('unsigned safe integer');
  }
});

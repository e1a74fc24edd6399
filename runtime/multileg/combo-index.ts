/**
 * Combos by their legs, by name and by expiry, and how many of their orders rest: an index over the
 * `combos` and `orders` tables.
 *
 * Invariants: equal to the one rebuilt from the tables. `pairsByLeg` holds the combos that an
 * outright order may trade against: two legs, 1:1; its lists ascend. `restingByLeg` counts the open
 * orders of those, by leg; a leg without any has no entry, so an outright book that no combo order
 * touches costs one look-up.
 */
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { type Combo, comboName } from './combo.ts';

export type ComboIndex = {
  readonly byName: Map<string, InstrumentId>;
  readonly pairsByLeg: Map<InstrumentId, InstrumentId[]>;
  readonly restingByLeg: Map<InstrumentId, number>;
  /** Combos by number, the earliest first expiry of a leg first. */
  readonly due: DueQueue;
};

export function comboIndex(): ComboIndex {
  return {
    byName: new Map(),
    pairsByLeg: new Map(),
    restingByLeg: new Map(),
    due: dueQueue(),
  };
}

/** Whether outright orders may trade against the combo's: two legs, one lot of each. */
export function isPair({ legs }: Combo): boolean {
  return legs.length === 2 && legs.every(({ ratio }) => ratio === 1);
}

/** Adds a combo whose number is above all those in the index. */
export function indexCombo(state: State, combo: Combo): void {
  const { byName, pairsByLeg, due } = state.derived.combos;
  const { instrument, structure, legs } = combo;
  byName.set(comboName(structure, legs), instrument);
  setDue(due, instrument, state.instruments.must(instrument).expiry);
  if (!isPair(combo)) return;
  for (const leg of legs) {
    const known = pairsByLeg.get(leg.instrument);
    if (known === undefined) pairsByLeg.set(leg.instrument, [instrument]);
    else known.push(instrument);
  }
}

/** Removes a combo without open orders. */
export function unindexCombo(state: State, combo: Combo): void {
  const { byName, pairsByLeg, due } = state.derived.combos;
  const { instrument, structure, legs } = combo;
  byName.delete(comboName(structure, legs));
  clearDue(due, instrument);
  for (const leg of legs) {
    const left = (pairsByLeg.get(leg.instrument) ?? []).filter((other) => other !== instrument);
    if (left.length === 0) pairsByLeg.delete(leg.instrument);
    else pairsByLeg.set(leg.instrument, left);
  }
}

/** Counts an order of a combo that rests now, or no longer does. O(1). */
export function countComboOrder(state: State, combo: Combo, change: 1 | -1): void {
  if (!isPair(combo)) return;
  const { restingByLeg } = state.derived.combos;
  for (const { instrument } of combo.legs) {
    const count = (restingByLeg.get(instrument) ?? 0) + change;
    if (count === 0) restingByLeg.delete(instrument);
    else restingByLeg.set(instrument, count);
  }
}

/** Fills the index from the tables. O(combos log combos + orders). */
export function rebuildComboIndex(state: State): void {
  const { byName, pairsByLeg, restingByLeg, due } = state.derived.combos;
  byName.clear();
  pairsByLeg.clear();
  restingByLeg.clear();
  resetDue(due);
  for (const id of state.combos.sortedKeys()) indexCombo(state, state.combos.must(id));
  if (state.combos.size === 0) return;
  for (const [, { instrument }] of state.orders.unorderedEntries()) {
    const combo = state.combos.get(instrument);
    if (combo !== undefined) countComboOrder(state, combo, 1);
  }
}

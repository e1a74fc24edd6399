/**
 * Combos by their legs, by name and by expiry, and how many of their orders rest: an index over the
 * `combos` and `orders` tables.
 *
 * Invariants: equal to the one rebuilt from the tables. `restingByLeg` counts the open orders of the
 * combos that an outright order may trade against (two legs, 1:1), by leg and combo; a leg without any has no entry, so an outright book that no combo
 * order touches costs one look-up.
 */
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import type { InstrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { type Combo, comboName } from './combo.ts';

export type ComboIndex = {
  readonly byName: Map<string, InstrumentId>;
  readonly restingByLeg: Map<InstrumentId, Map<InstrumentId, number>>;
  /** Combos by number, the earliest first expiry of a leg first. */
  readonly due: DueQueue;
};

export function comboIndex(): ComboIndex {
  return {
    byName: new Map(),
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
  const { byName, due } = state.derived.combos;
  const { instrument, structure, legs } = combo;
  byName.set(comboName(structure, legs), instrument);
  setDue(due, instrument, state.instruments.must(instrument).expiry);
}

/** Removes a combo without open orders. */
export function unindexCombo(state: State, combo: Combo): void {
  const { byName, due } = state.derived.combos;
  const { instrument, structure, legs } = combo;
  byName.delete(comboName(structure, legs));
  clearDue(due, instrument);
}

/** Notes an order that rests now, or no longer does, if it is of a pair. O(1). */
export function noteComboOrder(
  state: State,
  { instrument }: { readonly instrument: InstrumentId },
  change: 1 | -1,
): void {
  const combo = state.combos.get(instrument);
  if (combo === undefined || !isPair(combo)) return;
  const { restingByLeg } = state.derived.combos;
  for (const leg of combo.legs) {
    const counts = restingByLeg.get(leg.instrument) ?? new Map<InstrumentId, number>();
    const count = (counts.get(instrument) ?? 0) + change;
    if (count === 0) counts.delete(instrument);
    else counts.set(instrument, count);
    if (counts.size === 0) restingByLeg.delete(leg.instrument);
    else restingByLeg.set(leg.instrument, counts);
  }
}

/** Fills the index from the tables. O(combos log combos + orders). */
export function rebuildComboIndex(state: State): void {
  const { byName, restingByLeg, due } = state.derived.combos;
  byName.clear();
  restingByLeg.clear();
  resetDue(due);
  for (const id of state.combos.sortedKeys()) indexCombo(state, state.combos.must(id));
  if (state.combos.size === 0) return;
  for (const [, order] of state.orders.unorderedEntries()) noteComboOrder(state, order, 1);
}

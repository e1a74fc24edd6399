/** Ends combos of which a leg expires, before the leg itself stops trading. */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { instrumentId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { closeCombo } from './close-combo.ts';

/** Closes what is due, by (expiry, number). Nothing due costs O(1). */
export function expireCombos(state: State, context: BlockContext): void {
  const { due } = state.derived.combos;
  for (
    let key = firstDue(due, context.timestamp);
    key !== undefined;
    key = firstDue(due, context.timestamp)
  ) {
    closeCombo(state, context, instrumentId(key));
  }
}

/** Ends combos of which a leg expires, before the leg itself stops trading. */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { instrumentId } from '../core/units.ts';
import { MAX_EXPIRY_CLOSES } from '../limits.ts';
import type { State } from '../state/state.ts';
import { closeCombo } from './close-combo.ts';

/**
 * Closes what is due, by (expiry, number): at most `MAX_EXPIRY_CLOSES` orders and combos; the others
 * are due still and take no orders. Nothing due costs O(1).
 */
export function expireCombos(state: State, context: BlockContext): void {
  const { due } = state.derived.combos;
  for (let left = MAX_EXPIRY_CLOSES; left > 0; ) {
    const key = firstDue(due, context.timestamp);
    if (key === undefined) return;
    // A combo without orders has its cost too.
    left -= Math.max(1, closeCombo(state, context, instrumentId(key), left));
  }
}

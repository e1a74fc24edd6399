/** Takes a trigger away for good: fired, cancelled, or out of time. */
import type { BlockContext } from '../block-context.ts';
import { clearDue } from '../core/due-queue.ts';
import type { InstrumentId } from '../core/units.ts';
import { EVENT, TRIGGER_END, type TriggerEnd } from '../event.ts';
import type { State } from '../state/state.ts';
import type { Trigger } from './trigger.ts';
import { unindexTrigger } from './trigger-index.ts';

/** Removes a trigger from table and indexes; the caller says why. */
export function removeTrigger(state: State, trigger: Trigger): void {
  unindexTrigger(state, trigger);
  if (trigger.order.expiresAt !== 0) clearDue(state.derived.orders.due, trigger.id);
  state.triggers.delete(trigger.id);
}

/** Removes a trigger, and says why. */
export function closeTrigger(
  state: State,
  context: BlockContext,
  trigger: Trigger,
  { reason, error = 0 }: { readonly reason: TriggerEnd; readonly error?: number },
): void {
  removeTrigger(state, trigger);
  const value = { orderId: trigger.id, reason, error };
  context.events.push({ selector: EVENT.triggerClosed, value });
}

/** Closes at most `most` triggers of an instrument, by ascending number; the number closed. */
export function closeTriggersOfInstrument(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  most: number,
): number {
  const ids = state.derived.triggers.byInstrument.get(instrument);
  if (ids === undefined) return 0;
  let closed = 0;
  // Ascending: numbers are given so, and the index is filled so.
  for (const id of ids) {
    if (closed === most) break;
    closeTrigger(state, context, state.triggers.must(id), { reason: TRIGGER_END.expired });
    closed += 1;
  }
  return closed;
}

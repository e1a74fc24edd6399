/**
 * At the end of a block: what the meters hold for orders that were not filled comes back.
 *
 * One pass over the block's events; nothing while no account with a row in table 80 has an open order.
 * An order that closes within the block in which it was amended may get back too little, never too much.
 */
import type { BlockContext } from '../../block-context.ts';
import type { OrderId } from '../../core/units.ts';
import { CLOSE_REASON, EVENT, TRIGGER_END } from '../../event.ts';
import type { State } from '../../state/state.ts';
import { countOutflow } from './meter.ts';
import { dropOrderKey } from './security-index.ts';

/** Takes back what is held for lots that can no more be filled. */
function release(state: State, context: BlockContext, id: OrderId, lotsLeft: number): void {
  const row = state.orderKeys.get(id);
  if (row === undefined || lotsLeft >= row.lots) return;
  const security = state.accountSecurity.must(row.account);
  const back = row.perLot * BigInt(row.lots - lotsLeft);
  countOutflow(state, context, security, [row.position], -back);
  row.lots = lotsLeft;
  state.orderKeys.touch(id);
}

function forget(state: State, id: OrderId): void {
  const row = state.orderKeys.get(id);
  if (row !== undefined) dropOrderKey(state, id, row);
}

/** Whether an order or a trigger is still open. */
function isOpen(state: State, id: OrderId): boolean {
  return state.orders.has(id) || state.triggers.has(id);
}

/** The step. O(events), or O(1). */
export function followOrders(state: State, context: BlockContext): void {
  if (state.orderKeys.size === 0) return;
  for (const event of context.events) {
    switch (event.selector) {
      case EVENT.orderReduced: {
        const row = state.orderKeys.get(event.value.orderId);
        if (row === undefined) break;
        row.lots = Math.max(0, row.lots - event.value.lots);
        state.orderKeys.touch(event.value.orderId);
        break;
      }
      case EVENT.orderAmended:
        release(state, context, event.value.orderId, event.value.remaining);
        break;
      case EVENT.orderClosed: {
        const { orderId, reason } = event.value;
        if (isOpen(state, orderId)) break;
        // The last fill of an order is not told apart from its end.
        if (reason !== CLOSE_REASON.filled) release(state, context, orderId, 0);
        forget(state, orderId);
        break;
      }
      case EVENT.triggerClosed: {
        const { orderId, reason } = event.value;
        if (isOpen(state, orderId)) break;
        // A trigger that fired and rests nowhere was filled, for all that is known here.
        if (reason !== TRIGGER_END.fired) release(state, context, orderId, 0);
        forget(state, orderId);
        break;
      }
    }
  }
}

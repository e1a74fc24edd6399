/** The counter of order numbers and priorities: every number is given once. */
import { type OrderId, orderId } from '../core/units.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { metaOf, type State } from '../state/state.ts';

/** The next number, above every one given before. O(1). */
export function takeOrderId(state: State): OrderId {
  const meta = metaOf(state);
  const id = meta.nextOrderId;
  meta.nextOrderId = orderId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  return id;
}

/**
 * The `linkOrders` action: one cancels the other.
 *
 * Two open orders or waiting triggers of one sub-account. When one trades, in part or whole, or
 * fires, the other is cancelled, whatever becomes of the first; one that is cancelled or expires
 * leaves the other. Both are margined: either may be the one that trades.
 */
import type { LinkOrders, OrderReference } from '../actions/orders.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { AccountId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { type Found, findReferred } from './find-order.ts';
import type { RestingOrder } from './order.ts';
import type { Trigger } from './trigger.ts';

function rowOf(found: Found): RestingOrder | Trigger {
  return found.kind === 'order' ? found.order : found.trigger;
}

/**
 * One half. Errors in order: order_not_found, not_owner, quote_order, auction_frozen (a link lets one
 * half stand back), bad_link, already_linked.
 */
function findHalf(
  state: State,
  context: BlockContext,
  account: AccountId,
  reference: OrderReference,
): Result<Found, Refusal> {
  const found = findReferred(state, account, reference);
  if (!found.ok) return found;
  const { id, cancelsOther } = rowOf(found.value);
  if (found.value.kind === 'order' && found.value.order.isQuote) {
    return err(refusal('quote_order', { given: id }));
  }
  if (found.value.kind === 'order') {
    const frozen = cancelRefusal(state, context, found.value.order.instrument);
    if (frozen !== undefined) return err(frozen);
  }
  // A match in several books at once could trade both halves.
  if (found.value.kind === 'order' && state.combos.has(found.value.order.instrument)) {
    return err(refusal('bad_link', { given: id }));
  }
  // A link outlives its other half: then it says nothing.
  if (state.orders.has(cancelsOther) || state.triggers.has(cancelsOther)) {
    return err(refusal('already_linked', { given: id, allowed: cancelsOther }));
  }
  return found;
}

function touch(state: State, { kind }: Found, id: RestingOrder['id']): void {
  if (kind === 'order') state.orders.touch(id);
  else state.triggers.touch(id);
}

/**
 * Links two halves. Errors in order: of the first half, then of the second: order_not_found,
 * not_owner, quote_order, auction_frozen, bad_link (of a combo), already_linked; then bad_link (the same
 * twice, or two sub-accounts). O(1).
 */
export function linkOrders(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: LinkOrders,
): Result<ActionResult, Refusal> {
  const first = findHalf(state, context, account, action.first);
  if (!first.ok) return first;
  const second = findHalf(state, context, account, action.second);
  if (!second.ok) return second;
  const a = rowOf(first.value);
  const b = rowOf(second.value);
  if (a.id === b.id || a.portfolio !== b.portfolio) {
    return err(refusal('bad_link', { given: b.id, allowed: a.id }));
  }

  // From here it must succeed.
  a.cancelsOther = b.id;
  b.cancelsOther = a.id;
  touch(state, first.value, a.id);
  touch(state, second.value, b.id);
  return ok({ selector: ACTION_RESULT.linked, value: { first: a.id, second: b.id } });
}

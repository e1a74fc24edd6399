/** The `replaceOrder` action: one order for another, or neither. */
import type { ReplaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioId } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { enterOrder, NEW_ORDER } from './enter-order.ts';
import { findReleasable } from './find-order.ts';

/**
 * Cancels an open order and places another in its stead, in any series; the new one has a number of
 * its own and may have the old one's client order id. Errors in order: order_not_found, not_owner,
 * quote_order, auction_frozen, those of `enterOrder`; on error the old order stays.
 *
 * Of one sub-account, the new one is margined net of the old one, whatever their series.
 */
export function replaceOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  { replaced, order }: ReplaceOrder,
): Result<ActionResult, Refusal> {
  const found = findReleasable(state, context, account, replaced);
  if (!found.ok) return found;
  const portfolio = portfolioId(account, order.subAccount);
  const options = { ...NEW_ORDER, replaced: found.value };
  const entered = enterOrder(state, context, portfolio, order, options);
  return entered.ok ? ok({ selector: ACTION_RESULT.order, value: entered.value }) : entered;
}

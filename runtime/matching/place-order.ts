/** The `placeOrder` action. */
import type { PlaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { ok, type Result } from '../core/result.ts';
import { type AccountId, portfolioId } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { enterOrder, NEW_ORDER } from './enter-order.ts';

/** Places an order of a sub-account of `account`. Errors and cost: those of `enterOrder`. */
export function placeOrder(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: PlaceOrder,
): Result<ActionResult, Refusal> {
  const portfolio = portfolioId(account, action.subAccount);
  const entered = enterOrder(state, context, portfolio, action, NEW_ORDER);
  return entered.ok ? ok({ selector: ACTION_RESULT.order, value: entered.value }) : entered;
}

/** One action of an admitted transaction: its class in the block's order of work, and its handler. */

import { transferAction } from './accounts/transfer.ts';
import { ACTION, type Action } from './action.ts';
import { POST_ONLY } from './actions/order-terms.ts';
import type { BlockContext } from './block-context.ts';
import { type Result, unreachable } from './core/result.ts';
import type { AccountId } from './core/units.ts';
import type { Refusal } from './error.ts';
import { cancelAll, cancelByClientId, cancelOrder } from './matching/cancel-order.ts';
import { placeOrder } from './matching/place-order.ts';
import type { ActionResult } from './receipt.ts';
import type { State } from './state/state.ts';

/** Only cancels and size reductions; those plus post-only orders and quotes; everything else. */
export const CLASS = { cancels: 0, makers: 1, rest: 2 } as const;
export type Class = (typeof CLASS)[keyof typeof CLASS];

/** The class that an action alone would put its transaction into. */
export function actionClass(action: Action): Class {
  switch (action.selector) {
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelAll:
      return CLASS.cancels;
    case ACTION.placeOrder:
      return action.value.postOnly === POST_ONLY.none ? CLASS.rest : CLASS.makers;
    case ACTION.transfer:
      return CLASS.rest;
    default:
      return unreachable(action);
  }
}

/** Carries out an action of `account`. A refusal has changed nothing. */
export function applyAction(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Action,
): Result<ActionResult, Refusal> {
  switch (action.selector) {
    case ACTION.transfer:
      return transferAction(state, context, account, action.value);
    case ACTION.placeOrder:
      return placeOrder(state, context, account, action.value);
    case ACTION.cancelOrder:
      return cancelOrder(state, context, account, action.value);
    case ACTION.cancelByClientId:
      return cancelByClientId(state, context, account, action.value);
    case ACTION.cancelAll:
      return cancelAll(state, context, account, action.value);
    default:
      return unreachable(action);
  }
}

/** One action of an admitted transaction: its class in the block's order of work, and its handler. */

import { isStakingAction } from '../staking/actions.ts';
import { applyStakingAction } from '../staking/apply-staking-action.ts';
import { applySecurityAction } from './accounts/security/apply-security-action.ts';
import type { Signers } from './accounts/security/signing-keys.ts';
import { setAgentBudget } from './accounts/set-agent-budget.ts';
import { transferAction } from './accounts/transfer.ts';
import { ACTION, type Action } from './action.ts';
import { isGovernanceAction } from './actions/governance.ts';
import { POST_ONLY, type PostOnly } from './actions/order-terms.ts';
import { isSecurityAction, isStopping } from './actions/security.ts';
import type { BlockContext } from './block-context.ts';
import { type Result, unreachable } from './core/result.ts';
import type { AccountId } from './core/units.ts';
import type { Refusal } from './error.ts';
import { setReferrer } from './fees/referral.ts';
import { applyGovernanceAction } from './governance/apply-governance-action.ts';
import { takeLiquidation } from './liquidation/take-liquidation.ts';
import { setMarginMode } from './margin/mode/set-margin-mode.ts';
import { amendOrder, reduceOrder } from './matching/amend-order.ts';
import { cancelByClientId, cancelOrder, cancelOrders } from './matching/cancel-order.ts';
import { linkOrders } from './matching/link-orders.ts';
import { placeOrder } from './matching/place-order.ts';
import { placeTrigger } from './matching/place-trigger.ts';
import { replaceOrder } from './matching/replace-order.ts';
import { acceptQuote } from './multileg/accept-quote.ts';
import { blockTrade } from './multileg/block-trade.ts';
import { cancelQuotes } from './multileg/cancel-quotes.ts';
import { createCombo } from './multileg/create-combo.ts';
import { quoteRequest } from './multileg/quote-request.ts';
import { requestForQuote } from './multileg/request-for-quote.ts';
import { cancelAfter } from './quoting/cancel-after.ts';
import { massQuote } from './quoting/mass-quote.ts';
import { resetProtection, setProtection } from './quoting/set-protection.ts';
import type { ActionResult } from './receipt.ts';
import type { State } from './state/state.ts';

/** Only cancels and size reductions; those plus post-only orders and quotes; everything else. */
export const CLASS = { cancels: 0, makers: 1, rest: 2 } as const;
export type Class = (typeof CLASS)[keyof typeof CLASS];

/** Of an order that may take, or that never does. */
function takerClass(postOnly: PostOnly): Class {
  return postOnly === POST_ONLY.none ? CLASS.rest : CLASS.makers;
}

/** The class that an action alone would put its transaction into. */
export function actionClass(action: Action): Class {
  if (isStakingAction(action) || isGovernanceAction(action)) return CLASS.rest;
  // What stops things goes before what they would do.
  if (isSecurityAction(action)) return isStopping(action) ? CLASS.cancels : CLASS.rest;
  switch (action.selector) {
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelOrders:
    case ACTION.reduceOrder:
    case ACTION.cancelQuotes:
    // It can only take orders away.
    case ACTION.cancelAfter:
      return CLASS.cancels;
    case ACTION.massQuote:
    case ACTION.setProtection:
    case ACTION.resetProtection:
      return CLASS.makers;
    case ACTION.placeOrder:
      return takerClass(action.value.postOnly);
    case ACTION.amendOrder:
      return takerClass(action.value.postOnly);
    case ACTION.replaceOrder:
      return takerClass(action.value.order.postOnly);
    case ACTION.placeTrigger:
    case ACTION.linkOrders:
      return CLASS.rest;
    case ACTION.transfer:
    case ACTION.setReferrer:
    case ACTION.setAgentBudget:
    case ACTION.setMarginMode:
      return CLASS.rest;
    case ACTION.quoteRequest:
      return CLASS.makers;
    case ACTION.createCombo:
    case ACTION.requestForQuote:
    case ACTION.acceptQuote:
    case ACTION.blockTrade:
    case ACTION.takeLiquidation:
      return CLASS.rest;
    default:
      return unreachable(action);
  }
}

const NOBODY: Signers = [];

/**
 * Carries out an action of `account`. `signers`: the keys that sign, which only actions of security ask
 * for. A refusal has changed nothing.
 */
export function applyAction(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Action,
  signers: Signers = NOBODY,
): Result<ActionResult, Refusal> {
  if (isStakingAction(action)) return applyStakingAction(state, context, account, action);
  if (isGovernanceAction(action)) return applyGovernanceAction(state, context, account, action);
  if (isSecurityAction(action)) {
    return applySecurityAction(state, context, account, action, signers);
  }
  switch (action.selector) {
    case ACTION.transfer:
      return transferAction(state, context, account, action.value);
    case ACTION.massQuote:
      return massQuote(state, context, account, action.value);
    case ACTION.setProtection:
      return setProtection(state, context, account, action.value);
    case ACTION.resetProtection:
      return resetProtection(state, context, account, action.value);
    case ACTION.cancelAfter:
      return cancelAfter(state, context, account, action.value);
    case ACTION.setAgentBudget:
      return setAgentBudget(state, context, account, action.value);
    case ACTION.setReferrer:
      return setReferrer(state, context, account, action.value);
    case ACTION.setMarginMode:
      return setMarginMode(state, context, account, action.value);
    case ACTION.placeOrder:
      return placeOrder(state, context, account, action.value);
    case ACTION.cancelOrder:
      return cancelOrder(state, context, account, action.value);
    case ACTION.cancelByClientId:
      return cancelByClientId(state, context, account, action.value);
    case ACTION.cancelOrders:
      return cancelOrders(state, context, account, action.value);
    case ACTION.amendOrder:
      return amendOrder(state, context, account, action.value);
    case ACTION.reduceOrder:
      return reduceOrder(state, context, account, action.value);
    case ACTION.replaceOrder:
      return replaceOrder(state, context, account, action.value);
    case ACTION.placeTrigger:
      return placeTrigger(state, context, account, action.value);
    case ACTION.linkOrders:
      return linkOrders(state, context, account, action.value);
    case ACTION.createCombo:
      return createCombo(state, context, action.value);
    case ACTION.requestForQuote:
      return requestForQuote(state, context, account, action.value);
    case ACTION.quoteRequest:
      return quoteRequest(state, context, account, action.value);
    case ACTION.cancelQuotes:
      return cancelQuotes(state, context, account, action.value);
    case ACTION.acceptQuote:
      return acceptQuote(state, context, account, action.value);
    case ACTION.blockTrade:
      return blockTrade(state, context, account, action.value);
    case ACTION.takeLiquidation:
      return takeLiquidation(state, context, account, action.value);
    default:
      return unreachable(action);
  }
}

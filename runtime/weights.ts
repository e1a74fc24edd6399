/**
 * Static worst-case weights: what a payload may cost at most, so that a block's cost is bounded before
 * it runs.
 *
 * Source: design/chain.md §1. One unit is about a microsecond of one core (measured: `npm run bench --
 * matching`, cases "most fills"). Loops inside an action have constant caps (`limits.ts`). An order
 * weighs as many resting orders as it may meet, which follows from its terms alone
 * (`matching/turns.ts`): its lots and some, at most 100 where it can rest, 1,000 where it cannot. What
 * no terms tell, the work of combos and of triggers that fire, has a budget of its own per block.
 */

import { isStakingAction } from '../staking/actions.ts';
import { stakingWeight } from '../staking/weights.ts';
import { securityWeight, signatureWeight } from './accounts/security/weights.ts';
import { ACTION, type Action } from './action.ts';
import { isGovernanceAction } from './actions/governance.ts';
import { TIME_IN_FORCE } from './actions/order-terms.ts';
import type { CancelOrders } from './actions/orders.ts';
import { isSecurityAction } from './actions/security.ts';
import { unreachable } from './core/result.ts';
import { governanceWeight } from './governance/weights.ts';
import {
  MAX_CANCELS_PER_ACTION,
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_ORDERS_SEEN_PER_CANCEL,
  MAX_TRIGGERS_PER_PORTFOLIO,
} from './limits.ts';
import { orderWeight } from './matching/turns.ts';
import { PAYLOAD, type Payload } from './transaction.ts';

const SIGNATURE_WEIGHT = 60;
const TRANSACTION_WEIGHT = 20;
const ORACLE_VOTE_WEIGHT = 100;

/** Of an order or a trigger that is closed. */
const CLOSE_WEIGHT = 2;

/** Weight of a cancel by filter: orders looked at, ~0.1 µs each, and those that it can close. */
function cancelsWeight({ allSubAccounts, instrument }: CancelOrders): number {
  if (allSubAccounts)
    return MAX_ORDERS_SEEN_PER_CANCEL / 10 + CLOSE_WEIGHT * MAX_CANCELS_PER_ACTION;
  const most =
    instrument === 0
      ? MAX_CANCELS_PER_ACTION
      : MAX_OPEN_ORDERS_PER_SERIES + MAX_TRIGGERS_PER_PORTFOLIO;
  return 20 + CLOSE_WEIGHT * most;
}

function actionWeight(action: Action): number {
  if (isStakingAction(action)) return stakingWeight(action, SIGNATURE_WEIGHT);
  if (isGovernanceAction(action)) return governanceWeight(action);
  if (isSecurityAction(action)) return securityWeight(action);
  switch (action.selector) {
    case ACTION.transfer:
    case ACTION.setReferrer:
      return 20;
    case ACTION.placeOrder:
      return orderWeight(action.value);
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
      return 10;
    case ACTION.reduceOrder:
    case ACTION.linkOrders:
      return 10;
    case ACTION.cancelOrders:
      return cancelsWeight(action.value);
    // An amended order can rest; a post-only one stays so.
    case ACTION.amendOrder:
      return 10 + orderWeight({ ...action.value, timeInForce: TIME_IN_FORCE.gtc });
    case ACTION.replaceOrder:
      return 10 + orderWeight(action.value.order);
    // Placing it; what it does when it fires is paid for by the block (`matching/fire-triggers.ts`).
    case ACTION.placeTrigger:
      return 80;
    // Two sides a series: each withdraws an order and enters one that trades with nobody.
    case ACTION.massQuote:
      return 20 + 20 * action.value.quotes.length;
    case ACTION.setProtection:
    case ACTION.resetProtection:
    case ACTION.cancelAfter:
    case ACTION.setAgentBudget:
      return 10;
    // Margin from scratch in the new mode, for 128 series.
    case ACTION.setMarginMode:
      return 300;
    // Margin of up to 20 legs, for both sides where they trade: one check is up to 50 units.
    case ACTION.createCombo:
      return 60;
    case ACTION.requestForQuote:
      return 40;
    case ACTION.quoteRequest:
      return 150;
    case ACTION.cancelQuotes:
      return 200;
    case ACTION.acceptQuote:
      return 600;
    // Margin of up to 256 series, for both sides.
    case ACTION.takeLiquidation:
      return 1_500;
    case ACTION.blockTrade:
      return 150 + SIGNATURE_WEIGHT;
    default:
      return unreachable(action);
  }
}

/** Weight of a payload: signatures, actions and overhead. */
export function payloadWeight(payload: Payload): number {
  if (payload.selector === PAYLOAD.oracleVote) return ORACLE_VOTE_WEIGHT;
  const { body } = payload.value;
  return body.actions.reduce(
    (sum, action) => sum + actionWeight(action),
    body.signers.reduce((sum, { scheme }) => sum + signatureWeight(scheme), TRANSACTION_WEIGHT),
  );
}

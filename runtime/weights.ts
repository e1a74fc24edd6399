/**
 * Static worst-case weights: what a payload may cost at most, so that a block's cost is bounded before
 * it runs.
 *
 * Source: design/chain.md §1. One unit is about a microsecond of one core. Loops inside an action
 * have constant caps (`limits.ts`); a place order weighs its typical fills, since each fill beyond
 * removes a resting order that was paid for by an earlier weight.
 */

import { isStakingAction } from '../staking/actions.ts';
import { stakingWeight } from '../staking/weights.ts';
import { ACTION, type Action } from './action.ts';
import { unreachable } from './core/result.ts';
import { PAYLOAD, type Payload } from './transaction.ts';

const SIGNATURE_WEIGHT = 60;
const TRANSACTION_WEIGHT = 20;
const ORACLE_VOTE_WEIGHT = 100;

function actionWeight(action: Action): number {
  if (isStakingAction(action)) return stakingWeight(action, SIGNATURE_WEIGHT);
  switch (action.selector) {
    case ACTION.transfer:
    case ACTION.setReferrer:
      return 20;
    case ACTION.placeOrder:
      return 50;
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
      return 10;
    case ACTION.reduceOrder:
    case ACTION.linkOrders:
      return 10;
    // What it looks at; each order that it closes was paid for when it was placed.
    case ACTION.cancelOrders:
      return action.value.allSubAccounts ? 2_200 : 220;
    case ACTION.amendOrder:
      return 60;
    case ACTION.replaceOrder:
      return 70;
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
    TRANSACTION_WEIGHT + SIGNATURE_WEIGHT * body.signers.length,
  );
}

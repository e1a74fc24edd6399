/**
 * Static worst-case weights: what a payload may cost at most, so that a block's cost is bounded before
 * it runs.
 *
 * Source: design/chain.md §1. One unit is about a microsecond of one core. Loops inside an action
 * have constant caps (`limits.ts`); a place order weighs its typical fills, since each fill beyond
 * removes a resting order that was paid for by an earlier weight.
 */

import { ACTION, type Action } from './action.ts';
import { unreachable } from './core/result.ts';
import { PAYLOAD, type Payload } from './transaction.ts';

const SIGNATURE_WEIGHT = 60;
const TRANSACTION_WEIGHT = 20;
const ORACLE_VOTE_WEIGHT = 100;

function actionWeight(action: Action): number {
  switch (action.selector) {
    case ACTION.transfer:
      return 20;
    case ACTION.placeOrder:
      return 50;
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
      return 10;
    case ACTION.cancelAll:
      return 200;
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

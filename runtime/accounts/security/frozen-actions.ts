/**
 * What a frozen account may still do: cancel, reduce, top up its own sub-accounts, take stake back, and
 * everything that stops things.
 *
 * Source: design/staking-and-keys.md §4. Reductions are metered as ever; one that gives nothing away
 * always passes.
 */
import { isStakingAction, STAKING_ACTION, STANDING_CHANGE } from '../../../staking/actions.ts';
import { ACTION, type Action } from '../../action.ts';
import { GOVERNANCE_ACTION } from '../../actions/governance.ts';
import { SECURITY_ACTION } from '../../actions/security.ts';

/** Whether an action neither adds risk nor lets anything leave. Sends are judged by their receiver. */
export function isAllowedFrozen(action: Action): boolean {
  if (isStakingAction(action)) {
    switch (action.selector) {
      case STAKING_ACTION.undelegate:
      case STAKING_ACTION.cancelUnbonding:
      case STAKING_ACTION.claimRewards:
      case STAKING_ACTION.withdrawUnbonded:
      case STAKING_ACTION.compound:
      case STAKING_ACTION.pokeDelegation:
      case STAKING_ACTION.submitEvidence:
        return true;
      case STAKING_ACTION.changeStanding:
        return action.value.change !== STANDING_CHANGE.exit;
      default:
        return false;
    }
  }
  switch (action.selector) {
    case GOVERNANCE_ACTION.castVote:
    case GOVERNANCE_ACTION.castValidatorVote:
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelOrders:
    case ACTION.reduceOrder:
    case ACTION.cancelQuotes:
    case ACTION.cancelAfter:
    case ACTION.transfer:
      return true;
    case ACTION.placeOrder:
      return action.value.reduceOnly;
    case ACTION.replaceOrder:
    case ACTION.placeTrigger:
      return action.value.order.reduceOnly;
    case ACTION.massQuote:
      return action.value.quotes.every(({ bidSize, askSize }) => bidSize === 0 && askSize === 0);
    case SECURITY_ACTION.changeSecurity:
    case SECURITY_ACTION.endPending:
    case SECURITY_ACTION.freeze:
    case SECURITY_ACTION.rearm:
    case SECURITY_ACTION.recover:
    case SECURITY_ACTION.cancelRecovery:
      return true;
    default:
      return false;
  }
}

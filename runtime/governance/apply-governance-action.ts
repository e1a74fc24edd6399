/** Carries out one action of governance, and says what each weighs. */
import { GOVERNANCE_ACTION, type GovernanceAction } from '../actions/governance.ts';
import type { BlockContext } from '../block-context.ts';
import { type Result, unreachable } from '../core/result.ts';
import type { AccountId } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import type { ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { signalReady } from '../upgrade/plan-upgrade.ts';
import { castValidatorVote, castVote } from './cast-vote.ts';
import { pauseTrading } from './pause-trading.ts';
import { depositProposal, submitProposal } from './submit-proposal.ts';

/** A refusal has changed nothing but what settling a delegation brings up to date. */
export function applyGovernanceAction(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: GovernanceAction,
): Result<ActionResult, Refusal> {
  switch (action.selector) {
    case GOVERNANCE_ACTION.submitProposal:
      return submitProposal(state, context, account, action.value);
    case GOVERNANCE_ACTION.depositProposal:
      return depositProposal(state, context, account, action.value);
    case GOVERNANCE_ACTION.castVote:
      return castVote(state, context, account, action.value);
    case GOVERNANCE_ACTION.castValidatorVote:
      return castValidatorVote(state, context, account, action.value);
    case GOVERNANCE_ACTION.pauseTrading:
      return pauseTrading(state, context, account, action.value);
    case GOVERNANCE_ACTION.signalReady:
      return signalReady(state, context, account, action.value);
    default:
      return unreachable(action);
  }
}

/** Static worst-case weights of the actions of governance; one unit is about a microsecond. */
import { GOVERNANCE_ACTION, type GovernanceAction } from '../actions/governance.ts';

/** Of a proposal: twenty models of risk parameters, and what it displaces. */
const PROPOSAL_WEIGHT = 2_000;
/** Settling a delegation and its row of the tally. */
const VOTE_WEIGHT = 60;

/** Weight of an action. */
export function governanceWeight(action: GovernanceAction): number {
  switch (action.selector) {
    case GOVERNANCE_ACTION.submitProposal:
      return PROPOSAL_WEIGHT;
    case GOVERNANCE_ACTION.castVote:
      return 20 + VOTE_WEIGHT * action.value.validators.length;
    case GOVERNANCE_ACTION.depositProposal:
    case GOVERNANCE_ACTION.castValidatorVote:
    case GOVERNANCE_ACTION.pauseTrading:
    case GOVERNANCE_ACTION.signalReady:
      return VOTE_WEIGHT;
  }
}

/** Static worst-case weights of the actions of staking; one unit is about a microsecond. */
import { STAKING_ACTION, type StakingAction } from './actions.ts';

/** Settling a delegation: its joins, unbondings and liens are bounded. */
const SETTLE_WEIGHT = 60;
/** Renewing φ of every guilty validator over the epochs of the window. */
const EVIDENCE_WEIGHT = 2_000;

/** Weight of an action; `signature`: that of one signature to verify. */
export function stakingWeight(action: StakingAction, signature: number): number {
  switch (action.selector) {
    case STAKING_ACTION.createValidator:
      return 3 * signature + SETTLE_WEIGHT;
    case STAKING_ACTION.rotateKey:
      return signature + SETTLE_WEIGHT;
    case STAKING_ACTION.submitEvidence:
      return 2 * signature + EVIDENCE_WEIGHT;
    case STAKING_ACTION.redelegate:
      return 2 * SETTLE_WEIGHT;
    default:
      return SETTLE_WEIGHT;
  }
}

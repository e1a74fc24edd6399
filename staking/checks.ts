/** The signatures that an action of staking brings beside its transaction's, to verify at the vote. */
import { STAKING_ACTION, type StakingAction } from './actions.ts';
import { evidenceChecks } from './evidence-checks.ts';
import { creationChecks, possessionCheck, type StakingSignature } from './possession.ts';

/** In order; `operator`: the 20-byte address of the transaction's account. */
export function stakingChecks(
  chainId: Uint8Array,
  operator: Uint8Array,
  action: StakingAction,
): StakingSignature[] {
  switch (action.selector) {
    case STAKING_ACTION.createValidator:
      return creationChecks(chainId, operator, action.value);
    case STAKING_ACTION.rotateKey:
      return [possessionCheck(chainId, operator, action.value.role, action.value.key)];
    case STAKING_ACTION.submitEvidence:
      return evidenceChecks(chainId, action.value);
    default:
      return [];
  }
}

/** Carries out one action of staking. */

import { toHex } from '../runtime/core/bytes.ts';
import { err, unreachable } from '../runtime/core/result.ts';
import { type AccountId, address } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import {
  type ChangeStanding,
  type PokeDelegation,
  STAKING_ACTION,
  STANDING_CHANGE,
  type StakingAction,
} from './actions.ts';
import { cancelUnbonding } from './cancel-unbonding.ts';
import { changeCommission } from './change-commission.ts';
import { claimRewards } from './claim-rewards.ts';
import { compound, setCompounding } from './compound.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { createValidator } from './create-validator.ts';
import { delegate } from './delegate.ts';
import { editValidator } from './edit-validator.ts';
import { exit, jail, unjail } from './jail.ts';
import { poke } from './poke.ts';
import { redelegate } from './redelegate.ts';
import { revokeOracleKey, rotateKey } from './rotate-key.ts';
import { setWithdrawAddress } from './set-withdraw-address.ts';
import { submitEvidence } from './submit-evidence.ts';
import type { StakingState } from './tables.ts';
import { undelegate } from './undelegate.ts';
import { withdrawUnbonded } from './withdraw-unbonded.ts';

/** Errors: bad_standing, then those of the act. */
function changeStanding(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { change }: ChangeStanding,
): StakingOutcome {
  switch (change) {
    case STANDING_CHANGE.jail:
      return jail(state, context, account);
    case STANDING_CHANGE.unjail:
      return unjail(state, context, account);
    case STANDING_CHANGE.exit:
      return exit(state, context, account);
    case STANDING_CHANGE.revokeOracleKey:
      return revokeOracleKey(state, context, account);
    default:
      return err(refusal('bad_standing', { given: change, allowed: 3 }));
  }
}

/** An act on the delegation of an account named by its address. Errors: unknown_delegation, then its own. */
function onDelegation(
  state: StakingState,
  { delegator, validator }: PokeDelegation,
  act: (named: { account: AccountId; validator: PokeDelegation['validator'] }) => StakingOutcome,
): StakingOutcome {
  const found = state.accounts.get(address(toHex(delegator)));
  if (found === undefined) return err(refusal('unknown_delegation', { given: validator }));
  return act({ account: found.id, validator });
}

/** A refusal has changed nothing but what settling a delegation brings up to date. */
export function applyStakingAction(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  action: StakingAction,
): StakingOutcome {
  switch (action.selector) {
    case STAKING_ACTION.createValidator:
      return createValidator(state, context, account, action.value);
    case STAKING_ACTION.editValidator:
      return editValidator(state, context, account, action.value);
    case STAKING_ACTION.changeCommission:
      return changeCommission(state, context, account, action.value);
    case STAKING_ACTION.rotateKey:
      return rotateKey(state, context, account, action.value);
    case STAKING_ACTION.changeStanding:
      return changeStanding(state, context, account, action.value);
    case STAKING_ACTION.delegate:
      return delegate(state, context, account, action.value);
    case STAKING_ACTION.undelegate:
      return undelegate(state, context, account, action.value);
    case STAKING_ACTION.cancelUnbonding:
      return cancelUnbonding(state, context, account, action.value);
    case STAKING_ACTION.redelegate:
      return redelegate(state, context, account, action.value);
    case STAKING_ACTION.claimRewards:
      return claimRewards(state, context, account, action.value);
    case STAKING_ACTION.withdrawUnbonded:
      return withdrawUnbonded(state, context, account, action.value);
    case STAKING_ACTION.setWithdrawAddress:
      return setWithdrawAddress(state, context, account, action.value);
    case STAKING_ACTION.setCompounding:
      return setCompounding(state, context, account, action.value);
    case STAKING_ACTION.compound:
      return onDelegation(state, action.value, (named) => compound(state, context, named));
    case STAKING_ACTION.pokeDelegation:
      return onDelegation(state, action.value, (named) => poke(state, context, named));
    case STAKING_ACTION.submitEvidence:
      return submitEvidence(state, context, account, action.value);
    default:
      return unreachable(action);
  }
}

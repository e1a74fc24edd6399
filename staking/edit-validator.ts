/** `editValidator`: name and addresses of a validator; addresses count from the next config fixed. */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import type { EditValidator } from './actions.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { detailsRefusal } from './create-validator.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE } from './events.ts';
import { operatedBy } from './operator.ts';
import type { StakingState } from './tables.ts';

/** Errors in order: not_operator, exited, bad_validator. O(1). */
export function editValidator(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { moniker, addresses }: EditValidator,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const bad = detailsRefusal(moniker, addresses);
  if (bad !== undefined) return err(bad);

  // From here it must succeed.
  const row = operated.value;
  Object.assign(row, { moniker, addresses });
  state.staking.validators.touch(row.id);
  const value = { validator: row.id, change: VALIDATOR_CHANGE.edited };
  context.events.push({ selector: STAKING_EVENT.validatorChanged, value });
  return ok({ selector: STAKING_RESULT.validator, value: { validator: row.id } });
}

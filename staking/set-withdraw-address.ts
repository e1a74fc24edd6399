/** `setWithdrawAddress`: where an account's rewards and unbonded stake are paid. */

import { toHex } from '../runtime/core/bytes.ts';
import { err, ok } from '../runtime/core/result.ts';
import { type AccountId, address } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import type { SetWithdrawAddress } from './actions.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { STAKING_RESULT } from './events.ts';
import { NO_VALIDATOR } from './ids.ts';
import type { StakingState } from './tables.ts';

/** Errors: unknown_receiver. Whoever may loosen limits of the account may call this. O(1). */
export function setWithdrawAddress(
  state: StakingState,
  _context: StakingContext,
  account: AccountId,
  action: SetWithdrawAddress,
): StakingOutcome {
  const receiver = state.accounts.get(address(toHex(action.address)));
  if (receiver === undefined) return err(refusal('unknown_receiver'));
  if (receiver.id === account) state.staking.withdrawTo.delete(account);
  else state.staking.withdrawTo.set(account, { account: receiver.id });
  return ok({ selector: STAKING_RESULT.validator, value: { validator: NO_VALIDATOR } });
}

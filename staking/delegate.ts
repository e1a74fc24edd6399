/** `delegate`: puts MIL behind a validator. It weighs, votes and earns from the epoch after the next. */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { balanceOf } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { Delegate } from './actions.ts';
import { moveMil, purse, type StakingContext, type StakingOutcome } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { join, joinRefusal } from './join.ts';
import { MIN_DELEGATION } from './limits.ts';
import { settle } from './settle.ts';
import type { StakingState } from './tables.ts';

/**
 * Errors in order: unknown_validator, tombstoned, exited, pool_closed, below_minimum,
 * insufficient_mil. O(1).
 */
export function delegate(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator, amount }: Delegate,
): StakingOutcome {
  const refused = joinRefusal(state, validator);
  if (refused !== undefined) return err(refused);
  if (amount < MIN_DELEGATION) {
    return err(refusal('below_minimum', { given: amount, allowed: MIN_DELEGATION }));
  }
  const from = purse(account);
  const balance = balanceOf(state, from, DENOMINATION.mil);
  if (amount > balance) {
    return err(refusal('insufficient_mil', { given: amount, allowed: balance }));
  }

  // From here it must succeed. Joins of past epochs make room in the row first.
  settle(state, context, account, validator);
  moveMil(state, from, MODULE.bonded, amount);
  const fromEpoch = join(state, context, { account, validator, amount });
  context.events.push({
    selector: STAKING_EVENT.delegated,
    value: { account, validator, amount, fromEpoch },
  });
  return ok({ selector: STAKING_RESULT.staked, value: { amount, fromEpoch } });
}

/** `setCompounding` and `compound`: MIL rewards become stake, by anyone's poke, if the owner allows. */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { SetCompounding } from './actions.ts';
import { payRewards, type StakingContext, type StakingOutcome } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import type { ValidatorId } from './ids.ts';
import { join, joinRefusal } from './join.ts';
import { MIN_DELEGATION } from './limits.ts';
import { settle } from './settle.ts';
import { changedMeta, type StakingState } from './tables.ts';

/** `account`: whose rewards; anyone may ask. */
export type Compound = { readonly account: AccountId; readonly validator: ValidatorId };

/** Errors: unknown_delegation. O(1). */
export function setCompounding(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator, allowed }: SetCompounding,
): StakingOutcome {
  const row = settle(state, context, account, validator);
  if (row === undefined) return err(refusal('unknown_delegation', { given: validator }));
  row.compounds = allowed;
  return ok({ selector: STAKING_RESULT.validator, value: { validator } });
}

/**
 * Errors in order: those of a join, unknown_delegation, compounding_off, below_minimum. USD stays to be
 * claimed. O(1).
 */
export function compound(
  state: StakingState,
  context: StakingContext,
  { account, validator }: Compound,
): StakingOutcome {
  const refused = joinRefusal(state, validator);
  if (refused !== undefined) return err(refused);
  const row = settle(state, context, account, validator);
  if (row === undefined) return err(refusal('unknown_delegation', { given: validator }));
  if (!row.compounds) return err(refusal('compounding_off', { given: validator }));
  const amount = row.accrued.mil;
  if (amount < MIN_DELEGATION) {
    return err(refusal('below_minimum', { given: amount, allowed: MIN_DELEGATION }));
  }

  // From here it must succeed.
  row.accrued.mil = 0n;
  changedMeta(state).outstanding.mil -= amount;
  payRewards(state, MODULE.bonded, { usd: 0n, mil: amount });
  const fromEpoch = join(state, context, { account, validator, amount });
  const value = { account, validator, amount, fromEpoch };
  context.events.push({ selector: STAKING_EVENT.delegated, value });
  return ok({ selector: STAKING_RESULT.staked, value: { amount, fromEpoch } });
}

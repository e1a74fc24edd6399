/** `poke`: settles anyone's delegation, so that liens that fell due are paid before they are touched. */
import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { STAKING_RESULT } from './events.ts';
import type { ValidatorId } from './ids.ts';
import { dropIfEmpty, settle } from './settle.ts';
import type { StakingState } from './tables.ts';

export type Poke = { readonly account: AccountId; readonly validator: ValidatorId };

/** Errors: unknown_delegation. O(1). */
export function poke(
  state: StakingState,
  context: StakingContext,
  { account, validator }: Poke,
): StakingOutcome {
  if (settle(state, context, account, validator) === undefined) {
    return err(refusal('unknown_delegation', { given: validator }));
  }
  dropIfEmpty(state, account, validator);
  return ok({ selector: STAKING_RESULT.validator, value: { validator } });
}

/** The validator that an account operates, for the acts of operators. */
import { err, ok, type Result } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { type Refusal, refusal } from '../runtime/error.ts';
import type { StakingState } from './tables.ts';
import type { Validator } from './validator.ts';

/** Errors in order: not_operator, exited. */
export function operatedBy(
  { staking }: StakingState,
  account: AccountId,
): Result<Validator, Refusal> {
  const ref = staking.operators.get(account);
  if (ref === undefined) return err(refusal('not_operator'));
  const row = staking.validators.must(ref.validator);
  return row.exited ? err(refusal('exited', { given: row.id })) : ok(row);
}

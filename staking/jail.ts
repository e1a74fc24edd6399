/**
 * `jail` (a validator of itself), `unjail`, `exit`, and jailing for absence.
 *
 * Source: design/staking-and-keys.md §3. Jailed in e: out of the config of e+2; nothing accrues; back
 * only at weight zero and with the time served. Nothing is burned.
 */
import { err, ok } from '../runtime/core/result.ts';
import { type AccountId, timestampMs } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { currentEpoch, type StakingContext, type StakingOutcome, stakingTime } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE, type ValidatorChange } from './events.ts';
import { MICRO } from './fraction.ts';
import type { ValidatorId } from './ids.ts';
import { operatedBy } from './operator.ts';
import { minSelfBond, stakeOf } from './self-bond.ts';
import type { StakingState } from './tables.ts';
import type { Validator } from './validator.ts';

function note(context: StakingContext, validator: ValidatorId, change: ValidatorChange): void {
  context.events.push({
    selector: STAKING_EVENT.validatorChanged,
    value: { validator, change },
  });
}

const done = ({ id }: Validator): StakingOutcome =>
  ok({ selector: STAKING_RESULT.validator, value: { validator: id } });

/** Jails a validator that is not; nothing for one that is. */
export function jailValidator(
  state: StakingState,
  context: StakingContext,
  row: Validator,
  servesMs: number,
): void {
  if (row.jailed) return;
  row.jailed = true;
  row.jailedInEpoch = currentEpoch(context);
  row.jailedUntil = timestampMs(stakingTime(state, context) + servesMs);
  state.staking.validators.touch(row.id);
  note(context, row.id, VALIDATOR_CHANGE.jailed);
}

/** An operator takes its validator out for maintenance. Errors in order: not_operator, exited, already_jailed. */
export function jail(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const row = operated.value;
  if (row.jailed) return err(refusal('already_jailed', { given: row.id }));
  jailValidator(state, context, row, 0);
  return done(row);
}

/** Errors in order: not_operator, exited, tombstoned, not_jailed, still_jailed, still_weighs, self_bond. */
export function unjail(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const row = operated.value;
  if (row.tombstoned) return err(refusal('tombstoned', { given: row.id }));
  if (!row.jailed) return err(refusal('not_jailed', { given: row.id }));
  const now = stakingTime(state, context);
  if (now < row.jailedUntil) {
    return err(refusal('still_jailed', { given: now, allowed: row.jailedUntil }));
  }
  // Out of the config of e + 2; later it weighs only where too few others are left to serve.
  const freeFrom = row.jailedInEpoch + 2;
  if (currentEpoch(context) < freeFrom) {
    return err(refusal('still_weighs', { given: currentEpoch(context), allowed: freeFrom }));
  }
  const bond = stakeOf(state, account, row.id);
  const least = minSelfBond(state, now) * MICRO;
  if (bond < least) return err(refusal('self_bond', { given: bond, allowed: least }));

  // From here it must succeed.
  row.jailed = false;
  state.staking.validators.touch(row.id);
  note(context, row.id, VALIDATOR_CHANGE.unjailed);
  return done(row);
}

/** The validator leaves for ever, from the config after the next. Errors in order: not_operator, exited. */
export function exit(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const row = operated.value;
  row.exited = true;
  state.staking.validators.touch(row.id);
  note(context, row.id, VALIDATOR_CHANGE.exited);
  return done(row);
}

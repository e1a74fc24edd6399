/**
 * `changeCommission`: falls with the next config fixed, rises after a notice of seven days, within the
 * validator's own maximum and its step, once a day.
 *
 * Source: design/staking-and-keys.md §3. A change replaces one that is still pending.
 */

import { err, ok } from '../runtime/core/result.ts';
import { type AccountId, timestampMs } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import type { ChangeCommission } from './actions.ts';
import { type StakingContext, type StakingOutcome, stakingTime } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE } from './events.ts';
import { operatedBy } from './operator.ts';
import { type StakingState, stakingParametersOf } from './tables.ts';

const DAY_MS = 24 * 3_600_000;

/** Errors in order: not_operator, exited, bad_commission, commission_step, commission_changed. O(1). */
export function changeCommission(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { commissionBps }: ChangeCommission,
): StakingOutcome {
  const operated = operatedBy(state, account);
  if (!operated.ok) return operated;
  const row = operated.value;
  if (commissionBps > row.maxCommissionBps) {
    const facts = { given: commissionBps, allowed: row.maxCommissionBps };
    return err(refusal('bad_commission', facts));
  }
  const highest = row.commissionBps + row.maxCommissionStepBps;
  if (commissionBps > highest) {
    return err(refusal('commission_step', { given: commissionBps, allowed: highest }));
  }
  const now = stakingTime(state, context);
  const rises = commissionBps > row.commissionBps;
  if (rises && row.commissionChangedAt > 0 && now < row.commissionChangedAt + DAY_MS) {
    const facts = { given: now, allowed: row.commissionChangedAt + DAY_MS };
    return err(refusal('commission_changed', facts));
  }

  // From here it must succeed.
  const noticeMs = rises ? stakingParametersOf(state).commissionNoticeMs : 0;
  row.pendingCommission = [{ bps: commissionBps, at: timestampMs(now + noticeMs) }];
  row.commissionChangedAt = now;
  state.staking.validators.touch(row.id);
  const value = { validator: row.id, change: VALIDATOR_CHANGE.commission };
  context.events.push({ selector: STAKING_EVENT.validatorChanged, value });
  return ok({ selector: STAKING_RESULT.validator, value: { validator: row.id } });
}

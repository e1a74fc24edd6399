/** `claimRewards`: pays what a delegation has earned, and to the operator the commission. */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import type { ClaimRewards } from './actions.ts';
import {
  payoutPortfolio,
  payRewards,
  type StakingContext,
  type StakingOutcome,
} from './context.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { dropIfEmpty, settle } from './settle.ts';
import { changedMeta, type StakingState } from './tables.ts';

/**
 * Pays to the account's withdraw address. Errors in order: unknown_validator, nothing_to_claim.
 * O(1): a difference of accumulators a denomination.
 */
export function claimRewards(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator }: ClaimRewards,
): StakingOutcome {
  const { validators } = state.staking;
  const operated = validators.get(validator);
  if (operated === undefined) return err(refusal('unknown_validator', { given: validator }));
  const accrued = settle(state, context, account, validator)?.accrued;
  const commission = operated.operator === account ? operated.commission : undefined;
  const usd = (accrued?.usd ?? 0n) + (commission?.usd ?? 0n);
  const mil = (accrued?.mil ?? 0n) + (commission?.mil ?? 0n);
  if (usd === 0n && mil === 0n) return err(refusal('nothing_to_claim', { given: validator }));

  // From here it must succeed.
  if (accrued !== undefined) Object.assign(accrued, { usd: 0n, mil: 0n });
  if (commission !== undefined) {
    Object.assign(commission, { usd: 0n, mil: 0n });
    validators.touch(validator);
  }
  const { outstanding } = changedMeta(state);
  outstanding.usd -= usd;
  outstanding.mil -= mil;
  payRewards(state, payoutPortfolio(state, account), { usd, mil });
  dropIfEmpty(state, account, validator);
  const value = { account, validator, usd, mil };
  context.events.push({ selector: STAKING_EVENT.rewardsClaimed, value });
  return ok({ selector: STAKING_RESULT.claimed, value: { usd, mil } });
}

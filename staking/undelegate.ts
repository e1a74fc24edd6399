/**
 * `undelegate`: takes stake back. It weighs, earns and is liable through the next epoch, then waits in
 * the validator's exit pool.
 */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { leaveVotes } from '../runtime/governance/voting-shares.ts';
import type { Undelegate } from './actions.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { weighsThrough } from './join.ts';
import { MAX_LIENS, MAX_UNBONDINGS } from './limits.ts';
import { settle } from './settle.ts';
import type { StakingState } from './tables.ts';
import { openExit, sharesFor, takeShares } from './take-shares.ts';

/**
 * Errors in order: unknown_delegation, insufficient_stake, zero_stake, too_many_unbondings. It asks
 * nothing of the validator: everyone can leave any of them. O(liens).
 */
export function undelegate(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator, amount }: Undelegate,
): StakingOutcome {
  const row = settle(state, context, account, validator);
  if (row === undefined) return err(refusal('unknown_delegation', { given: validator }));
  const pool = state.staking.pools.must(validator);
  const wanted = sharesFor(row, pool, amount);
  if (!wanted.ok) return wanted;
  const shares = wanted.value;
  const lastEpoch = weighsThrough(context);
  const known = row.unbondings.find((entry) => entry.lastEpoch === lastEpoch);
  if (known === undefined && row.unbondings.length >= MAX_UNBONDINGS) {
    return err(refusal('too_many_unbondings', { allowed: MAX_UNBONDINGS }));
  }
  if (known !== undefined && known.liens.length + row.liens.length > MAX_LIENS) {
    return err(refusal('too_many_liens', { allowed: MAX_LIENS }));
  }

  // From here it must succeed.
  const before = row.shares;
  const liens = takeShares(row, shares);
  leaveVotes(state, { account, validator }, row, before);
  if (known === undefined) {
    row.unbondings.push({ lastEpoch, shares, index: { ...pool.index }, liens });
  } else {
    // `settle` has paid the entry up to the pool's accumulators, so the two halves are alike.
    known.shares += shares;
    known.liens.push(...liens);
  }
  openExit(state, validator, lastEpoch).shares += shares;
  context.events.push({
    selector: STAKING_EVENT.undelegated,
    value: { account, validator, shares, lastEpoch },
  });
  return ok({ selector: STAKING_RESULT.leaving, value: { shares, lastEpoch } });
}

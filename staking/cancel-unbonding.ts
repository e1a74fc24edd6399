/**
 * `cancelUnbonding`: stake that leaves comes back. What is still active simply stays; what has left
 * joins again at the rate of its new first epoch, and goes on answering for the faults of the epochs
 * in which it weighed: as a lien of the validator on itself.
 */

import { mulDivFloor } from '../runtime/core/math.ts';
import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { noteEntered } from '../runtime/governance/voting-shares.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { CancelUnbonding } from './actions.ts';
import { takeExitShares } from './burn-shares.ts';
import { currentEpoch, moveMil, type StakingContext, type StakingOutcome } from './context.ts';
import { lienCount } from './delegation.ts';
import { dropExitIfEmpty } from './drop-exit.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { PHI_ONE } from './fraction.ts';
import { validatorEpochKey } from './ids.ts';
import { join, joinRefusal, weighsThrough } from './join.ts';
import { MAX_LIENS } from './limits.ts';
import { settle } from './settle.ts';
import type { StakingState } from './tables.ts';

/**
 * Errors in order: unknown_delegation, unknown_unbonding, leaving_now, then, of stake that has left,
 * those of a join, lien_lives (stake that came by redelegation does not re-enter), too_many_liens,
 * zero_stake.
 */
export function cancelUnbonding(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator, lastEpoch }: CancelUnbonding,
): StakingOutcome {
  const row = settle(state, context, account, validator);
  if (row === undefined) return err(refusal('unknown_delegation', { given: validator }));
  const position = row.unbondings.findIndex((other) => other.lastEpoch === lastEpoch);
  const entry = row.unbondings[position];
  if (entry === undefined) return err(refusal('unknown_unbonding', { given: lastEpoch }));
  const key = validatorEpochKey.pack(validator, lastEpoch);
  const exit = state.staking.exitPools.must(key);
  if (lastEpoch === currentEpoch(context)) {
    return err(refusal('leaving_now', { given: lastEpoch }));
  }
  if (lastEpoch === weighsThrough(context)) {
    // It was asked for in this epoch and has left no config yet. From here it must succeed.
    exit.shares -= entry.shares;
    row.shares += entry.shares;
    // Votes that ran have counted it as gone.
    noteEntered(state, row, lastEpoch, entry.shares);
    row.liens.push(...entry.liens);
    row.unbondings.splice(position, 1);
    state.staking.exitPools.touch(key);
    dropExitIfEmpty(state, validator, lastEpoch);
    return ok({
      selector: STAKING_RESULT.staked,
      value: {
        amount: mulDivFloor(
          entry.shares,
          state.staking.pools.must(validator).tokens,
          state.staking.pools.must(validator).shares,
        ),
        fromEpoch: currentEpoch(context),
      },
    });
  }
  const refused = joinRefusal(state, validator);
  if (refused !== undefined) return err(refused);
  if (entry.liens.length > 0) return err(refusal('lien_lives', { given: validator }));
  if (lienCount(row) >= MAX_LIENS) {
    return err(refusal('too_many_liens', { allowed: MAX_LIENS }));
  }
  const paidPhi = exit.base === 0n ? 0n : mulDivFloor(exit.burned, PHI_ONE, exit.base);
  if (mulDivFloor(entry.shares, exit.base - exit.burned, exit.shares) === 0n) {
    return err(refusal('zero_stake'));
  }

  // From here it must succeed.
  const amount = takeExitShares(exit, entry.shares);
  row.unbondings.splice(position, 1);
  state.staking.exitPools.touch(key);
  moveMil(state, MODULE.unbonding, MODULE.bonded, amount);
  const fromEpoch = join(state, context, { account, validator, amount }, { lastEpoch, paidPhi });
  context.events.push({
    selector: STAKING_EVENT.delegated,
    value: { account, validator, amount, fromEpoch },
  });
  return ok({ selector: STAKING_RESULT.staked, value: { amount, fromEpoch } });
}

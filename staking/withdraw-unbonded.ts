/** `withdrawUnbonded`: pays every unbonding of a delegation that has matured. */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { WithdrawUnbonded } from './actions.ts';
import { takeExitShares } from './burn-shares.ts';
import {
  currentEpoch,
  moveMil,
  payoutPortfolio,
  type StakingContext,
  type StakingOutcome,
  stakingTime,
} from './context.ts';
import { dropExitIfEmpty } from './drop-exit.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { validatorEpochKey } from './ids.ts';
import { type ExitPool, STAGE } from './pools.ts';
import { dropIfEmpty, settle } from './settle.ts';
import type { StakingState } from './tables.ts';

/** Whether an exit pool pays: its time and its epochs are over, as they were set when it left. */
export function isMatured(
  state: StakingState,
  context: StakingContext,
  { stage, maturesAt, maturesInEpoch }: ExitPool,
): boolean {
  return (
    stage !== STAGE.pending &&
    stakingTime(state, context) >= maturesAt &&
    currentEpoch(context) >= maturesInEpoch
  );
}

/** Errors in order: unknown_delegation, not_matured. O(unbondings). */
export function withdrawUnbonded(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { validator }: WithdrawUnbonded,
): StakingOutcome {
  const row = settle(state, context, account, validator);
  if (row === undefined) return err(refusal('unknown_delegation', { given: validator }));
  const { exitPools } = state.staking;
  const due = row.unbondings.filter(({ lastEpoch }) =>
    isMatured(state, context, exitPools.must(validatorEpochKey.pack(validator, lastEpoch))),
  );
  if (due.length === 0) return err(refusal('not_matured', { given: row.unbondings.length }));

  // From here it must succeed.
  let amount = 0n;
  for (const { lastEpoch, shares } of due) {
    const key = validatorEpochKey.pack(validator, lastEpoch);
    amount += takeExitShares(exitPools.must(key), shares);
    exitPools.touch(key);
    dropExitIfEmpty(state, validator, lastEpoch);
  }
  row.unbondings = row.unbondings.filter((entry) => !due.includes(entry));
  moveMil(state, MODULE.unbonding, payoutPortfolio(state, account), amount);
  dropIfEmpty(state, account, validator);
  const value = { account, validator, amount };
  context.events.push({ selector: STAKING_EVENT.unbonded, value });
  return ok({ selector: STAKING_RESULT.claimed, value: { usd: 0n, mil: amount } });
}

/** Puts stake on its way into a validator's pool: from a balance, from rewards, or back from an exit. */

import { assert } from '../runtime/core/result.ts';
import { type AccountId, type Epoch, epoch } from '../runtime/core/units.ts';
import { type Refusal, refusal } from '../runtime/error.ts';
import { currentEpoch, type StakingContext } from './context.ts';
import { type Delegation, emptyDelegation, JOIN } from './delegation.ts';
import { delegationKey, NO_VALIDATOR, type ValidatorId, validatorEpochKey } from './ids.ts';
import { isClosed, STAGE } from './pools.ts';
import { zeroAmounts } from './rewards.ts';
import type { StakingState } from './tables.ts';

/** First epoch in which stake that moves now weighs. */
export function weighsFrom(context: StakingContext): Epoch {
  return epoch(currentEpoch(context) + 2);
}

/** Last epoch in which stake that leaves now weighs. */
export function weighsThrough(context: StakingContext): Epoch {
  return epoch(currentEpoch(context) + 1);
}

/** Errors in order: unknown_validator, tombstoned, exited, pool_closed. */
export function joinRefusal(
  { staking }: StakingState,
  validator: ValidatorId,
): Refusal | undefined {
  const row = staking.validators.get(validator);
  if (row === undefined) return refusal('unknown_validator', { given: validator });
  if (row.tombstoned) return refusal('tombstoned', { given: validator });
  if (row.exited) return refusal('exited', { given: validator });
  if (isClosed(staking.pools.must(validator))) {
    return refusal('pool_closed', { given: validator });
  }
  return undefined;
}

/** The delegation's row, made when there is none. Settled by the caller where it was there. */
export function openDelegation(
  { staking }: StakingState,
  account: AccountId,
  validator: ValidatorId,
): Delegation {
  const key = delegationKey.pack(account, validator);
  const known = staking.delegations.get(key);
  if (known !== undefined) {
    staking.delegations.touch(key);
    return known;
  }
  const row = emptyDelegation(staking.pools.must(validator).index);
  staking.delegations.set(key, row);
  return row;
}

/**
 * Notes `amount` micro-MIL, which lie in the bonded account already, as joining. With `liable`, they
 * answer for faults of the validator up to `lastEpoch`. Returns the epoch from which they weigh.
 */
export function join(
  state: StakingState,
  context: StakingContext,
  place: { readonly account: AccountId; readonly validator: ValidatorId; readonly amount: bigint },
  liable?: { readonly lastEpoch: Epoch; readonly paidPhi: bigint },
): Epoch {
  const { account, validator, amount } = place;
  const fromEpoch = weighsFrom(context);
  const { joinPools } = state.staking;
  const key = validatorEpochKey.pack(validator, fromEpoch);
  const bulk = joinPools.get(key);
  if (bulk === undefined) {
    joinPools.set(key, { stage: STAGE.pending, tokens: amount, shares: 0n, index: zeroAmounts() });
  } else {
    assert(bulk.stage === STAGE.pending, 'a join pool of a later epoch is pending');
    bulk.tokens += amount;
    joinPools.touch(key);
  }
  const row = openDelegation(state, account, validator);
  const kind = liable === undefined ? JOIN.fresh : JOIN.reentered;
  const known = row.joins.find((other) => other.kind === kind && other.fromEpoch === fromEpoch);
  if (known !== undefined && kind === JOIN.fresh) known.amount += amount;
  else {
    row.joins.push({
      kind,
      fromEpoch,
      amount,
      source: liable === undefined ? NO_VALIDATOR : validator,
      lastEpoch: liable?.lastEpoch ?? epoch(0),
      paidPhi: liable?.paidPhi ?? 0n,
      index: zeroAmounts(),
    });
  }
  return fromEpoch;
}

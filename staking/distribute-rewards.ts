/**
 * Shares out an epoch's rewards: trading fees in USD, issuance in MIL, nothing converted.
 *
 * Source: design/staking-and-keys.md §2. What lies in the rewards account beyond what is owed is split
 * by weight × participation among the validators of the epoch that are neither jailed nor guilty;
 * commission at the rate recorded with the epoch; the rest to the pool's accumulators. Invariants: what
 * is owed never exceeds what is held; what rounding leaves stays for the next epoch.
 *
 * Cost: O(1) a validator; delegators are never looked at.
 */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { mulDivFloor } from '../runtime/core/math.ts';
import { balanceOf } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { currentEpoch, type StakingContext } from './context.ts';
import type { StakeEntry } from './epoch-stake.ts';
import { STAKING_EVENT } from './events.ts';
import { FULL_BPS } from './fraction.ts';
import { advanceIndex, type PerDenomination } from './rewards.ts';
import { changedMeta, type StakingState } from './tables.ts';

/** What the rewards account holds beyond what is owed. */
function undistributed(state: StakingState, owed: PerDenomination): PerDenomination {
  return {
    usd: balanceOf(state, MODULE.rewards, DENOMINATION.usd) - owed.usd,
    mil: balanceOf(state, MODULE.rewards, DENOMINATION.mil) - owed.mil,
  };
}

/** Weight × own slots attended, over a common scale; 0 for those that earn nothing. */
export function effort({ staking }: StakingState, { validator, weight }: StakeEntry): bigint {
  const row = staking.validators.must(validator);
  if (row.jailed || row.tombstoned || staking.pools.must(validator).shares === 0n) return 0n;
  const { epochSlots, epochMissed } = staking.attendance.must(validator);
  if (epochSlots === 0) return weight * EFFORT_SCALE;
  return weight * mulDivFloor(EFFORT_SCALE, BigInt(epochSlots - epochMissed), BigInt(epochSlots));
}

const EFFORT_SCALE = 1_000_000n;

/** Gives a validator its part of one denomination. */
function reward(
  { staking }: StakingState,
  { validator, commissionBps }: StakeEntry,
  denomination: keyof PerDenomination,
  amount: bigint,
): void {
  const commission = mulDivFloor(amount, BigInt(commissionBps), FULL_BPS);
  staking.validators.must(validator).commission[denomination] += commission;
  staking.validators.touch(validator);
  const pool = staking.pools.must(validator);
  const { index, carry } = advanceIndex(
    pool.index[denomination],
    pool.carry[denomination],
    amount - commission,
    pool.shares,
  );
  pool.index[denomination] = index;
  pool.carry[denomination] = carry;
  staking.pools.touch(validator);
}

/** On the last block of an epoch, before stake leaves or enters. */
export function distributeRewards(state: StakingState, context: StakingContext): void {
  const meta = changedMeta(state);
  const pot = undistributed(state, meta.outstanding);
  const { entries } = state.staking.epochStakes.must(currentEpoch(context));
  const efforts = entries.map((entry) => effort(state, entry));
  const total = efforts.reduce((sum, each) => sum + each, 0n);
  const given: PerDenomination = { usd: 0n, mil: 0n };
  for (const [position, entry] of entries.entries()) {
    const own = efforts[position] ?? 0n;
    if (own === 0n) continue;
    for (const denomination of ['usd', 'mil'] as const) {
      const amount = mulDivFloor(pot[denomination], own, total);
      if (amount === 0n) continue;
      reward(state, entry, denomination, amount);
      given[denomination] += amount;
    }
  }
  meta.outstanding.usd += given.usd;
  meta.outstanding.mil += given.mil;
  context.events.push({
    selector: STAKING_EVENT.rewardsDistributed,
    value: { epoch: currentEpoch(context), ...given },
  });
}

/** The operator's own stake, and the least that keeps a validator in the set. */
import { mulDivFloor } from '../runtime/core/math.ts';
import type { AccountId, TimestampMs } from '../runtime/core/units.ts';
import { JOIN } from './delegation.ts';
import { delegationKey, type ValidatorId, validatorEpochKey } from './ids.ts';
import { STAGE } from './pools.ts';
import { type StakingState, stakingMetaOf, stakingParametersOf } from './tables.ts';

/** The least self-bond in force, in whole MIL: for a time the one before it was raised. */
export function minSelfBond(state: StakingState, now: TimestampMs): bigint {
  const { oldMinSelfBondMil, oldMinSelfBondUntil } = stakingMetaOf(state);
  const { minSelfBondMil } = stakingParametersOf(state);
  return BigInt(now < oldMinSelfBondUntil ? oldMinSelfBondMil : minSelfBondMil);
}

/**
 * Micro-MIL that an account has with a validator, joins included and what leaves not: read, without
 * settling. Liens are not taken off. O(joins).
 */
export function stakeOf(
  { staking }: StakingState,
  account: AccountId,
  validator: ValidatorId,
): bigint {
  const row = staking.delegations.get(delegationKey.pack(account, validator));
  const pool = staking.pools.get(validator);
  if (row === undefined || pool === undefined) return 0n;
  let { shares } = row;
  let joining = 0n;
  for (const join of row.joins) {
    if (join.kind === JOIN.moved) {
      const exit = staking.exitPools.must(validatorEpochKey.pack(join.source, join.lastEpoch));
      const move = exit.moves.find(({ to }) => to === validator);
      if (move === undefined || exit.stage === STAGE.pending || move.stage !== STAGE.done) continue;
      shares += mulDivFloor(join.amount, move.dstShares, move.shares);
      continue;
    }
    const bulk = staking.joinPools.must(validatorEpochKey.pack(validator, join.fromEpoch));
    if (bulk.stage === STAGE.pending) joining += join.amount;
    else shares += mulDivFloor(join.amount, bulk.shares, bulk.tokens);
  }
  if (pool.shares === 0n) return joining;
  return joining + mulDivFloor(shares, pool.tokens, pool.shares);
}

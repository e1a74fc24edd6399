/**
 * What staking does with each block, and at the end of an epoch, in order.
 *
 * Source: design/staking-and-keys.md §2–3, design/chain.md §3.
 */
import { type Epoch, epoch, timestampMs, type View } from '../runtime/core/units.ts';
import type { EpochValidator } from '../runtime/epoch-config.ts';
import { countLeaders, countOracleVotes, jailAbsent } from './attendance.ts';
import { currentEpoch, type StakingContext, stakingTime } from './context.ts';
import { distributeRewards } from './distribute-rewards.ts';
import { dropExitIfEmpty } from './drop-exit.ts';
import { electValidators } from './elect.ts';
import { mintIssuance, renewIssuance } from './issuance.ts';
import { MAX_BLOCK_TIME_MS, MAX_PRUNED_PER_EPOCH } from './limits.ts';
import { moveStake } from './move-stake.ts';
import { isAdmissible } from './submit-evidence.ts';
import { changedMeta, type StakingState, stakingMetaOf, stakingParametersOf } from './tables.ts';

/** Each block, after its oracle votes: pause, issuance, attendance. */
export function beginStakingBlock(
  state: StakingState,
  context: StakingContext,
  block: { readonly view: View; readonly sinceParentMs: number; readonly oracleSlotMs: number },
): void {
  const { sinceParentMs } = block;
  if (sinceParentMs > MAX_BLOCK_TIME_MS) {
    changedMeta(state).pausedMs += sinceParentMs - MAX_BLOCK_TIME_MS;
  }
  mintIssuance(state, sinceParentMs);
  countLeaders(state, context, block.view);
  countOracleVotes(state, context, block.oracleSlotMs);
}

/** Whether no stake of an epoch can be called on any more: neither by evidence nor by an exit pool. */
function isBeyond(state: StakingState, context: StakingContext, past: Epoch): boolean {
  const record = state.staking.epochStakes.get(past);
  if (record === undefined || record.endedAt === 0) return false;
  const { unbondingMs, unbondingEpochs } = stakingParametersOf(state);
  return (
    !isAdmissible(state, context, past, record) &&
    stakingTime(state, context) > record.endedAt + unbondingMs &&
    currentEpoch(context) > past + unbondingEpochs
  );
}

/** Drops the records of epochs that are beyond everything. O(validators), at most four epochs. */
function prune(state: StakingState, context: StakingContext): void {
  for (let dropped = 0; dropped < MAX_PRUNED_PER_EPOCH; dropped++) {
    const past = stakingMetaOf(state).firstLiveEpoch;
    if (!isBeyond(state, context, past)) return;
    changedMeta(state).firstLiveEpoch = epoch(past + 1);
    state.staking.epochStakes.delete(past);
    for (const id of state.staking.validators.sortedKeys()) dropExitIfEmpty(state, id, past);
  }
}

/**
 * On the last block of an epoch, after the fees were shared out: rewards, absence, stake that leaves and
 * joins, and the set of the epoch after the next; `undefined` when the set before stays. Cost:
 * O(validators log validators + redelegated pairs), whatever the number of delegators.
 */
export function endStakingEpoch(
  state: StakingState,
  context: StakingContext,
): EpochValidator[] | undefined {
  const ended = currentEpoch(context);
  const record = state.staking.epochStakes.must(ended);
  record.endedAt = timestampMs(stakingTime(state, context));
  state.staking.epochStakes.touch(ended);
  distributeRewards(state, context);
  jailAbsent(state, context);
  moveStake(state, context);
  prune(state, context);
  renewIssuance(state, context.timestamp);
  return electValidators(state, context);
}

/** What φ stake owes: the faults of a validator that a last epoch answers for. */
import type { Epoch } from '../runtime/core/units.ts';
import type { ValidatorId } from './ids.ts';
import { type StakingState, stakingMetaOf } from './tables.ts';

/**
 * φ that stake of `validator` owes which weighed there through `lastEpoch`: the greatest over its
 * faults up to that epoch. 0 when there is none. O(faults of the validator).
 */
export function phiOwed(
  { staking }: StakingState,
  validator: ValidatorId,
  lastEpoch: Epoch,
): bigint {
  let owed = 0n;
  for (const { epoch, phi } of staking.faults.get(validator)?.entries ?? []) {
    if (epoch <= lastEpoch && phi > owed) owed = phi;
  }
  return owed;
}

/** Whether faults of an epoch can still be shown, so that liens of it live. */
export function isLive(state: StakingState, epoch: Epoch): boolean {
  return epoch >= stakingMetaOf(state).firstLiveEpoch;
}

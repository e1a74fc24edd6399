/** Removes a bulk row of leaving stake when nothing refers to it any more. */
import type { Epoch } from '../runtime/core/units.ts';
import { type ValidatorId, validatorEpochKey } from './ids.ts';
import { isLive } from './liability.ts';
import { STAGE } from './pools.ts';
import type { StakingState } from './tables.ts';

/**
 * Drops the row when it holds no shares and no moves. One that has left stays while its epoch is live:
 * its `left` counts against what the active pool owes.
 */
export function dropExitIfEmpty(
  state: StakingState,
  validator: ValidatorId,
  lastEpoch: Epoch,
): void {
  const key = validatorEpochKey.pack(validator, lastEpoch);
  const exit = state.staking.exitPools.get(key);
  if (exit === undefined || exit.shares > 0n || exit.moves.length > 0) return;
  if (exit.stage === STAGE.pending || !isLive(state, lastEpoch)) {
    state.staking.exitPools.delete(key);
  }
}

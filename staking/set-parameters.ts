/** Changes the parameters of staking, at an enactment by governance. */
import { assert } from '../runtime/core/result.ts';
import { timestampMs } from '../runtime/core/units.ts';
import { SINGLETON_KEY } from '../runtime/state/key-codec.ts';
import { type StakingContext, stakingTime } from './context.ts';
import { type StakingParameters, stakingParametersProblem } from './parameters.ts';
import { minSelfBond } from './self-bond.ts';
import { changedMeta, type StakingState, stakingParametersOf } from './tables.ts';

/**
 * Puts a set into force that `stakingParametersProblem` passes; throws otherwise. Stake that leaves
 * already keeps its terms; a higher self-bond is asked after the grace.
 */
export function setStakingParameters(
  state: StakingState,
  context: StakingContext,
  next: StakingParameters,
): void {
  assert(stakingParametersProblem(next) === undefined, 'parameters in force are in their ranges');
  const now = stakingTime(state, context);
  const least = Number(minSelfBond(state, now));
  if (next.minSelfBondMil > stakingParametersOf(state).minSelfBondMil) {
    const meta = changedMeta(state);
    meta.oldMinSelfBondMil = least;
    meta.oldMinSelfBondUntil = timestampMs(now + next.selfBondGraceMs);
  }
  state.staking.stakingParameters.set(SINGLETON_KEY, next);
}

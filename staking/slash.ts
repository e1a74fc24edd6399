/**
 * Slashing: what the faults that are known cost, and burning what of it is not burned yet.
 *
 * Source: design/staking-and-keys.md §3. φ = min(1, max(least, multiple × G)), G = the summed weight
 * shares of the distinct validators guilty within an evidence window of the fault. A fault of epoch f
 * burns φ of every exit pool with lastEpoch ≥ f; the active pool pays
 * min(⌈φT⌉, ⌈φ·(weighed_f − exits − liens)⌉), newcomers sharing, both counted before any slash. Every
 * amount is a target that depends on the set of known faults alone, and grows with it; only the
 * difference to what was burned is burned. So the order of reports is irrelevant and nothing is burned
 * twice, nor more than there is.
 *
 * Cost: guilty validators × their faults, and for each the epochs of the window: never delegators,
 * never unbonding entries.
 */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { maxBigint, minBigint, mulDivCeil } from '../runtime/core/math.ts';
import { type Epoch, epoch } from '../runtime/core/units.ts';
import { burn } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { StakingContext } from './context.ts';
import type { Faults } from './epoch-stake.ts';
import { STAKING_EVENT } from './events.ts';
import { FULL_BPS, PHI_ONE, phiOf } from './fraction.ts';
import { type ValidatorId, validatorEpochKey } from './ids.ts';
import { weighsThrough } from './join.ts';
import { phiOwed } from './liability.ts';
import { type ExitPool, STAGE } from './pools.ts';
import { type StakingState, stakingMetaOf, stakingParametersOf } from './tables.ts';

/** The weight shares of the guilty within the evidence window of `fault`, each validator's greatest. */
function guiltyShare(all: readonly Faults[], fault: Epoch, windowEpochs: number): bigint {
  let sum = 0n;
  for (const { entries } of all) {
    let own = 0n;
    for (const { epoch: other, weightShare } of entries) {
      if (Math.abs(other - fault) <= windowEpochs) own = maxBigint(own, weightShare);
    }
    sum += own;
  }
  return sum;
}

/** Renews φ of every fault; returns the validators of which one rose, ascending. */
function renewPhi(state: StakingState): ValidatorId[] {
  const { staking } = state;
  const { minSlashBps, slashMultiple, evidenceEpochs } = stakingParametersOf(state);
  const least = mulDivCeil(BigInt(minSlashBps), PHI_ONE, FULL_BPS);
  const ids = staking.faults.sortedKeys();
  const all = ids.map((id) => staking.faults.must(id));
  return ids.filter((id) => {
    let rose = false;
    for (const entry of staking.faults.must(id).entries) {
      const guilty = guiltyShare(all, entry.epoch, evidenceEpochs);
      const phi = minBigint(PHI_ONE, maxBigint(least, BigInt(slashMultiple) * guilty));
      if (phi <= entry.phi) continue;
      entry.phi = phi;
      rose = true;
    }
    if (rose) staking.faults.touch(id);
    return rose;
  });
}

/** Exit pools of a validator from epoch `from` on that have left, with their epochs. */
function exitsFrom(
  { staking }: StakingState,
  validator: ValidatorId,
  from: Epoch,
  through: Epoch,
): { lastEpoch: Epoch; exit: ExitPool }[] {
  const found: { lastEpoch: Epoch; exit: ExitPool }[] = [];
  for (let last = from; last <= through; last = epoch(last + 1)) {
    const exit = staking.exitPools.get(validatorEpochKey.pack(validator, last));
    if (exit !== undefined && exit.stage !== STAGE.pending) found.push({ lastEpoch: last, exit });
  }
  return found;
}

/** Burns what the exit pools owe. Returns the tokens burned. */
function burnExits(
  state: StakingState,
  validator: ValidatorId,
  exits: readonly { lastEpoch: Epoch; exit: ExitPool }[],
): bigint {
  let burned = 0n;
  for (const { lastEpoch, exit } of exits) {
    const due = phiOf(exit.base, phiOwed(state, validator, lastEpoch)) - exit.burned;
    if (due <= 0n) continue;
    exit.burned += due;
    burned += due;
    state.staking.exitPools.touch(validatorEpochKey.pack(validator, lastEpoch));
  }
  burn(state, MODULE.unbonding, DENOMINATION.mil, burned);
  return burned;
}

/** Burns what the active pool owes beyond exits and liens. Returns the tokens burned. */
function burnActive(
  state: StakingState,
  validator: ValidatorId,
  exits: readonly { lastEpoch: Epoch; exit: ExitPool }[],
): bigint {
  const pool = state.staking.pools.must(validator);
  const firstLive = stakingMetaOf(state).firstLiveEpoch;
  let owed = 0n;
  let highest = 0n;
  for (const { epoch: fault, stake, phi } of state.staking.faults.must(validator).entries) {
    // Stake that was liable for an older fault could have left by now: who stayed owes no more.
    if (fault < firstLive) continue;
    let rest = stake;
    for (const { lastEpoch, exit } of exits) {
      if (lastEpoch >= fault) rest -= exit.left;
    }
    if (rest > 0n) owed = maxBigint(owed, phiOf(rest, phi));
    highest = maxBigint(highest, phi);
  }
  const target = minBigint(owed, phiOf(pool.tokens + pool.burned, highest));
  const due = minBigint(target - pool.burned, pool.tokens);
  if (due <= 0n) return 0n;
  pool.tokens -= due;
  pool.burned += due;
  state.staking.pools.touch(validator);
  burn(state, MODULE.bonded, DENOMINATION.mil, due);
  return due;
}

/**
 * Burns what the known faults cost and have not cost yet. To be called when a fault was added. Returns
 * the tokens burned now.
 */
export function applyFaults(state: StakingState, context: StakingContext): bigint {
  let total = 0n;
  const firstLive = stakingMetaOf(state).firstLiveEpoch;
  for (const validator of renewPhi(state)) {
    const [first] = state.staking.faults.must(validator).entries;
    if (first === undefined) continue;
    const from = epoch(Math.max(first.epoch, firstLive));
    const exits = exitsFrom(state, validator, from, weighsThrough(context));
    const burned = burnExits(state, validator, exits) + burnActive(state, validator, exits);
    total += burned;
    context.events.push({
      selector: STAKING_EVENT.slashed,
      value: { validator, epoch: first.epoch, phi: first.phi, burned },
    });
  }
  return total;
}

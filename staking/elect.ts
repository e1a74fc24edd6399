/**
 * Elects the validators of the epoch after the next, at the end of an epoch.
 *
 * Source: design/chain.md §3, design/staking-and-keys.md §2–3. The top N by the stake that will weigh
 * then, ties by operator address. Jailed, tombstoned, exited and those with too little of their own
 * are out, unless fewer than four would be left: then, in this order, those short of self-bond, exited,
 * jailed, and guilty ones serve on, heaviest first, since a chain without a set cannot even be mended.
 */

import { compareBytes } from '../runtime/core/bytes.ts';
import { mulDivCeil, mulDivFloor } from '../runtime/core/math.ts';
import { type Epoch, epoch, timestampMs } from '../runtime/core/units.ts';
import type { EpochValidator } from '../runtime/epoch-config.ts';
import { currentEpoch, type StakingContext, stakingTime } from './context.ts';
import { MICRO } from './fraction.ts';
import { type ValidatorId, validatorEpochKey } from './ids.ts';
import { MIN_VALIDATORS } from './limits.ts';
import { isClosed } from './pools.ts';
import { cappedWeights } from './power-cap.ts';
import { minSelfBond, stakeOf } from './self-bond.ts';
import { type StakingState, stakingParametersOf } from './tables.ts';
import { KEY_ROLE, type Validator } from './validator.ts';

/** Why a validator serves only where it must: the higher, the later. */
const STANDING = { eligible: 0, selfBond: 1, exited: 2, jailed: 3, guilty: 4 } as const;
type Standing = (typeof STANDING)[keyof typeof STANDING];

type Candidate = {
  readonly row: Validator;
  /** Micro-MIL. */
  readonly stake: bigint;
  readonly standing: Standing;
};

/** What will be in each pool in epoch `target`: active, less what leaves before, plus what joins. */
function stakesOf({ staking }: StakingState, target: Epoch): Map<ValidatorId, bigint> {
  const ids = staking.validators.sortedKeys();
  const stakes = new Map<ValidatorId, bigint>();
  const add = (id: ValidatorId, amount: bigint): void => {
    stakes.set(id, (stakes.get(id) ?? 0n) + amount);
  };
  for (const id of ids) {
    const { tokens, shares } = staking.pools.must(id);
    // A closed pool sends joins back.
    if (isClosed(staking.pools.must(id))) add(id, tokens);
    else
      add(id, tokens + (staking.joinPools.get(validatorEpochKey.pack(id, target))?.tokens ?? 0n));
    const exit = staking.exitPools.get(validatorEpochKey.pack(id, target - 1));
    if (exit === undefined || shares === 0n) continue;
    let leaving = exit.shares;
    for (const move of exit.moves) {
      leaving += move.shares;
      if (isClosed(staking.pools.must(move.to))) continue;
      add(move.to, mulDivFloor(move.shares, tokens, shares));
    }
    add(id, -mulDivCeil(leaving, tokens, shares));
  }
  return stakes;
}

function standingOf(row: Validator, selfBond: bigint, least: bigint): Standing {
  if (row.tombstoned) return STANDING.guilty;
  if (row.jailed) return STANDING.jailed;
  if (row.exited) return STANDING.exited;
  return selfBond < least ? STANDING.selfBond : STANDING.eligible;
}

/** Heaviest first, ties by address. */
function byStake(a: Candidate, b: Candidate): number {
  if (a.stake !== b.stake) return a.stake > b.stake ? -1 : 1;
  return compareBytes(a.row.operatorAddress, b.row.operatorAddress);
}

/** Puts keys and commission into force that are due in the config of `target`. */
function applyPending(state: StakingState, row: Validator, target: Epoch, now: number): void {
  for (const { role, key, fromEpoch } of row.pendingKeys) {
    if (fromEpoch > target) continue;
    if (role === KEY_ROLE.consensus) row.consensusKey = key;
    else if (role === KEY_ROLE.peer) row.peerKey = key;
    else row.oracleKey = key;
  }
  row.pendingKeys = row.pendingKeys.filter(({ fromEpoch }) => fromEpoch > target);
  const [pending] = row.pendingCommission;
  if (pending !== undefined && pending.at <= now) {
    row.commissionBps = pending.bps;
    row.pendingCommission = [];
  }
  state.staking.validators.touch(row.id);
}

/** The chosen, in the order of the config: by operator address. */
function choose(state: StakingState, target: Epoch, now: number): Candidate[] {
  const least = minSelfBond(state, timestampMs(now)) * MICRO;
  const candidates: Candidate[] = [];
  for (const [id, stake] of stakesOf(state, target)) {
    const row = state.staking.validators.must(id);
    if (row.pendingKeys.length + row.pendingCommission.length > 0) {
      applyPending(state, row, target, now);
    }
    if (stake < MICRO) continue;
    const standing = standingOf(row, stakeOf(state, row.operator, id), least);
    candidates.push({ row, stake, standing });
  }
  const eligible = candidates.filter(({ standing }) => standing === STANDING.eligible);
  const chosen = eligible.sort(byStake).slice(0, stakingParametersOf(state).maxValidators);
  if (chosen.length < MIN_VALIDATORS) {
    const others = candidates.filter(({ standing }) => standing !== STANDING.eligible);
    others.sort((a, b) => a.standing - b.standing || byStake(a, b));
    chosen.push(...others.slice(0, MIN_VALIDATORS - chosen.length));
  }
  return chosen.sort((a, b) => compareBytes(a.row.operatorAddress, b.row.operatorAddress));
}

/**
 * Elects the set of the epoch after the next and records what weighs in it; `undefined` when no pool
 * holds any stake, so that the set before stays. Cost: O(validators log validators).
 */
export function electValidators(
  state: StakingState,
  context: StakingContext,
): EpochValidator[] | undefined {
  const target = epoch(currentEpoch(context) + 2);
  const { epochStakes } = state.staking;
  const chosen = choose(state, target, stakingTime(state, context));
  if (chosen.length === 0) {
    const { entries } = epochStakes.must(epoch(target - 1));
    epochStakes.set(target, { endedAt: timestampMs(0), entries: [...entries] });
    return undefined;
  }
  const weights = cappedWeights(
    chosen.map(({ stake }) => mulDivFloor(stake, 1n, MICRO)),
    stakingParametersOf(state).powerCapBps,
  );
  const weightAt = (index: number) => weights[index] ?? weightMissing();
  epochStakes.set(target, {
    endedAt: timestampMs(0),
    entries: chosen.map(({ row, stake }, index) => ({
      validator: row.id,
      consensusKey: row.consensusKey,
      stake,
      weight: weightAt(index),
      commissionBps: row.commissionBps,
    })),
  });
  return chosen.map(({ row }, index) => ({
    operator: row.operatorAddress,
    consensusKey: row.consensusKey,
    oracleKey: row.oracleKey,
    peerKey: row.peerKey,
    weight: weightAt(index),
    addresses: row.addresses,
  }));
}

function weightMissing(): never {
  throw new RangeError('every chosen validator has a weight');
}

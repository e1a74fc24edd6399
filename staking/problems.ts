/**
 * What breaks the books of staking: for tests, and on demand in a node.
 *
 * Source: the invariants of Cosmos SDK's x/staking and x/distribution (reference/interfaces.md §1.3).
 * O(rows).
 */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { mulDivFloor } from '../runtime/core/math.ts';
import { balanceOf } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { JOIN, lienCount, lienShares } from './delegation.ts';
import { REWARD_SCALE } from './fraction.ts';
import { delegationKey, type ValidatorId, validatorEpochKey, validatorId } from './ids.ts';
import { MAX_LIENS } from './limits.ts';
import { STAGE } from './pools.ts';
import type { PerDenomination } from './rewards.ts';
import { type StakingState, stakingMetaOf } from './tables.ts';

/** Sums by a key, for comparing one side of a book with the other. */
type Sums = Map<string, bigint>;

function add(sums: Sums, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** What holders have, by pool. */
function holdings({ staking }: StakingState): Sums {
  const sums: Sums = new Map();
  for (const [key, row] of staking.delegations.unorderedEntries()) {
    const own = delegationKey.low(key);
    add(sums, `pool ${own}`, row.shares);
    for (const { lastEpoch, shares } of row.unbondings)
      add(sums, `exit ${own} ${lastEpoch}`, shares);
    for (const join of row.joins) {
      if (join.kind === JOIN.moved) {
        add(sums, `move ${join.source} ${join.lastEpoch} ${own}`, join.amount);
      } else add(sums, `join ${own} ${join.fromEpoch}`, join.amount);
    }
  }
  return sums;
}

/** What the bulk rows say that holders have. */
function books({ staking }: StakingState): Sums {
  const sums: Sums = new Map();
  for (const [id, pool] of staking.pools.unorderedEntries()) add(sums, `pool ${id}`, pool.shares);
  for (const [key, bulk] of staking.joinPools.unorderedEntries()) {
    const own = validatorEpochKey.high(key);
    add(sums, `join ${own} ${validatorEpochKey.low(key)}`, bulk.tokens);
    add(sums, `pool ${own}`, -bulk.shares);
  }
  for (const [key, exit] of staking.exitPools.unorderedEntries()) {
    const own = validatorEpochKey.high(key);
    const last = validatorEpochKey.low(key);
    add(sums, `exit ${own} ${last}`, exit.shares);
    if (exit.stage === STAGE.pending) add(sums, `pool ${own}`, -exit.shares);
    for (const move of exit.moves) {
      add(sums, `move ${own} ${last} ${move.to}`, move.shares);
      if (move.stage === STAGE.pending) add(sums, `pool ${own}`, -move.shares);
      if (move.stage === STAGE.done) add(sums, `pool ${move.to}`, -move.dstShares);
      // Their owners have not been told yet.
      if (move.stage === STAGE.returned) add(sums, `exit ${own} ${last}`, -move.shares);
    }
  }
  return sums;
}

function shareProblems(state: StakingState): string[] {
  const held = holdings(state);
  const booked = books(state);
  const keys = new Set([...held.keys(), ...booked.keys()]);
  return [...keys]
    .filter((key) => (held.get(key) ?? 0n) !== (booked.get(key) ?? 0n))
    .map((key) => `${key}: holders have ${held.get(key) ?? 0n}, booked ${booked.get(key) ?? 0n}`);
}

function moneyProblems(state: StakingState): string[] {
  const { staking } = state;
  const problems: string[] = [];
  let bonded = 0n;
  let unbonding = 0n;
  for (const [, pool] of staking.pools.unorderedEntries()) bonded += pool.tokens;
  for (const [, bulk] of staking.joinPools.unorderedEntries()) {
    if (bulk.stage !== STAGE.done) bonded += bulk.tokens;
  }
  for (const [key, exit] of staking.exitPools.unorderedEntries()) {
    const rest = exit.base - exit.burned;
    if (rest < 0n || exit.burned < 0n) problems.push(`exit ${key}: burned more than there was`);
    unbonding += rest;
  }
  const check = (name: string, booked: bigint, held: bigint): void => {
    if (booked !== held) problems.push(`${name}: booked ${booked}, held ${held}`);
  };
  check('bonded', bonded, balanceOf(state, MODULE.bonded, DENOMINATION.mil));
  check('unbonding', unbonding, balanceOf(state, MODULE.unbonding, DENOMINATION.mil));
  return problems;
}

/** Rewards that holders could claim now, each rounded down: at most what is outstanding. */
export function claimable(state: StakingState): PerDenomination {
  const { staking } = state;
  const sum: PerDenomination = { usd: 0n, mil: 0n };
  const earn = (shares: bigint, from: PerDenomination, to: PerDenomination): void => {
    sum.usd += mulDivFloor(shares, to.usd - from.usd, REWARD_SCALE);
    sum.mil += mulDivFloor(shares, to.mil - from.mil, REWARD_SCALE);
  };
  for (const [, { commission }] of staking.validators.unorderedEntries()) {
    sum.usd += commission.usd;
    sum.mil += commission.mil;
  }
  const exitIndex = (source: ValidatorId, last: number): PerDenomination => {
    const exit = staking.exitPools.must(validatorEpochKey.pack(source, last));
    return exit.stage === STAGE.pending ? staking.pools.must(source).index : exit.index;
  };
  for (const [key, row] of staking.delegations.unorderedEntries()) {
    const own = validatorId(delegationKey.low(key));
    const { index } = staking.pools.must(own);
    sum.usd += row.accrued.usd;
    sum.mil += row.accrued.mil;
    earn(row.shares, row.index, index);
    for (const entry of row.unbondings) {
      earn(entry.shares, entry.index, exitIndex(own, entry.lastEpoch));
    }
    for (const join of row.joins) {
      if (join.kind === JOIN.moved) {
        earn(join.amount, join.index, exitIndex(join.source, join.lastEpoch));
        const exit = staking.exitPools.must(validatorEpochKey.pack(join.source, join.lastEpoch));
        const move = exit.moves.find(({ to }) => to === own);
        if (move?.stage !== STAGE.done) continue;
        earn(mulDivFloor(join.amount, move.dstShares, move.shares), move.dstIndex, index);
        continue;
      }
      const bulk = staking.joinPools.must(validatorEpochKey.pack(own, join.fromEpoch));
      if (bulk.stage !== STAGE.done) continue;
      earn(mulDivFloor(join.amount, bulk.shares, bulk.tokens), bulk.index, index);
    }
  }
  return sum;
}

function rewardProblems(state: StakingState): string[] {
  const { outstanding } = stakingMetaOf(state);
  const due = claimable(state);
  const problems: string[] = [];
  for (const name of ['usd', 'mil'] as const) {
    const held = balanceOf(state, MODULE.rewards, DENOMINATION[name]);
    if (outstanding[name] > held)
      problems.push(`${name}: owes ${outstanding[name]}, holds ${held}`);
    if (due[name] > outstanding[name]) {
      problems.push(`${name}: claims ${due[name]} exceed ${outstanding[name]}`);
    }
  }
  return problems;
}

function rowProblems({ staking }: StakingState): string[] {
  const problems: string[] = [];
  for (const [key, row] of staking.delegations.unorderedEntries()) {
    const bound = row.liens.reduce((sum, lien) => sum + lienShares(lien), 0n);
    if (bound > row.shares) problems.push(`delegation ${key}: liens on more than its shares`);
    if (lienCount(row) > MAX_LIENS) problems.push(`delegation ${key}: too many liens`);
    if (row.shares < 0n) problems.push(`delegation ${key}: negative`);
  }
  return problems;
}

/** What does not hold; empty when all does. */
export function stakingProblems(state: StakingState): string[] {
  return [
    ...shareProblems(state),
    ...moneyProblems(state),
    ...rewardProblems(state),
    ...rowProblems(state),
  ];
}

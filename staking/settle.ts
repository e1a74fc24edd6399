/**
 * Brings a delegation up to date: rewards, joins that have become shares, liens that fell due.
 *
 * Every handler that reads a delegation settles it first, and anyone may do it by a poke. It is the
 * only place where work for one delegator is done; boundaries never come here. Invariant: settling
 * twice is settling once.
 */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { minBigint, mulDivFloor } from '../runtime/core/math.ts';
import { assert } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { forgetEntered, noteEntered } from '../runtime/governance/voting-shares.ts';
import { burn } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { moduleVersion, RUNTIME_MODULE } from '../runtime/upgrade/modules.ts';
import { burnActiveShares, takeExitShares } from './burn-shares.ts';
import { moveMil, payoutPortfolio, type StakingContext } from './context.ts';
import {
  type Delegation,
  emptyDelegation,
  isEmptyDelegation,
  JOIN,
  type Join,
  type Lien,
  lienShares,
} from './delegation.ts';
import { STAKING_EVENT } from './events.ts';
import { phiAbove } from './fraction.ts';
import { delegationKey, type ValidatorId, validatorEpochKey } from './ids.ts';
import { isLive, phiOwed } from './liability.ts';
import { type ExitPool, type Pool, STAGE } from './pools.ts';
import { accrue, type PerDenomination } from './rewards.ts';
import type { StakingState } from './tables.ts';

/** A delegation on its way through the steps of settling. */
type Settling = {
  readonly state: StakingState;
  readonly context: StakingContext;
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly row: Delegation;
  readonly pool: Pool;
};

/** Pays the active shares up to the pool's accumulators. */
function accrueActive({ row, pool }: Settling): void {
  accrue(row.accrued, row.shares, row.index, pool.index);
  row.index = { ...pool.index };
}

/** Shares that came in while the accumulators stood at `since`: paid up to now. */
function enterShares(
  { state, row, pool }: Settling,
  { fromEpoch }: Join,
  shares: bigint,
  since: PerDenomination,
): void {
  accrue(row.accrued, shares, since, pool.index);
  row.shares += shares;
  noteEntered(state, row, fromEpoch, shares);
}

/** A join of fresh or re-entered stake; false while it is on its way. */
function takeUpJoin(settling: Settling, join: Join): boolean {
  const { state, account, validator, row } = settling;
  const key = validatorEpochKey.pack(validator, join.fromEpoch);
  const bulk = state.staking.joinPools.must(key);
  if (bulk.stage === STAGE.pending) return false;
  const shares = mulDivFloor(join.amount, bulk.shares, bulk.tokens);
  bulk.tokens -= join.amount;
  bulk.shares -= shares;
  if (bulk.tokens === 0n) state.staking.joinPools.delete(key);
  else state.staking.joinPools.touch(key);
  if (bulk.stage === STAGE.done) {
    enterShares(settling, join, shares, bulk.index);
    if (join.kind === JOIN.reentered) row.liens.push(lienOf(join, shares, join.paidPhi));
    return true;
  }
  const owed = phiAbove(
    join.amount,
    join.kind === JOIN.reentered ? phiOwed(state, join.source, join.lastEpoch) : 0n,
    join.paidPhi,
  );
  const burned = minBigint(owed, join.amount);
  burn(state, MODULE.bonded, DENOMINATION.mil, burned);
  moveMil(state, MODULE.bonded, payoutPortfolio(state, account), join.amount - burned);
  return true;
}

function lienOf(join: Join, shares: bigint, paidPhi: bigint): Lien {
  return { source: join.source, lastEpoch: join.lastEpoch, shares, cancelled: 0n, paidPhi };
}

/** Stake that its destination did not take unbonds at its source, as if it had been undelegated. */
function returnToSource({ state, account }: Settling, join: Join, exit: ExitPool): void {
  const { delegations, pools } = state.staking;
  const key = delegationKey.pack(account, join.source);
  const row = delegations.get(key) ?? emptyDelegation(pools.must(join.source).index);
  const entry = row.unbondings.find(({ lastEpoch }) => lastEpoch === join.lastEpoch);
  if (entry === undefined) {
    const index = { ...exit.index };
    row.unbondings.push({ lastEpoch: join.lastEpoch, shares: join.amount, index, liens: [] });
  } else {
    accrue(row.accrued, entry.shares, entry.index, exit.index);
    entry.index = { ...exit.index };
    entry.shares += join.amount;
  }
  delegations.set(key, row);
}

/** A join from another validator; false while it is on its way. */
function takeUpMove(settling: Settling, join: Join): boolean {
  const { state, validator, row } = settling;
  const key = validatorEpochKey.pack(join.source, join.lastEpoch);
  const exit = state.staking.exitPools.must(key);
  if (exit.stage === STAGE.pending) return false;
  const position = exit.moves.findIndex(({ to }) => to === validator);
  const move = exit.moves[position];
  assert(move !== undefined, 'a join by redelegation has its move');
  accrue(row.accrued, join.amount, join.index, exit.index);
  const shares = mulDivFloor(join.amount, move.dstShares, move.shares);
  move.shares -= join.amount;
  move.dstShares -= shares;
  if (move.shares === 0n) exit.moves.splice(position, 1);
  if (move.stage === STAGE.done) {
    enterShares(settling, join, shares, move.dstIndex);
    row.liens.push(lienOf(join, shares, move.paidPhi));
  } else returnToSource(settling, join, exit);
  state.staking.exitPools.touch(key);
  return true;
}

/** Cancels what a lien owes of shares that `cancel` takes and burns. */
function payLien(
  { state, context, account, validator }: Settling,
  lien: Lien,
  cancel: (shares: bigint) => bigint,
): void {
  const owed = phiAbove(lien.shares, phiOwed(state, lien.source, lien.lastEpoch), lien.paidPhi);
  const due = minBigint(owed, lien.shares) - lien.cancelled;
  if (due <= 0n) return;
  lien.cancelled += due;
  const burned = cancel(due);
  const { source } = lien;
  context.events.push({
    selector: STAKING_EVENT.lienPaid,
    value: { account, validator, source, shares: due, burned },
  });
}

/** Liens on active shares. */
function payActiveLiens(settling: Settling): void {
  const { state, validator, row } = settling;
  for (const lien of row.liens) {
    payLien(settling, lien, (shares) => {
      row.shares -= shares;
      return burnActiveShares(state, validator, shares);
    });
  }
  row.liens = row.liens.filter((lien) => lienShares(lien) > 0n && isLive(state, lien.lastEpoch));
}

/** Rewards of unbonding shares through their last epoch, and their liens. */
function settleUnbondings(settling: Settling): void {
  const { state, validator, row, pool } = settling;
  for (const entry of row.unbondings) {
    const key = validatorEpochKey.pack(validator, entry.lastEpoch);
    const exit = state.staking.exitPools.must(key);
    const until = exit.stage === STAGE.pending ? pool.index : exit.index;
    accrue(row.accrued, entry.shares, entry.index, until);
    entry.index = { ...until };
    for (const lien of entry.liens) {
      payLien(settling, lien, (shares) => {
        entry.shares -= shares;
        if (exit.stage === STAGE.pending) {
          exit.shares -= shares;
          state.staking.exitPools.touch(key);
          return burnActiveShares(state, validator, shares);
        }
        const tokens = takeExitShares(exit, shares);
        state.staking.exitPools.touch(key);
        burn(state, MODULE.unbonding, DENOMINATION.mil, tokens);
        return tokens;
      });
    }
  }
  row.unbondings = row.unbondings.filter(({ shares }) => shares > 0n);
}

/**
 * Brings the delegation of `account` with `validator` up to date and returns it; `undefined` when
 * there is none. An emptied row stays for the handler that called; `dropIfEmpty` removes it.
 * Cost: O(joins + unbondings + liens), each bounded, times the faults of their sources.
 */
export function settle(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  validator: ValidatorId,
): Delegation | undefined {
  const key = delegationKey.pack(account, validator);
  const row = state.staking.delegations.get(key);
  if (row === undefined) return undefined;
  const pool = state.staking.pools.must(validator);
  const settling: Settling = { state, context, account, validator, row, pool };
  accrueActive(settling);
  row.joins = row.joins.filter((join) =>
    join.kind === JOIN.moved ? !takeUpMove(settling, join) : !takeUpJoin(settling, join),
  );
  payActiveLiens(settling);
  settleUnbondings(settling);
  if (row.entered.length > 0 && moduleVersion(context.config, RUNTIME_MODULE.staking) >= 2) {
    forgetEntered(state, row);
  }
  state.staking.delegations.touch(key);
  return row;
}

/** Removes a delegation in which nothing is left. */
export function dropIfEmpty(
  { staking }: StakingState,
  account: AccountId,
  validator: ValidatorId,
): void {
  const key = delegationKey.pack(account, validator);
  const row = staking.delegations.get(key);
  if (row !== undefined && isEmptyDelegation(row)) staking.delegations.delete(key);
}

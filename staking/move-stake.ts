/**
 * Moves stake in bulk as an epoch ends: out of active pools, to other validators, and in.
 *
 * Source: design/staking-and-keys.md §2. First everything leaves, at the rates of the ended epoch; then
 * moves and joins enter, at the rates that are left. All floor. Cost: O(validators + moves).
 */

import { mulDivFloor } from '../runtime/core/math.ts';
import { type Epoch, epoch, timestampMs } from '../runtime/core/units.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { currentEpoch, moveMil, type StakingContext, stakingTime } from './context.ts';
import { PHI_ONE } from './fraction.ts';
import { type ValidatorId, validatorEpochKey } from './ids.ts';
import { type ExitPool, isClosed, type Move, type Pool, STAGE } from './pools.ts';
import { type StakingState, stakingParametersOf } from './tables.ts';

/** Takes shares out of an active pool, and with them their part of what slashing has burned. */
function takeActive(pool: Pool, shares: bigint): { tokens: bigint; burned: bigint } {
  if (shares === 0n) return { tokens: 0n, burned: 0n };
  const tokens = mulDivFloor(shares, pool.tokens, pool.shares);
  const burned = mulDivFloor(shares, pool.burned, pool.shares);
  pool.tokens -= tokens;
  pool.burned -= burned;
  pool.shares -= shares;
  return { tokens, burned };
}

/** Adds tokens to an active pool; returns the shares they are. */
function addActive(pool: Pool, tokens: bigint): bigint {
  const shares = pool.shares === 0n ? tokens : mulDivFloor(tokens, pool.shares, pool.tokens);
  // What a pool without holders was left with by rounding belongs to the next who join.
  pool.tokens += tokens;
  pool.shares += shares;
  return shares;
}

/** Tokens of a move between its two pools. */
type Passing = { readonly move: Move; readonly exit: ExitPool; readonly tokens: bigint };

/** What leaves a validator at the end of `ended`. */
function leave(
  state: StakingState,
  context: StakingContext,
  validator: ValidatorId,
  ended: Epoch,
): Passing[] {
  const { staking } = state;
  const key = validatorEpochKey.pack(validator, ended);
  const exit = staking.exitPools.get(key);
  if (exit === undefined) return [];
  const pool = staking.pools.must(validator);
  const { unbondingMs, unbondingEpochs } = stakingParametersOf(state);
  const out = takeActive(pool, exit.shares);
  exit.stage = STAGE.done;
  exit.base = out.tokens + out.burned;
  exit.burned = out.burned;
  exit.left = exit.base;
  exit.index = { ...pool.index };
  exit.maturesAt = timestampMs(stakingTime(state, context) + unbondingMs);
  exit.maturesInEpoch = epoch(ended + unbondingEpochs + 1);
  moveMil(state, MODULE.bonded, MODULE.unbonding, out.tokens);
  const passing: Passing[] = [];
  for (const move of exit.moves) {
    const { tokens, burned } = takeActive(pool, move.shares);
    exit.left += tokens + burned;
    move.paidPhi = tokens + burned === 0n ? 0n : mulDivFloor(burned, PHI_ONE, tokens + burned);
    if (isOpen(state, move.to)) {
      passing.push({ move, exit, tokens });
      continue;
    }
    // The destination takes nothing any more: the stake unbonds at its source instead.
    move.stage = STAGE.returned;
    exit.shares += move.shares;
    exit.base += tokens + burned;
    exit.burned += burned;
    moveMil(state, MODULE.bonded, MODULE.unbonding, tokens);
  }
  staking.exitPools.touch(key);
  staking.pools.touch(validator);
  return passing;
}

/** Whether a validator's pool takes stake. */
function isOpen({ staking }: StakingState, validator: ValidatorId): boolean {
  const row = staking.validators.must(validator);
  return !row.tombstoned && !row.exited && !isClosed(staking.pools.must(validator));
}

function enterMove({ staking }: StakingState, { move, tokens }: Passing): void {
  const pool = staking.pools.must(move.to);
  move.stage = STAGE.done;
  move.dstShares = addActive(pool, tokens);
  move.dstIndex = { ...pool.index };
  staking.pools.touch(move.to);
}

/** Turns what joins a validator in `started` into shares, or sends it back. */
function enterJoins(state: StakingState, validator: ValidatorId, started: Epoch): void {
  const { staking } = state;
  const key = validatorEpochKey.pack(validator, started);
  const bulk = staking.joinPools.get(key);
  if (bulk === undefined) return;
  const pool = staking.pools.must(validator);
  if (isOpen(state, validator)) {
    bulk.stage = STAGE.done;
    bulk.shares = addActive(pool, bulk.tokens);
    bulk.index = { ...pool.index };
    staking.pools.touch(validator);
  } else bulk.stage = STAGE.returned;
  staking.joinPools.touch(key);
}

/** On the last block of an epoch, after its rewards. */
export function moveStake(state: StakingState, context: StakingContext): void {
  const ended = currentEpoch(context);
  const ids = state.staking.validators.sortedKeys();
  const passing = ids.flatMap((id) => leave(state, context, id, ended));
  for (const each of passing) enterMove(state, each);
  for (const id of ids) enterJoins(state, id, epoch(ended + 1));
}

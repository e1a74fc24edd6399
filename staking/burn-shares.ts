/** Cancels shares of an active pool or of an exit pool, burning the tokens they stand for. */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { mulDivFloor } from '../runtime/core/math.ts';
import { burn } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { ValidatorId } from './ids.ts';
import type { ExitPool } from './pools.ts';
import type { StakingState } from './tables.ts';

/**
 * Cancels active shares. The tokens are rounded down: what the guilty owes is his shares, and the
 * other holders of the pool never pay for it. Returns the tokens burned.
 */
export function burnActiveShares(
  state: StakingState,
  validator: ValidatorId,
  shares: bigint,
): bigint {
  const pool = state.staking.pools.must(validator);
  const tokens = mulDivFloor(shares, pool.tokens, pool.shares);
  pool.tokens -= tokens;
  pool.shares -= shares;
  state.staking.pools.touch(validator);
  burn(state, MODULE.bonded, DENOMINATION.mil, tokens);
  return tokens;
}

/**
 * Takes shares out of an exit pool whose stake has left: their part of what was there, and of what
 * slashing took. Returns the tokens, rounded down. The caller touches the row and moves the money.
 */
export function takeExitShares(exit: ExitPool, shares: bigint): bigint {
  const tokens = mulDivFloor(shares, exit.base - exit.burned, exit.shares);
  const base = mulDivFloor(shares, exit.base, exit.shares);
  exit.base -= base;
  // What is left of tokens stays exact: base − burned falls by what was paid, no more.
  exit.burned -= base - tokens;
  exit.shares -= shares;
  return tokens;
}

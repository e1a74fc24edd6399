/** Takes active shares out of a delegation, to leave or to move. */

import { minBigint, mulDivCeil, mulDivFloor } from '../runtime/core/math.ts';
import { err, ok, type Result } from '../runtime/core/result.ts';
import { type Epoch, timestampMs } from '../runtime/core/units.ts';
import { type Refusal, refusal } from '../runtime/error.ts';
import { type Delegation, type Lien, lienShares } from './delegation.ts';
import { type ValidatorId, validatorEpochKey } from './ids.ts';
import { MIN_DELEGATION } from './limits.ts';
import { type ExitPool, type Pool, STAGE } from './pools.ts';
import { zeroAmounts } from './rewards.ts';
import type { StakingState } from './tables.ts';

/** Asks for everything: the wire's way to leave without dust. */
export const ALL = 0n;

/**
 * Shares that `amount` micro-MIL are, rounded up, at most all; all when the rest would be below the
 * least delegation, or when `ALL` is asked. Errors in order: insufficient_stake, zero_stake.
 */
export function sharesFor(row: Delegation, pool: Pool, amount: bigint): Result<bigint, Refusal> {
  if (row.shares === 0n) return err(refusal('insufficient_stake', { given: amount }));
  const value = mulDivFloor(row.shares, pool.tokens, pool.shares);
  if (amount > value) {
    return err(refusal('insufficient_stake', { given: amount, allowed: value }));
  }
  if (amount === ALL || value - amount < MIN_DELEGATION) return ok(row.shares);
  const shares = minBigint(mulDivCeil(amount, pool.shares, pool.tokens), row.shares);
  return shares === 0n ? err(refusal('zero_stake', { given: amount })) : ok(shares);
}

/**
 * Takes `shares` from the row: those without a lien first, since they answer for nothing; liens follow
 * the others, oldest first. Returns the liens that go with them.
 */
export function takeShares(row: Delegation, shares: bigint): Lien[] {
  const bound = row.liens.reduce((sum, lien) => sum + lienShares(lien), 0n);
  let follow = shares - (row.shares - bound);
  row.shares -= shares;
  const taken: Lien[] = [];
  const left: Lien[] = [];
  for (const lien of row.liens) {
    const live = lienShares(lien);
    if (follow <= 0n) left.push(lien);
    else if (follow >= live) {
      taken.push(lien);
      follow -= live;
    } else {
      const [going, staying] = splitLien(lien, follow);
      taken.push(going);
      left.push(staying);
      follow = 0n;
    }
  }
  row.liens = left;
  return taken;
}

/** Two liens that owe together what one did, give or take a share in the chain's favour. */
function splitLien(lien: Lien, live: bigint): [Lien, Lien] {
  const cancelled = mulDivFloor(lien.cancelled, live, lienShares(lien));
  const going = { ...lien, shares: live + cancelled, cancelled };
  const staying = {
    ...lien,
    shares: lien.shares - going.shares,
    cancelled: lien.cancelled - cancelled,
  };
  return [going, staying];
}

/** The bulk row of what leaves `validator` at the end of `lastEpoch`, made when there is none. */
export function openExit(
  { staking }: StakingState,
  validator: ValidatorId,
  lastEpoch: Epoch,
): ExitPool {
  const key = validatorEpochKey.pack(validator, lastEpoch);
  const known = staking.exitPools.get(key);
  if (known !== undefined) {
    staking.exitPools.touch(key);
    return known;
  }
  const exit: ExitPool = {
    stage: STAGE.pending,
    shares: 0n,
    base: 0n,
    burned: 0n,
    left: 0n,
    index: zeroAmounts(),
    maturesAt: timestampMs(0),
    maturesInEpoch: lastEpoch,
    moves: [],
  };
  staking.exitPools.set(key, exit);
  return exit;
}

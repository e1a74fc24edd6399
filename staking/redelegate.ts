/**
 * `redelegate`: stake moves to another validator as the next epoch ends, without unbonding. It weighs
 * at its source through that epoch and at its destination from the one after, and answers there for
 * faults of the source by a lien.
 */

import { err, ok } from '../runtime/core/result.ts';
import type { AccountId } from '../runtime/core/units.ts';
import { refusal } from '../runtime/error.ts';
import { leaveVotes } from '../runtime/governance/voting-shares.ts';
import type { Redelegate } from './actions.ts';
import type { StakingContext, StakingOutcome } from './context.ts';
import { JOIN, lienCount } from './delegation.ts';
import { STAKING_EVENT, STAKING_RESULT } from './events.ts';
import { delegationKey, validatorEpochKey } from './ids.ts';
import { joinRefusal, openDelegation, weighsFrom, weighsThrough } from './join.ts';
import { MAX_LIENS, MAX_MOVES } from './limits.ts';
import { STAGE } from './pools.ts';
import { accrue, zeroAmounts } from './rewards.ts';
import { dropIfEmpty, settle } from './settle.ts';
import type { StakingState } from './tables.ts';
import { openExit, sharesFor, takeShares } from './take-shares.ts';

/**
 * Errors in order: same_validator, those of a join at the destination, unknown_delegation, lien_lives,
 * insufficient_stake, zero_stake, too_many_liens, too_many_moves. O(liens + moves).
 */
export function redelegate(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  { from, to, amount }: Redelegate,
): StakingOutcome {
  if (from === to) return err(refusal('same_validator', { given: to }));
  const refused = joinRefusal(state, to);
  if (refused !== undefined) return err(refused);
  const row = settle(state, context, account, from);
  if (row === undefined) return err(refusal('unknown_delegation', { given: from }));
  // Hopping on would leave the first source with nobody to answer.
  if (row.liens.length > 0) return err(refusal('lien_lives', { given: from }));
  const pool = state.staking.pools.must(from);
  const wanted = sharesFor(row, pool, amount);
  if (!wanted.ok) return wanted;
  const shares = wanted.value;
  const lastEpoch = weighsThrough(context);
  const target = settle(state, context, account, to);
  const known = target?.joins.find(
    ({ kind, source, lastEpoch: last }) =>
      kind === JOIN.moved && source === from && last === lastEpoch,
  );
  if (target !== undefined && known === undefined && lienCount(target) >= MAX_LIENS) {
    return err(refusal('too_many_liens', { allowed: MAX_LIENS }));
  }
  const moves = state.staking.exitPools.get(validatorEpochKey.pack(from, lastEpoch))?.moves ?? [];
  if (moves.length >= MAX_MOVES && !moves.some((move) => move.to === to)) {
    return err(refusal('too_many_moves', { allowed: MAX_MOVES }));
  }

  // From here it must succeed.
  const before = row.shares;
  takeShares(row, shares);
  leaveVotes(state, { account, validator: from }, row, before);
  const exit = openExit(state, from, lastEpoch);
  const move = exit.moves.find((other) => other.to === to);
  if (move !== undefined) move.shares += shares;
  else {
    const dstIndex = zeroAmounts();
    exit.moves.push({ to, stage: STAGE.pending, shares, dstShares: 0n, dstIndex, paidPhi: 0n });
  }
  const index = { ...pool.index };
  const fromEpoch = weighsFrom(context);
  const destination = openDelegation(state, account, to);
  if (known === undefined) {
    const kind = JOIN.moved;
    const amount = shares;
    destination.joins.push({
      kind,
      fromEpoch,
      amount,
      source: from,
      lastEpoch,
      paidPhi: 0n,
      index,
    });
  } else {
    // Paid up to now, so that old and new shares are alike from here on.
    accrue(destination.accrued, known.amount, known.index, pool.index);
    known.index = index;
    known.amount += shares;
  }
  state.staking.delegations.touch(delegationKey.pack(account, from));
  dropIfEmpty(state, account, from);
  context.events.push({
    selector: STAKING_EVENT.redelegated,
    value: { account, validator: from, shares, lastEpoch, to },
  });
  return ok({ selector: STAKING_RESULT.leaving, value: { shares, lastEpoch } });
}

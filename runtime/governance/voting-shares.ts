/**
 * Which shares of a delegation vote on a proposal: those that weighed when its vote began and have stayed.
 *
 * Source: design/staking-and-keys.md §5. A delegation notes what entered it while a vote runs
 * (`Delegation.entered`): joins, and unbondings taken back. What left is taken off the shares that are
 * there, so it counts against the old ones first. So moved stake never votes twice: where it arrives it is
 * too new, and where it left it is gone. Invariant: over all delegations of a validator the answers sum to
 * no more than the shares of its pool when the vote began.
 */

import type { Delegation } from '../../staking/delegation.ts';
import { delegationKey, type ValidatorId } from '../../staking/ids.ts';
import { maxBigint, mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import type { AccountId, Epoch } from '../core/units.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';
import { ANSWERS, type Ballot, PROPOSAL_STATUS, type ProposalId } from './ballot.ts';
import { MAX_ENTERED } from './limits.ts';
import { type ValidatorTally, type Vote, validatorTallyKey, voteKey } from './proposal.ts';

/** The first epoch whose stake votes now; `undefined` while no vote runs. O(1). */
export function oldestSnapshot({ governance }: State): Epoch | undefined {
  return governance.governanceMeta.get(SINGLETON_KEY)?.oldestSnapshot[0];
}

/**
 * Notes shares that enter a delegation and weigh from `fromEpoch`: while a vote runs, if they are too new
 * for one. Of more than `MAX_ENTERED` the two oldest become one, as new as the newer. O(entered).
 */
export function noteEntered(state: State, row: Delegation, fromEpoch: Epoch, shares: bigint): void {
  const oldest = oldestSnapshot(state);
  if (oldest === undefined) {
    if (row.entered.length > 0) row.entered = [];
    return;
  }
  row.entered = row.entered.filter((entry) => entry.epoch > oldest);
  if (fromEpoch <= oldest) return;
  const known = row.entered.find((entry) => entry.epoch === fromEpoch);
  if (known !== undefined) {
    known.shares += shares;
    return;
  }
  row.entered.push({ epoch: fromEpoch, shares });
  row.entered.sort((a, b) => a.epoch - b.epoch);
  if (row.entered.length <= MAX_ENTERED) return;
  const [first, second] = row.entered.splice(0, 2);
  assert(first !== undefined && second !== undefined, 'a list above its bound has two entries');
  row.entered.unshift({ epoch: second.epoch, shares: first.shares + second.shares });
}

/** Forgets what entered a delegation while votes ran, once none runs. O(1). */
export function forgetEntered(state: State, row: Delegation): void {
  if (oldestSnapshot(state) === undefined) row.entered = [];
}

/** Shares of a settled delegation that vote with the stake of `snapshot`. O(entered). */
export function votingShares(
  { shares, entered }: Pick<Delegation, 'shares' | 'entered'>,
  snapshot: Epoch,
): bigint {
  let old = shares;
  for (const entry of entered) if (entry.epoch > snapshot) old -= entry.shares;
  return maxBigint(old, 0n);
}

/** Adds shares that say `ballot` to a tally, or takes them away. */
export function addCast(tally: ValidatorTally, ballot: Ballot, shares: bigint): void {
  for (const answer of ANSWERS) tally.cast[answer] += shares * BigInt(ballot[answer]);
  tally.overridden += shares;
}

/** The vote of a delegation on a proposal, and its key. */
export function voteOf(
  { governance }: State,
  proposal: ProposalId,
  account: AccountId,
  validator: ValidatorId,
): { readonly key: number; readonly vote: Vote } | undefined {
  const number = governance.voteNumbers.get(proposal)?.get(delegationKey.pack(account, validator));
  if (number === undefined) return undefined;
  const key = voteKey.pack(proposal, number);
  return { key, vote: governance.votes.must(key) };
}

/** Takes shares off a vote, for good: neither their owner nor the validator speaks for them any more. */
function shrinkVote(tally: ValidatorTally, vote: Vote, to: bigint): void {
  const gone = vote.shares - to;
  addCast(tally, vote.ballot, -gone);
  tally.left += gone;
  vote.shares = to;
}

/**
 * To be called when active shares of a settled delegation are on their way out: takes them from every vote
 * that runs. `sharesBefore`: with them. Cost: O(votes at a time), and one test while none runs.
 */
export function leaveVotes(
  state: State,
  place: { readonly account: AccountId; readonly validator: ValidatorId },
  row: Delegation,
  sharesBefore: bigint,
): void {
  if (oldestSnapshot(state) === undefined) return;
  const { account, validator } = place;
  const { governance } = state;
  for (const id of governance.governanceMeta.must(SINGLETON_KEY).live) {
    const { status, snapshotEpoch } = governance.proposals.must(id);
    if (status !== PROPOSAL_STATUS.voting) continue;
    const tallyKey = validatorTallyKey.pack(id, validator);
    const tally = governance.validatorTallies.get(tallyKey);
    if (tally === undefined) continue;
    const before = votingShares({ ...row, shares: sharesBefore }, snapshotEpoch);
    const after = votingShares(row, snapshotEpoch);
    const known = voteOf(state, id, account, validator);
    if (known === undefined) tally.left += before - after;
    else if (known.vote.shares > after) {
      shrinkVote(tally, known.vote, after);
      governance.votes.touch(known.key);
    }
    governance.validatorTallies.touch(tallyKey);
  }
}

/** Micro-MIL of the snapshot that shares are, rounded down. */
export function powerOf({ tokens, shares }: ValidatorTally, of: bigint): bigint {
  return shares === 0n ? 0n : mulDivFloor(of, tokens, shares);
}

/** Shares that follow their validator. */
export function inheritedShares({ shares, overridden, left }: ValidatorTally): bigint {
  const rest = shares - overridden - left;
  assert(rest >= 0n, 'no more shares vote or leave than there were');
  return rest;
}

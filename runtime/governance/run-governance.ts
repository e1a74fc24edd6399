/**
 * What governance does by itself, at the end of each block: votes begin with epochs, and end, and what they
 * decided is carried out by the clock.
 *
 * Source: design/staking-and-keys.md §5. Clock: staking time, so that a halt of the chain shortens neither
 * a vote nor a time lock. It runs after the block's transactions: what it changes holds from the next block.
 * Invariants: nothing is carried out before its time lock has passed, or twice; no block scans votes or
 * delegations. Cost: O(1) when nothing is due; else a pass over the proposals that are not over, and
 * at most `MAX_DUE_PER_BLOCK` of them.
 */

import { currentEpoch, stakingTime } from '../../staking/context.ts';
import { delegationKey, type ValidatorId, validatorEpochKey } from '../../staking/ids.ts';
import { STAGE } from '../../staking/pools.ts';
import { changeStatus, statusOf } from '../auction/change-state.ts';
import type { BlockContext } from '../block-context.ts';
import { mulDivFloor } from '../core/math.ts';
import { type Epoch, type TimestampMs, timestampMs } from '../core/units.ts';
import { refusalRecord } from '../error.ts';
import { INSTRUMENT_STATE } from '../options/instrument.ts';
import { metaOf, type State } from '../state/state.ts';
import { NO_BALLOT, noAnswers, PROPOSAL_STATUS } from './ballot.ts';
import { enactContent, needsNoTimelock } from './enact.ts';
import { dropTallies, endProposal, noteProposal, renewOldestSnapshot } from './end-proposal.ts';
import { DEPOSITS } from './events.ts';
import {
  MAX_DUE_PER_BLOCK,
  MAX_PRUNED_VOTES_PER_BLOCK,
  MAX_PRUNING,
  MAX_VOTES_AT_A_TIME,
  MAX_VOTES_STARTED_PER_EPOCH,
} from './limits.ts';
import { depositOf, type Proposal, validatorTallyKey, voteKey } from './proposal.ts';
import { changedGovernanceMeta, governanceMetaOf } from './tables.ts';
import { tallyOf, verdictOf } from './tally.ts';

/** No proposal is due: later than any time. */
const NEVER: TimestampMs = timestampMs(Number.MAX_SAFE_INTEGER);

/** Active shares of a validator that are not on their way out. */
function stayingShares({ staking }: State, validator: ValidatorId, now: Epoch): bigint {
  let { shares } = staking.pools.must(validator);
  for (const last of [now, now + 1]) {
    const exit = staking.exitPools.get(validatorEpochKey.pack(validator, last));
    if (exit?.stage !== STAGE.pending) continue;
    shares -= exit.shares;
    for (const move of exit.moves) shares -= move.shares;
  }
  return shares;
}

/** Begins the vote on a proposal: the set of this epoch, with the stake that weighs and stays. */
function startVote(state: State, context: BlockContext, proposal: Proposal): void {
  const { governance, staking } = state;
  const now = currentEpoch(context);
  proposal.status = PROPOSAL_STATUS.voting;
  proposal.snapshotEpoch = now;
  proposal.votingStartedAt = stakingTime(state, context);
  const { expeditedVotingMs, votingMs } = proposal.rules;
  const spanMs = proposal.expedited ? expeditedVotingMs : votingMs;
  proposal.votingEndsAt = timestampMs(proposal.votingStartedAt + spanMs);
  for (const { validator } of staking.epochStakes.must(now).entries) {
    const pool = staking.pools.must(validator);
    const shares = stayingShares(state, validator, now);
    const tokens = pool.shares === 0n ? 0n : mulDivFloor(shares, pool.tokens, pool.shares);
    governance.validatorTallies.set(validatorTallyKey.pack(proposal.id, validator), {
      tokens,
      shares,
      overridden: 0n,
      left: 0n,
      cast: noAnswers(),
      ballot: NO_BALLOT,
    });
    proposal.validators.push(validator);
    proposal.power += tokens;
  }
  governance.proposals.touch(proposal.id);
  noteProposal(context, proposal, DEPOSITS.kept);
}

/** On the first block of an epoch: votes begin on what has its deposit, in the order of submission. */
function startVotes(state: State, context: BlockContext): void {
  const proposals = governanceMetaOf(state).live.map((id) => state.governance.proposals.must(id));
  const running = proposals.filter(({ status }) => status === PROPOSAL_STATUS.voting).length;
  const ready = proposals.filter(
    (proposal) =>
      proposal.status === PROPOSAL_STATUS.deposit && depositOf(proposal) >= proposal.minDeposit,
  );
  const room = Math.min(MAX_VOTES_STARTED_PER_EPOCH, MAX_VOTES_AT_A_TIME - running);
  const starting = ready.slice(0, Math.max(0, room));
  if (starting.length === 0) return;
  for (const proposal of starting) startVote(state, context, proposal);
  renewOldestSnapshot(state);
  renewNextDue(state);
}

/** When a proposal is looked at next. */
function dueAt(proposal: Proposal): TimestampMs {
  switch (proposal.status) {
    case PROPOSAL_STATUS.deposit:
      // With its deposit it waits for an epoch, not for the clock.
      return depositOf(proposal) >= proposal.minDeposit ? NEVER : proposal.depositEndsAt;
    case PROPOSAL_STATUS.voting:
      return proposal.votingEndsAt;
    case PROPOSAL_STATUS.passed:
      return proposal.executesAt;
    case PROPOSAL_STATUS.executed:
    case PROPOSAL_STATUS.rejected:
    case PROPOSAL_STATUS.vetoed:
    case PROPOSAL_STATUS.failed:
    case PROPOSAL_STATUS.lapsed:
      return NEVER;
  }
}

/** Looks when anything is due next. O(live + pauses). */
function renewNextDue(state: State): void {
  const meta = changedGovernanceMeta(state);
  let next: number = NEVER;
  for (const id of meta.live) {
    next = Math.min(next, dueAt(state.governance.proposals.must(id)));
  }
  for (const [, { until }] of state.governance.pauses.unorderedEntries()) {
    next = Math.min(next, until);
  }
  meta.nextDueAt = timestampMs(next);
}

/** A vote is over. An expedited one that fell short goes on as a normal one. */
function closeVote(state: State, context: BlockContext, proposal: Proposal): void {
  const { rules } = proposal;
  const tally = tallyOf(state, proposal);
  const verdict = verdictOf(proposal, tally);
  if (proposal.expedited && verdict !== 'accepted' && verdict !== 'vetoed') {
    proposal.expedited = false;
    proposal.votingEndsAt = timestampMs(proposal.votingStartedAt + rules.votingMs);
    state.governance.proposals.touch(proposal.id);
    noteProposal(context, proposal, DEPOSITS.kept);
    return;
  }
  proposal.tally = tally;
  dropTallies(state, proposal);
  if (verdict !== 'accepted') {
    const { vetoed, rejected } = PROPOSAL_STATUS;
    endProposal(state, context, proposal, { status: verdict === 'vetoed' ? vetoed : rejected });
  } else {
    const waitMs = needsNoTimelock(proposal.content) ? 0 : rules.timelockMs;
    proposal.status = PROPOSAL_STATUS.passed;
    proposal.executesAt = timestampMs(stakingTime(state, context) + waitMs);
    state.governance.proposals.touch(proposal.id);
    noteProposal(context, proposal, DEPOSITS.kept);
  }
  renewOldestSnapshot(state);
}

/** Carries out what was accepted: once, whatever comes of it. */
function execute(state: State, context: BlockContext, proposal: Proposal): void {
  const done = enactContent(state, context, proposal.id, proposal.content);
  const { executed, failed } = PROPOSAL_STATUS;
  const end = done.ok
    ? { status: executed }
    : { status: failed, failure: refusalRecord(done.error).number };
  endProposal(state, context, proposal, end);
}

/** Does what is due with a proposal; false when it must wait for a later block. */
function advance(state: State, context: BlockContext, proposal: Proposal): boolean {
  switch (proposal.status) {
    case PROPOSAL_STATUS.deposit:
      endProposal(state, context, proposal, { status: PROPOSAL_STATUS.lapsed });
      return true;
    case PROPOSAL_STATUS.voting:
      if (governanceMetaOf(state).pruning.length >= MAX_PRUNING) return false;
      closeVote(state, context, proposal);
      return true;
    case PROPOSAL_STATUS.passed:
      execute(state, context, proposal);
      return true;
    case PROPOSAL_STATUS.executed:
    case PROPOSAL_STATUS.rejected:
    case PROPOSAL_STATUS.vetoed:
    case PROPOSAL_STATUS.failed:
    case PROPOSAL_STATUS.lapsed:
      return true;
  }
}

/** Ends the pauses whose time is over: what was ordered before holds again. */
function endPauses(state: State, context: BlockContext, now: TimestampMs): void {
  const { pauses } = state.governance;
  for (const underlying of pauses.sortedKeys()) {
    const { until, before } = pauses.must(underlying);
    if (until > now) continue;
    pauses.delete(underlying);
    const { governed } = statusOf(state, underlying);
    if (governed === INSTRUMENT_STATE.reduceOnly) {
      changeStatus(state, context, underlying, { governed: before });
    }
  }
}

/** Removes votes of proposals that are over, oldest first. */
function pruneVotes(state: State): void {
  if (governanceMetaOf(state).pruning.length === 0) return;
  const { governance } = state;
  const meta = changedGovernanceMeta(state);
  let budget = MAX_PRUNED_VOTES_PER_BLOCK;
  while (budget > 0) {
    const [entry] = meta.pruning;
    if (entry === undefined) return;
    const numbers = governance.voteNumbers.get(entry.proposal);
    for (; entry.next < entry.end && budget > 0; entry.next++, budget--) {
      const key = voteKey.pack(entry.proposal, entry.next);
      const { account, validator } = governance.votes.must(key);
      numbers?.delete(delegationKey.pack(account, validator));
      governance.votes.delete(key);
    }
    if (entry.next < entry.end) return;
    governance.voteNumbers.delete(entry.proposal);
    meta.pruning.shift();
  }
}

/** At the end of each block, before the epoch's end. */
export function runGovernance(state: State, context: BlockContext): void {
  if (metaOf(state).previousEpochLastHeight === context.height - 1) startVotes(state, context);
  pruneVotes(state);
  const now = stakingTime(state, context);
  if (now < governanceMetaOf(state).nextDueAt) return;
  endPauses(state, context, now);
  let budget = MAX_DUE_PER_BLOCK;
  for (const id of [...governanceMetaOf(state).live]) {
    const proposal = state.governance.proposals.must(id);
    if (dueAt(proposal) > now || budget === 0) continue;
    if (advance(state, context, proposal)) budget -= 1;
  }
  renewNextDue(state);
}

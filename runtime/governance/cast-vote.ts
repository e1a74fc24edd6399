/**
 * `castVote`: a delegator's stake says something else than its validators, or says it where they are silent.
 *
 * Votes on one proposal are numbered, so that they can be removed in order when it is over. Cost of each:
 * settling one delegation, and O(1); no tally is ever counted again.
 */

import type { ValidatorId } from '../../staking/ids.ts';
import { settle } from '../../staking/settle.ts';
import type { CastValidatorVote, CastVote } from '../actions/governance.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { AccountId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import {
  type Ballot,
  FULL_BALLOT,
  isWholeBallot,
  PROPOSAL_STATUS,
  type ProposalId,
} from './ballot.ts';
import { type Proposal, validatorTallyKey, voteKey } from './proposal.ts';
import { indexVote } from './tables.ts';
import { addCast, inheritedShares, powerOf, voteOf, votingShares } from './voting-shares.ts';

/** Errors in order: unknown_proposal, not_voting, bad_ballot. */
function votable({ governance }: State, id: ProposalId, ballot: Ballot): Result<Proposal, Refusal> {
  const proposal = governance.proposals.get(id);
  if (proposal === undefined) return err(refusal('unknown_proposal', { given: id }));
  if (proposal.status !== PROPOSAL_STATUS.voting) {
    return err(refusal('not_voting', { given: proposal.status }));
  }
  if (!isWholeBallot(ballot)) {
    const { yes, no, abstain, veto } = ballot;
    return err(refusal('bad_ballot', { given: yes + no + abstain + veto, allowed: FULL_BALLOT }));
  }
  return ok(proposal);
}

/** Shares that a delegation has in a vote; 0 where its validator is not in the snapshot. */
function sharesIn(
  state: State,
  context: BlockContext,
  { id, snapshotEpoch }: Proposal,
  place: { readonly account: AccountId; readonly validator: ValidatorId },
): bigint {
  const { account, validator } = place;
  if (!state.governance.validatorTallies.has(validatorTallyKey.pack(id, validator))) return 0n;
  const row = settle(state, context, account, validator);
  return row === undefined ? 0n : votingShares(row, snapshotEpoch);
}

/** Writes one delegation's vote; returns its power. */
function castOne(
  state: State,
  context: BlockContext,
  proposal: Proposal,
  cast: {
    readonly account: AccountId;
    readonly validator: ValidatorId;
    readonly shares: bigint;
    readonly ballot: Ballot;
  },
): bigint {
  const { governance } = state;
  const { account, validator, shares, ballot } = cast;
  const tallyKey = validatorTallyKey.pack(proposal.id, validator);
  const tally = governance.validatorTallies.must(tallyKey);
  const known = voteOf(state, proposal.id, account, validator);
  if (known === undefined) {
    const number = proposal.votes;
    const vote = { account, validator, shares, ballot };
    governance.votes.set(voteKey.pack(proposal.id, number), vote);
    indexVote(state, proposal.id, vote, number);
    proposal.votes += 1;
    governance.proposals.touch(proposal.id);
  } else {
    const { vote, key } = known;
    addCast(tally, vote.ballot, -vote.shares);
    // Shares only ever go: what liens took since belongs to nobody.
    tally.left += vote.shares - shares;
    vote.shares = shares;
    vote.ballot = ballot;
    governance.votes.touch(key);
  }
  addCast(tally, ballot, shares);
  governance.validatorTallies.touch(tallyKey);
  const power = powerOf(tally, shares);
  context.events.push({
    selector: EVENT.voted,
    value: { proposal: proposal.id, account, validator, asValidator: false, power, ballot },
  });
  return power;
}

/**
 * Errors in order: unknown_proposal, not_voting (given: its status), bad_ballot (given: the sum), and
 * no_voting_power when none of the delegations named has a share in this vote. Those without one are left
 * out. A vote cast before is replaced. Cost: a settled delegation each.
 */
export function castVote(
  state: State,
  context: BlockContext,
  account: AccountId,
  { proposal: id, ballot, validators }: CastVote,
): Result<ActionResult, Refusal> {
  const found = votable(state, id, ballot);
  if (!found.ok) return found;
  const proposal = found.value;
  const parts = [...new Set(validators)]
    .map((validator) => ({
      validator,
      shares: sharesIn(state, context, proposal, { account, validator }),
    }))
    .filter(({ shares }) => shares > 0n);
  if (parts.length === 0) return err(refusal('no_voting_power', { given: id }));

  // From here it must succeed.
  let power = 0n;
  for (const { validator, shares } of parts) {
    power += castOne(state, context, proposal, { account, validator, shares, ballot });
  }
  return ok({ selector: ACTION_RESULT.voted, value: { power } });
}

/**
 * What the stake of the validator that the account operates says, where its owners do not vote. Errors in
 * order: unknown_proposal, not_voting, bad_ballot, not_operator (the account operates none), and
 * no_voting_power when it was not in the set when the vote began. O(1).
 */
export function castValidatorVote(
  state: State,
  context: BlockContext,
  account: AccountId,
  { proposal: id, ballot }: CastValidatorVote,
): Result<ActionResult, Refusal> {
  const found = votable(state, id, ballot);
  if (!found.ok) return found;
  const validator = state.staking.operators.get(account)?.validator;
  if (validator === undefined) return err(refusal('not_operator'));
  const key = validatorTallyKey.pack(id, validator);
  const tally = state.governance.validatorTallies.get(key);
  if (tally === undefined) return err(refusal('no_voting_power', { given: id }));

  // From here it must succeed.
  tally.ballot = ballot;
  state.governance.validatorTallies.touch(key);
  const power = powerOf(tally, inheritedShares(tally));
  context.events.push({
    selector: EVENT.voted,
    value: { proposal: id, account, validator, asValidator: true, power, ballot },
  });
  return ok({ selector: ACTION_RESULT.voted, value: { power } });
}

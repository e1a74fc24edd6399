/** `submitProposal` and `depositProposal`: how a proposal comes to its vote. */
import { purse, stakingTime } from '../../staking/context.ts';
import type { DepositProposal, SubmitProposal } from '../actions/governance.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { mulDivCeil } from '../core/math.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, epoch, type TimestampMs, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { MAX_PROPOSAL_ID, noAnswers, PROPOSAL_STATUS, proposalId } from './ballot.ts';
import { contentProblem, onlyTightens } from './enact.ts';
import { endProposal } from './end-proposal.ts';
import { MAX_DEPOSITS, MAX_GATHERING_PROPOSALS, MAX_LIVE_PROPOSALS } from './limits.ts';
import { depositOf, type Proposal } from './proposal.ts';
import { changedGovernanceMeta, governanceMetaOf, governanceParametersOf } from './tables.ts';

const MICRO = 1_000_000n;
const NEVER: TimestampMs = timestampMs(0);

/** Least that one deposit is, of a proposal that needs `minDeposit`: so 16 always suffice. */
export function leastDeposit(minDeposit: bigint): bigint {
  return mulDivCeil(minDeposit, 1n, BigInt(MAX_DEPOSITS));
}

/** Still gathers deposits: not those that wait for an epoch to begin their vote. */
function isGathering(proposal: Proposal): boolean {
  return proposal.status === PROPOSAL_STATUS.deposit && depositOf(proposal) < proposal.minDeposit;
}

/**
 * The proposal that would make room for one with `deposit`: `undefined` when there is room, an error when
 * none gives way. Error: too_many_proposals (given: the deposit, allowed: what takes the place of the least).
 */
function displaced(state: State, deposit: bigint): Result<Proposal | undefined, Refusal> {
  const { live, nextProposal } = governanceMetaOf(state);
  const gathering = live
    .map((id) => state.governance.proposals.must(id))
    .filter((proposal) => isGathering(proposal));
  if (nextProposal > MAX_PROPOSAL_ID) return err(refusal('too_many_proposals'));
  if (gathering.length < MAX_GATHERING_PROPOSALS && live.length < MAX_LIVE_PROPOSALS) {
    return ok(undefined);
  }
  let least: Proposal | undefined;
  for (const proposal of gathering) {
    // The newest of equals gives way: who came first keeps the place.
    if (least === undefined || depositOf(proposal) <= depositOf(least)) least = proposal;
  }
  if (least === undefined) return err(refusal('too_many_proposals', { given: deposit }));
  // Each turn costs a whole least deposit more, so that nobody turns proposals over at no cost.
  const allowed = depositOf(least) + leastDeposit(least.minDeposit);
  return deposit < allowed
    ? err(refusal('too_many_proposals', { given: deposit, allowed }))
    : ok(least);
}

/** Errors in order: deposit_too_small, insufficient_mil. */
function depositProblem(
  state: State,
  account: AccountId,
  amount: bigint,
  least: bigint,
): Refusal | undefined {
  if (amount < least) return refusal('deposit_too_small', { given: amount, allowed: least });
  const balance = balanceOf(state, purse(account), DENOMINATION.mil);
  return amount > balance
    ? refusal('insufficient_mil', { given: amount, allowed: balance })
    : undefined;
}

/** Moves a deposit and notes it. */
function addDeposit(
  state: State,
  context: BlockContext,
  proposal: Proposal,
  { account, amount }: { readonly account: AccountId; readonly amount: bigint },
): void {
  const to = MODULE.governance;
  const denomination = DENOMINATION.mil;
  transfer(state, { from: purse(account), to, denomination, amount, reason: 'deposit' });
  const known = proposal.deposits.find((deposit) => deposit.account === account);
  if (known === undefined) proposal.deposits.push({ account, amount });
  else known.amount += amount;
  state.governance.proposals.touch(proposal.id);
  const total = depositOf(proposal);
  context.events.push({
    selector: EVENT.proposalDeposited,
    value: { proposal: proposal.id, account, amount, total },
  });
}

/**
 * Submits a proposal with its first deposit. Errors in order: bad_content (an empty title), those of its
 * content (`contentProblem`), deposit_too_small, insufficient_mil, too_many_proposals. An expedited one
 * whose content does not only tighten becomes a normal one. Cost: that of its content.
 */
export function submitProposal(
  state: State,
  context: BlockContext,
  account: AccountId,
  { title, summary, content, expedited: asked, deposit }: SubmitProposal,
): Result<ActionResult, Refusal> {
  if (title.length === 0) return err(refusal('bad_content'));
  const problem = contentProblem(state, context.timestamp, content);
  if (problem !== undefined) return err(problem);
  const rules = governanceParametersOf(state);
  const expedited = asked && onlyTightens(content);
  const times = expedited ? rules.expeditedDepositTimes : 1;
  const minDeposit = BigInt(rules.minDepositMil) * BigInt(times) * MICRO;
  const refused = depositProblem(state, account, deposit, leastDeposit(minDeposit));
  if (refused !== undefined) return err(refused);
  const room = displaced(state, deposit);
  if (!room.ok) return room;

  // From here it must succeed.
  if (room.value !== undefined) {
    endProposal(state, context, room.value, { status: PROPOSAL_STATUS.lapsed });
  }
  const now = stakingTime(state, context);
  const meta = changedGovernanceMeta(state);
  const id = meta.nextProposal;
  meta.nextProposal = proposalId(id + 1);
  meta.live.push(id);
  const depositEndsAt = timestampMs(now + rules.depositMs);
  meta.nextDueAt = timestampMs(Math.min(meta.nextDueAt, depositEndsAt));
  const proposal: Proposal = {
    id,
    proposer: account,
    title,
    summary,
    content,
    rules: { ...rules },
    status: PROPOSAL_STATUS.deposit,
    expedited,
    submittedAt: now,
    minDeposit,
    deposits: [],
    depositEndsAt,
    snapshotEpoch: epoch(0),
    votingStartedAt: NEVER,
    votingEndsAt: NEVER,
    power: 0n,
    validators: [],
    votes: 0,
    tally: noAnswers(),
    executesAt: NEVER,
    endedAt: NEVER,
    failure: 0,
  };
  state.governance.proposals.set(id, proposal);
  context.events.push({
    selector: EVENT.proposalSubmitted,
    value: { proposal: id, account, content: content.selector, expedited },
  });
  addDeposit(state, context, proposal, { account, amount: deposit });
  return ok({ selector: ACTION_RESULT.proposal, value: { proposal: id, deposited: deposit } });
}

/**
 * Adds a deposit. Errors in order: unknown_proposal, not_in_deposit (given: its status; it has what it
 * needs, or its time is over), deposit_too_small, insufficient_mil. What is above the need is kept on it,
 * and comes back with the rest. O(deposits).
 */
export function depositProposal(
  state: State,
  context: BlockContext,
  account: AccountId,
  { proposal: id, amount }: DepositProposal,
): Result<ActionResult, Refusal> {
  const proposal = state.governance.proposals.get(id);
  if (proposal === undefined) return err(refusal('unknown_proposal', { given: id }));
  if (!isGathering(proposal)) {
    return err(refusal('not_in_deposit', { given: proposal.status }));
  }
  const refused = depositProblem(state, account, amount, leastDeposit(proposal.minDeposit));
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  addDeposit(state, context, proposal, { account, amount });
  const deposited = depositOf(proposal);
  return ok({ selector: ACTION_RESULT.proposal, value: { proposal: id, deposited } });
}

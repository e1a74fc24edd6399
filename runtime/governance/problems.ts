/** What breaks the books of governance: for tests, and on demand in a node. O(rows). */
import { delegationKey } from '../../staking/ids.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { State } from '../state/state.ts';
import { ANSWERS, isWholeBallot, noAnswers, PROPOSAL_STATUS, type ProposalId } from './ballot.ts';
import { depositOf, validatorTallyKey, voteKey } from './proposal.ts';
import { governanceMetaOf } from './tables.ts';
import { tallyOf } from './tally.ts';

/** Votes of one validator's stake, summed from the rows. */
function castOf({
  governance,
}: State): Map<number, { shares: bigint; cast: ReturnType<typeof noAnswers> }> {
  const sums = new Map<number, { shares: bigint; cast: ReturnType<typeof noAnswers> }>();
  for (const [key, { validator, shares, ballot }] of governance.votes.unorderedEntries()) {
    const place = validatorTallyKey.pack(voteKey.high(key), validator);
    const sum = sums.get(place) ?? { shares: 0n, cast: noAnswers() };
    sum.shares += shares;
    for (const answer of ANSWERS) sum.cast[answer] += shares * BigInt(ballot[answer]);
    sums.set(place, sum);
  }
  return sums;
}

function tallyProblems(state: State): string[] {
  const problems: string[] = [];
  const sums = castOf(state);
  for (const [key, tally] of state.governance.validatorTallies.unorderedEntries()) {
    const place = `tally of ${validatorTallyKey.high(key)} by ${validatorTallyKey.low(key)}`;
    const sum = sums.get(key) ?? { shares: 0n, cast: noAnswers() };
    if (sum.shares !== tally.overridden) problems.push(`${place}: votes of ${sum.shares}`);
    if (ANSWERS.some((answer) => sum.cast[answer] !== tally.cast[answer])) {
      problems.push(`${place}: answers differ from the votes`);
    }
    if (tally.overridden < 0n || tally.left < 0n) problems.push(`${place}: below zero`);
    if (tally.overridden + tally.left > tally.shares) problems.push(`${place}: more than there is`);
  }
  return problems;
}

function proposalProblems(state: State): string[] {
  const problems: string[] = [];
  const { live, finished } = governanceMetaOf(state);
  const { deposit, voting, passed } = PROPOSAL_STATUS;
  for (const id of live) {
    const proposal = state.governance.proposals.must(id);
    const isLive = [deposit, voting, passed].some((status) => status === proposal.status);
    if (!isLive) problems.push(`proposal ${id} is over and live`);
    if (proposal.status !== voting) continue;
    const { yes, no, abstain, veto } = tallyOf(state, proposal);
    if (yes + no + abstain + veto > proposal.power) problems.push(`proposal ${id}: too many votes`);
  }
  const known = [...live, ...finished].sort((a, b) => a - b);
  if (known.join() !== state.governance.proposals.sortedKeys().join()) {
    problems.push('a proposal is neither live nor finished, or both');
  }
  return problems;
}

/** Every break found; empty when all holds. */
export function governanceProblems(state: State): string[] {
  const { governance } = state;
  let deposited = 0n;
  for (const [, proposal] of governance.proposals.unorderedEntries()) {
    deposited += depositOf(proposal);
  }
  const held = balanceOf(state, MODULE.governance, DENOMINATION.mil);
  const problems = [...tallyProblems(state), ...proposalProblems(state)];
  if (deposited !== held) problems.push(`deposits of ${deposited}, and ${held} held`);
  let indexed = 0;
  for (const [id, numbers] of governance.voteNumbers) {
    for (const [delegation, number] of numbers) {
      indexed += 1;
      const vote = governance.votes.get(voteKey.pack(id as ProposalId, number));
      if (vote === undefined || delegationKey.pack(vote.account, vote.validator) !== delegation) {
        problems.push(`the index of votes on ${id} names another`);
      }
    }
  }
  if (indexed !== governance.votes.size) problems.push('votes without an index');
  for (const [, { ballot }] of governance.votes.unorderedEntries()) {
    if (!isWholeBallot(ballot)) problems.push('a vote that does not sum to the whole');
  }
  return problems;
}

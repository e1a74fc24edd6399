/** Ends a proposal: its deposits go back or are burned, its rows are given up for removal. */
import { purse, stakingTime } from '../../staking/context.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import type { Epoch } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { burn, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { State } from '../state/state.ts';
import { PROPOSAL_STATUS, type ProposalStatus } from './ballot.ts';
import { DEPOSITS, type DepositsFate } from './events.ts';
import { MAX_KEPT_PROPOSALS } from './limits.ts';
import { depositOf, type Proposal, validatorTallyKey } from './proposal.ts';
import { changedGovernanceMeta } from './tables.ts';

/** Says what a proposal has become. */
export function noteProposal(
  context: BlockContext,
  { id, status, expedited, failure, tally }: Proposal,
  deposits: DepositsFate,
): void {
  context.events.push({
    selector: EVENT.proposalChanged,
    value: { proposal: id, status, expedited, failure, deposits, tally: { ...tally } },
  });
}

/** Gives the deposits back, each to whom it came from. O(deposits). */
export function returnDeposits(state: State, proposal: Proposal): void {
  for (const { account, amount } of proposal.deposits) {
    const from = MODULE.governance;
    const denomination = DENOMINATION.mil;
    transfer(state, { from, to: purse(account), denomination, amount, reason: 'deposit' });
  }
  proposal.deposits = [];
}

/** Burns the deposits. */
function burnDeposits(state: State, proposal: Proposal): void {
  burn(state, MODULE.governance, DENOMINATION.mil, depositOf(proposal));
  proposal.deposits = [];
}

/** Drops the rows of a vote's validators. O(validators). */
export function dropTallies({ governance }: State, { id, validators }: Proposal): void {
  for (const validator of validators) {
    governance.validatorTallies.delete(validatorTallyKey.pack(id, validator));
  }
}

/** The first epoch whose stake still votes; none when no vote runs. O(live). */
export function renewOldestSnapshot(state: State): void {
  const meta = changedGovernanceMeta(state);
  let oldest: Epoch | undefined;
  for (const id of meta.live) {
    const { status, snapshotEpoch } = state.governance.proposals.must(id);
    if (status !== PROPOSAL_STATUS.voting) continue;
    if (oldest === undefined || snapshotEpoch < oldest) oldest = snapshotEpoch;
  }
  meta.oldestSnapshot = oldest === undefined ? [] : [oldest];
}

/**
 * Ends a proposal for good, with the number of a refusal where it could not be carried out. The oldest of
 * those that are over and kept makes room. O(deposits + live).
 */
export function endProposal(
  state: State,
  context: BlockContext,
  proposal: Proposal,
  end: { readonly status: ProposalStatus; readonly failure?: number },
): void {
  const { governance } = state;
  proposal.status = end.status;
  proposal.failure = end.failure ?? 0;
  proposal.endedAt = stakingTime(state, context);
  const isBurned = end.status === PROPOSAL_STATUS.vetoed;
  if (isBurned) burnDeposits(state, proposal);
  else returnDeposits(state, proposal);
  governance.proposals.touch(proposal.id);
  const meta = changedGovernanceMeta(state);
  meta.live = meta.live.filter((id) => id !== proposal.id);
  meta.finished.push(proposal.id);
  if (proposal.votes > 0)
    meta.pruning.push({ proposal: proposal.id, next: 0, end: proposal.votes });
  if (meta.finished.length > MAX_KEPT_PROPOSALS) {
    const oldest = meta.finished.shift();
    if (oldest !== undefined) governance.proposals.delete(oldest);
  }
  noteProposal(context, proposal, isBurned ? DEPOSITS.burned : DEPOSITS.returned);
}

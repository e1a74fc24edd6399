/** The life of proposals: deposit, vote, time lock, and what each kind does. */
import { expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { PROPOSAL_STATUS } from '../../runtime/governance/ballot.ts';
import { castValidatorVote, castVote } from '../../runtime/governance/cast-vote.ts';
import { PARAMETER_SET } from '../../runtime/governance/parameter-sets.ts';
import { tallyOf } from '../../runtime/governance/tally.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { parametersOf } from '../../runtime/state/state.ts';
import { delegate } from '../../staking/delegate.ts';
import {
  blockContext,
  change,
  DEPOSIT,
  governanceChain,
  governedEpoch,
  governedTime,
  NO,
  proposalOf,
  proposed,
  TEST_GOVERNANCE,
  TEXT,
  YES,
} from '../fixtures/governance.ts';
import { EPOCH_MS, MIL, milOf, V } from '../fixtures/staking.ts';

test('a parameter change: deposit, vote of validators, a delegator of another mind, time lock, change', () => {
  const chain = governanceChain();
  const { state } = chain;
  const [alice] = chain.delegators as [never];
  delegate(state, blockContext(chain), alice, { validator: V(1), amount: 5_000n * MIL });
  governedEpoch(chain);
  governedEpoch(chain);
  const before = milOf(chain, alice);
  const content = change(state, PARAMETER_SET.chain, 'communityShareBps', 300);
  const id = proposed(chain, alice, content);
  expect(milOf(chain, alice)).toBe(before - DEPOSIT);
  expect(proposalOf(chain, id).status).toBe(PROPOSAL_STATUS.deposit);
  governedEpoch(chain);
  const proposal = proposalOf(chain, id);
  expect(proposal.status).toBe(PROPOSAL_STATUS.voting);
  expect(proposal.power).toBe(55_000n * MIL);
  for (const operator of chain.operators) {
    castValidatorVote(state, blockContext(chain), operator, { proposal: id, ballot: YES });
  }
  expect(tallyOf(state, proposal).yes).toBe(55_000n * MIL);
  const cast = castVote(state, blockContext(chain), alice, {
    proposal: id,
    ballot: NO,
    validators: [V(1)],
  });
  expect(cast).toMatchObject({ ok: true, value: { value: { power: 5_000n * MIL } } });
  expect(tallyOf(state, proposal)).toMatchObject({ yes: 50_000n * MIL, no: 5_000n * MIL });
  governedTime(chain, TEST_GOVERNANCE.votingMs);
  expect(proposal.status).toBe(PROPOSAL_STATUS.passed);
  expect(parametersOf(state).communityShareBps).toBe(200);
  governedTime(chain, EPOCH_MS + 2_000);
  expect(proposal.status).toBe(PROPOSAL_STATUS.executed);
  expect(parametersOf(state).communityShareBps).toBe(300);
  expect(milOf(chain, alice)).toBe(before);
  expect(balanceOf(state, MODULE.governance, DENOMINATION.mil)).toBe(0n);
  governedEpoch(chain);
  expect(state.governance.votes.size).toBe(0);
});

test('a text is carried out with its vote', () => {
  const chain = governanceChain();
  const [alice] = chain.delegators as [never];
  const id = proposed(chain, alice, TEXT);
  governedEpoch(chain);
  for (const operator of chain.operators) {
    castValidatorVote(chain.state, blockContext(chain), operator, { proposal: id, ballot: YES });
  }
  governedTime(chain, TEST_GOVERNANCE.votingMs);
  governedEpoch(chain);
  expect(proposalOf(chain, id).status).toBe(PROPOSAL_STATUS.executed);
});

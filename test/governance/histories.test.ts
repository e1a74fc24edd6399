/** Books of governance over random histories of votes, deposits, stake that moves, faults and time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AccountId } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { PROPOSAL_STATUS, type ProposalId } from '../../runtime/governance/ballot.ts';
import { castValidatorVote, castVote } from '../../runtime/governance/cast-vote.ts';
import { PARAMETER_SET } from '../../runtime/governance/parameter-sets.ts';
import { pauseTrading } from '../../runtime/governance/pause-trading.ts';
import { governanceProblems } from '../../runtime/governance/problems.ts';
import { depositProposal, submitProposal } from '../../runtime/governance/submit-proposal.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { cancelUnbonding } from '../../staking/cancel-unbonding.ts';
import { delegate } from '../../staking/delegate.ts';
import { delegationKey, validatorId } from '../../staking/ids.ts';
import { poke } from '../../staking/poke.ts';
import { stakingProblems } from '../../staking/problems.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { undelegate } from '../../staking/undelegate.ts';
import {
  ballot,
  blockContext,
  change,
  DEPOSIT,
  type GovernanceChain,
  governanceChain,
  governedBlock,
  governedEpoch,
  TEST_GOVERNANCE,
  TEXT,
} from '../fixtures/governance.ts';
import { runs } from '../fixtures/runs.ts';
import { doubleVote, MIL, V } from '../fixtures/staking.ts';
import { reloaded } from '../fixtures/state.ts';

const ACTS = [
  'propose',
  'deposit',
  'vote',
  'operator',
  'delegate',
  'undelegate',
  'redelegate',
  'cancel',
  'poke',
  'evidence',
  'pause',
  'block',
  'epoch',
] as const;

type Step = {
  readonly act: (typeof ACTS)[number];
  readonly who: number;
  readonly from: number;
  readonly to: number;
  readonly amount: bigint;
  readonly parts: readonly number[];
};
const step: fc.Arbitrary<Step> = fc.record({
  act: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...ACTS) },
    {
      weight: 4,
      arbitrary: fc.constantFrom('vote', 'undelegate', 'cancel', 'redelegate', 'epoch'),
    },
  ),
  who: fc.nat(7),
  from: fc.nat(4),
  to: fc.nat(4),
  amount: fc.oneof(fc.constant(0n), fc.bigInt(MIL, 3_000n * MIL)),
  parts: fc.tuple(fc.nat(5_000), fc.nat(2_500), fc.nat(2_500)),
});

function run(chain: GovernanceChain, { act, who, from, to, amount, parts }: Step): unknown {
  const { state } = chain;
  const context = blockContext(chain);
  const accounts = [...chain.delegators, ...chain.operators];
  const account = accounts[who % accounts.length] as AccountId;
  const keys = state.staking.delegations.sortedKeys();
  const held = keys[(who * 5 + from) % keys.length] ?? 0;
  const holder = delegationKey.high(held) as AccountId;
  const where = validatorId(delegationKey.low(held));
  const { live } = state.governance.governanceMeta.must(0);
  const voting = live.filter(
    (id) => state.governance.proposals.must(id).status === PROPOSAL_STATUS.voting,
  );
  const proposal = (voting[to % (voting.length || 1)] ?? live[0] ?? 1) as ProposalId;
  const [yes = 0, no = 0, veto = 0] = parts;
  const split = ballot({ yes, no, veto, abstain: 10_000 - yes - no - veto });
  switch (act) {
    case 'propose': {
      const value = 100 + Number(amount % 400n);
      const content =
        to === 0 ? TEXT : change(state, PARAMETER_SET.chain, 'communityShareBps', value);
      const deposit = from < 3 ? DEPOSIT * 5n : DEPOSIT / 10n;
      const texts = { title: new Uint8Array([65]), summary: new Uint8Array(0) };
      return submitProposal(state, context, account, {
        ...texts,
        ...{ content, deposit, expedited: from === 0 },
      });
    }
    case 'deposit':
      return depositProposal(state, context, account, {
        proposal: live.at(-1) ?? proposal,
        amount,
      });
    case 'vote':
      return castVote(state, context, holder, { proposal, ballot: split, validators: [where] });
    case 'operator':
      return castValidatorVote(state, context, account, { proposal, ballot: split });
    case 'delegate':
      return delegate(state, context, account, { validator: V(1 + from), amount });
    case 'undelegate':
      return undelegate(state, context, holder, { validator: where, amount });
    case 'redelegate':
      return redelegate(state, context, holder, { from: where, to: V(1 + to), amount });
    case 'cancel': {
      const row = state.staking.delegations.get(held);
      const entry = row?.unbondings[to % (row.unbondings.length || 1)];
      if (entry === undefined) return undefined;
      const { lastEpoch } = entry;
      return cancelUnbonding(state, context, holder, { validator: where, lastEpoch });
    }
    case 'poke':
      return poke(state, context, { account: holder, validator: where });
    case 'evidence': {
      if (who !== 0) return undefined;
      const evidence = doubleVote(chain, V(1 + from), Math.max(0, chain.config.epoch - to), 0);
      return evidence && submitEvidence(state, context, account, evidence);
    }
    case 'pause':
      return pauseTrading(state, context, account, { underlying: 255 as never, durationMs: 9_000 });
    case 'block':
      return governedBlock(chain, 5_000);
    case 'epoch':
      return governedEpoch(chain);
  }
}

/** When each proposal was accepted and carried out: a change needs its time lock, and comes once. */
function lockProblems(
  chain: GovernanceChain,
  seen: { at: number; times: Map<number, number> },
): string[] {
  const problems: string[] = [];
  for (; seen.at < chain.all.length; seen.at++) {
    const event = chain.all[seen.at];
    if (event?.selector !== EVENT.proposalChanged) continue;
    const { proposal: id, status } = event.value;
    const { passed, executed, failed } = PROPOSAL_STATUS;
    if (status === passed) seen.times.set(id, chain.now);
    if (status !== executed && status !== failed) continue;
    const since = seen.times.get(id);
    const isText = chain.state.governance.proposals.get(id)?.content.selector === 0;
    const least = isText ? 0 : TEST_GOVERNANCE.timelockMs;
    if (since === undefined || chain.now - since < least) problems.push(`${id} came too early`);
    seen.times.delete(id);
  }
  return problems;
}

test('votes never exceed stake, deposits are kept, nothing comes before its time lock or twice', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 25, maxLength: 60, size: 'max' }), (steps) => {
      const chain = governanceChain({ validators: 5, delegators: 4 });
      const { state } = chain;
      const seen = { at: 0, times: new Map<number, number>() };
      // A vote runs from the first: that is where stake that moves could vote twice.
      for (const delegator of chain.delegators) {
        delegate(state, blockContext(chain), delegator, { validator: V(1), amount: 2_000n * MIL });
      }
      run(chain, { act: 'propose', who: 0, from: 1, to: 1, amount: 7n, parts: [0, 0, 0] });
      governedEpoch(chain);
      for (const each of steps) {
        run(chain, each);
        const problems = [...governanceProblems(state), ...lockProblems(chain, seen)];
        if (problems.length > 0) expect(problems).toEqual([]);
      }
      expect([...stakingProblems(state), ...conservationProblems(state)]).toEqual([]);
      const copy = reloaded(state);
      expect(governanceProblems(copy)).toEqual([]);
    }),
    { numRuns: runs(150) },
  );
});

/** Every refusal of governance, in order of precedence; and the attacks that the rules are there for. */
import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { statusOf } from '../../runtime/auction/change-state.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';
import { type AccountId, epoch, underlyingId } from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import { PROPOSAL_STATUS, type ProposalId, proposalId } from '../../runtime/governance/ballot.ts';
import { castValidatorVote, castVote } from '../../runtime/governance/cast-vote.ts';
import { CONTENT, type ProposalContent } from '../../runtime/governance/content.ts';
import { riskParametersHash } from '../../runtime/governance/enact.ts';
import { PARAMETER_SET } from '../../runtime/governance/parameter-sets.ts';
import { pauseTrading } from '../../runtime/governance/pause-trading.ts';
import {
  depositProposal,
  leastDeposit,
  submitProposal,
} from '../../runtime/governance/submit-proposal.ts';
import { tallyOf } from '../../runtime/governance/tally.ts';
import { balanceOf, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { defaultRiskParameters } from '../../runtime/margin/mode/risk-parameters.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { parametersOf, type State } from '../../runtime/state/state.ts';
import { cancelUnbonding } from '../../staking/cancel-unbonding.ts';
import { purse } from '../../staking/context.ts';
import { delegate } from '../../staking/delegate.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { stakingParametersOf } from '../../staking/tables.ts';
import { undelegate } from '../../staking/undelegate.ts';
import {
  addressBytes,
  ballot,
  blockContext,
  change,
  DEPOSIT,
  type GovernanceChain,
  governanceChain,
  governedBlock,
  governedEpoch,
  governedTime,
  NO,
  proposalOf,
  proposed,
  TEST_GOVERNANCE,
  TEXT,
  VETO,
  YES,
} from '../fixtures/governance.ts';
import { EPOCH_MS, MIL, milOf, V } from '../fixtures/staking.ts';

type Outcome = { readonly ok: boolean; readonly error?: Refusal };
const codeOf = (outcome: unknown): string => {
  const { ok, error } = outcome as Outcome;
  return ok ? 'ok' : (error?.code ?? '');
};
const person = (chain: GovernanceChain, index: number): AccountId =>
  chain.delegators[index] as AccountId;

function submit(chain: GovernanceChain, content: ProposalContent, deposit = DEPOSIT): string {
  const texts = { title: asciiBytes('T'), summary: new Uint8Array(0) };
  const action = { ...texts, content, deposit, expedited: false };
  return codeOf(submitProposal(chain.state, blockContext(chain), person(chain, 1), action));
}

/** A listing of a third underlying as its row would be. */
function listing(state: State, over: object = {}): ProposalContent {
  const row = state.underlyings.must(underlyingId(0));
  const underlying = { ...row, id: underlyingId(2), name: asciiBytes('SOL'), ...over };
  return { selector: CONTENT.listUnderlying, value: { underlying } };
}
const spend = (to: Uint8Array, amount: bigint, denomination = 1): ProposalContent => ({
  selector: CONTENT.spend,
  value: { to, amount, denomination: denomination as never },
});
function risk(state: State, over: object = {}): ProposalContent {
  const underlying = underlyingId(0);
  const { parameters } = defaultRiskParameters(underlying);
  const expected = riskParametersHash(state, underlying);
  const value = { underlying, expected, parameters, noticeMs: 86_400_000, phaseMs: 0, ...over };
  return { selector: CONTENT.risk, value };
}
const trading = (over: object): ProposalContent => ({
  selector: CONTENT.trading,
  value: { scope: 0, id: 0, to: INSTRUMENT_STATE.halted, ...over },
});

describe('a proposal is refused for its content, then its deposit, then want of room', () => {
  const SET = PARAMETER_SET;
  const CONTENTS: readonly [string, (state: State) => ProposalContent, string][] = [
    ['no such set', (s) => change(s, 9, 'x', 1), 'bad_content'],
    ['no such parameter', (s) => change(s, SET.chain, 'nothing', 1), 'bad_content'],
    ['no such scope', (s) => change(s, SET.underlying, 'maxOrderLots', 5, 7), 'bad_content'],
    ['fixed', (s) => change(s, SET.governance, 'timelockFloorMs', 0), 'bad_content'],
    [
      'above its range',
      (s) => change(s, SET.chain, 'communityShareBps', 10_001),
      'parameter_range',
    ],
    ['below its range', (s) => change(s, SET.staking, 'minSlashBps', 0), 'parameter_range'],
    [
      'another value in force',
      (s) => {
        const content = change(s, SET.chain, 'communityShareBps', 300);
        s.parameters.set(0, { ...parametersOf(s), communityShareBps: 201 });
        return content;
      },
      'parameter_expected',
    ],
    [
      'two shares above all',
      (s) => change(s, SET.chain, 'insuranceShareBps', 9_900),
      'parameters_conflict',
    ],
    [
      'windows crossed',
      (s) => change(s, SET.staking, 'evidenceMs', 3_600_000),
      'parameters_conflict',
    ],
    [
      'a lock below its floor',
      (s) => change(s, SET.governance, 'timelockMs', 1),
      'parameters_conflict',
    ],
    [
      'a timeout below the pace',
      (s) => change(s, SET.consensus, 'idleBlockMs', 9_000),
      'parameters_conflict',
    ],
    [
      'more strikes than odd',
      (s) => change(s, SET.underlying, 'strikesListed', 4, 1),
      'parameters_conflict',
    ],
    ['a listing out of range', (s) => listing(s, { makerFeeCentiBps: 10_001 }), 'bad_content'],
    ['a tick that no lot divides', (s) => listing(s, { optionTickMicroUsd: 7 }), 'bad_content'],
    ['a number that is taken', (s) => listing(s, { id: underlyingId(1) }), 'underlying_exists'],
    ['a name that is taken', (s) => listing(s, { name: asciiBytes('ETH') }), 'underlying_exists'],
    ['margin of nothing', (s) => risk(s, { underlying: underlyingId(9) }), 'unknown_underlying'],
    [
      'margin of other parameters',
      (s) => risk(s, { expected: new Uint8Array(32) }),
      'parameter_expected',
    ],
    ['too short a notice', (s) => risk(s, { noticeMs: 86_399_999 }), 'risk_refused'],
    ['nothing spent', () => spend(new Uint8Array(20), 0n), 'bad_content'],
    ['an unknown denomination', () => spend(new Uint8Array(20), 1n, 2), 'bad_content'],
    ['spent to nobody', () => spend(new Uint8Array(20), 1n), 'unknown_receiver'],
    ['a state that is not ordered', () => trading({ to: INSTRUMENT_STATE.settled }), 'bad_content'],
    ['a market that is not there', () => trading({ id: 9 }), 'unknown_underlying'],
    ['a series that is not there', () => trading({ scope: 1, id: 9 }), 'unknown_instrument'],
    [
      'an armed nobody',
      () => ({ selector: CONTENT.guardian, value: { guardian: new Uint8Array(20), armed: true } }),
      'bad_content',
    ],
  ];
  test.each(CONTENTS)('%s', (_name, content, code) => {
    const chain = governanceChain();
    // Whatever its deposit: the content comes first.
    expect(submit(chain, content(chain.state), 0n)).toBe(code);
    expect(chain.state.governance.proposals.size).toBe(0);
  });

  test('more than the community holds', () => {
    const chain = governanceChain();
    const to = addressBytes(chain.state, person(chain, 1));
    mint(chain.state, MODULE.community, DENOMINATION.mil, 6n);
    expect(submit(chain, spend(to, 7n))).toBe('insufficient_treasury');
    expect(submit(chain, spend(to, 6n))).toBe('ok');
  });

  test('a deposit below a sixteenth, beyond the balance, or without a title', () => {
    const chain = governanceChain();
    const least = leastDeposit(DEPOSIT);
    expect(submit(chain, TEXT, least - 1n)).toBe('deposit_too_small');
    expect(submit(chain, TEXT, 100_001n * MIL)).toBe('insufficient_mil');
    expect(submit(chain, TEXT, least)).toBe('ok');
    const nameless = { title: new Uint8Array(0), summary: new Uint8Array(0), content: TEXT };
    const action = { ...nameless, deposit: DEPOSIT, expedited: false };
    const done = submitProposal(chain.state, blockContext(chain), person(chain, 1), action);
    expect(codeOf(done)).toBe('bad_content');
  });
});

test('deposits and votes are refused in order', () => {
  const chain = governanceChain();
  const { state } = chain;
  const [operator] = chain.operators as [AccountId];
  const alice = person(chain, 1);
  const deposit = (proposal: ProposalId, amount: bigint): string =>
    codeOf(depositProposal(state, blockContext(chain), alice, { proposal, amount }));
  const vote = (proposal: ProposalId, answer = YES): string =>
    codeOf(
      castVote(state, blockContext(chain), alice, { proposal, ballot: answer, validators: [V(1)] }),
    );
  expect(deposit(proposalId(1), 0n)).toBe('unknown_proposal');
  expect(vote(proposalId(1))).toBe('unknown_proposal');
  const id = proposed(chain, alice, TEXT, { deposit: DEPOSIT / 2n });
  expect(deposit(id, 1n)).toBe('deposit_too_small');
  expect(deposit(id, 200_000n * MIL)).toBe('insufficient_mil');
  expect(vote(id)).toBe('not_voting');
  expect(deposit(id, DEPOSIT / 2n)).toBe('ok');
  expect(deposit(id, DEPOSIT)).toBe('not_in_deposit');
  governedEpoch(chain);
  expect(vote(id, ballot({ yes: 9_999 }))).toBe('bad_ballot');
  expect(vote(id)).toBe('no_voting_power');
  const asValidator = (account: AccountId): string =>
    codeOf(castValidatorVote(state, blockContext(chain), account, { proposal: id, ballot: YES }));
  expect(asValidator(alice)).toBe('not_operator');
  expect(asValidator(operator)).toBe('ok');
  governedTime(chain, TEST_GOVERNANCE.votingMs);
  expect(asValidator(operator)).toBe('not_voting');
});

test("the guardian's pause: once, in time and scope, and governance arms it again", () => {
  const chain = governanceChain();
  const { state } = chain;
  const guardian = person(chain, 0);
  const btc = underlyingId(0);
  const pause = (account: AccountId, over: object = {}): string =>
    codeOf(
      pauseTrading(state, blockContext(chain), account, {
        ...{ underlying: btc, durationMs: 50_000, ...over },
      }),
    );
  expect(pause(person(chain, 1))).toBe('not_guardian');
  expect(pause(guardian, { underlying: 9 })).toBe('unknown_underlying');
  expect(pause(guardian, { durationMs: TEST_GOVERNANCE.maxPauseMs + 1 })).toBe('bad_pause');
  expect(pause(guardian, { durationMs: 0 })).toBe('bad_pause');
  expect(pause(guardian)).toBe('ok');
  expect(pause(guardian)).toBe('guardian_used');
  expect(statusOf(state, btc).governed).toBe(INSTRUMENT_STATE.reduceOnly);
  expect(statusOf(state, underlyingId(1)).governed).toBe(INSTRUMENT_STATE.open);
  governedBlock(chain, 49_000);
  expect(statusOf(state, btc).governed).toBe(INSTRUMENT_STATE.reduceOnly);
  governedBlock(chain, 1_000);
  expect(statusOf(state, btc).governed).toBe(INSTRUMENT_STATE.open);
  const value = { guardian: addressBytes(state, guardian), armed: true };
  passes(chain, { selector: CONTENT.guardian, value });
  expect(pause(guardian)).toBe('ok');
});

/** A proposal that every validator votes for, until it is carried out. */
function passes(chain: GovernanceChain, content: ProposalContent): ProposalId {
  const id = proposed(chain, person(chain, 1), content);
  governedEpoch(chain);
  for (const operator of chain.operators) {
    castValidatorVote(chain.state, blockContext(chain), operator, { proposal: id, ballot: YES });
  }
  governedTime(chain, TEST_GOVERNANCE.votingMs + TEST_GOVERNANCE.timelockMs + 3_000);
  return id;
}

describe('what each kind does when it is carried out', () => {
  test('staking, underlying and consensus parameters, each where it belongs', () => {
    const chain = governanceChain();
    const { state } = chain;
    passes(chain, change(state, PARAMETER_SET.staking, 'minSelfBondMil', 1_500));
    expect(stakingParametersOf(state).minSelfBondMil).toBe(1_500);
    passes(chain, change(state, PARAMETER_SET.underlying, 'takerFeeCentiBps', 250, 1));
    expect(state.underlyings.must(underlyingId(1)).takerFeeCentiBps).toBe(250);
    expect(state.underlyings.must(underlyingId(0)).takerFeeCentiBps).toBe(300);
    passes(chain, change(state, PARAMETER_SET.consensus, 'deltaMs', 120));
    expect(state.governance.consensusChange.must(0).deltaMs).toBe(120);
  });

  test('a market is listed with margin parameters, and halted', () => {
    const chain = governanceChain();
    const { state } = chain;
    passes(chain, listing(state));
    const sol = underlyingId(2);
    expect(state.underlyings.must(sol).name).toEqual(asciiBytes('SOL'));
    expect(state.riskParameters.has(sol)).toBe(true);
    passes(chain, trading({ id: sol }));
    expect(statusOf(state, sol).governed).toBe(INSTRUMENT_STATE.halted);
  });

  test('money of the community, once', () => {
    const chain = governanceChain();
    const { state } = chain;
    const bob = person(chain, 2);
    mint(state, MODULE.community, DENOMINATION.usd, 100n);
    const content = spend(addressBytes(state, bob), 60n, 0);
    passes(chain, content);
    expect(balanceOf(state, purse(bob), DENOMINATION.usd)).toBe(60n);
    governedTime(chain, 5 * EPOCH_MS);
    expect(balanceOf(state, purse(bob), DENOMINATION.usd)).toBe(60n);
  });

  test('portfolio margin is announced with its notice', () => {
    const chain = governanceChain();
    const { state } = chain;
    const { parameters } = defaultRiskParameters(underlyingId(0));
    const over = { ...parameters, shortPowerPpm: parameters.shortPowerPpm + 1_000 };
    passes(chain, risk(state, { parameters: over, phaseMs: 1_000 }));
    const [announced] = state.riskParameters.must(underlyingId(0)).change;
    expect(announced?.parameters.shortPowerPpm).toBe(over.shortPowerPpm);
    expect((announced?.startsAt ?? 0) - (announced?.announcedAt ?? 0)).toBe(86_400_000);
  });
});

describe('attacks', () => {
  test('two proposals on one value: the second finds another value and fails', () => {
    const chain = governanceChain();
    const { state } = chain;
    const up = change(state, PARAMETER_SET.chain, 'communityShareBps', 300);
    const first = proposed(chain, person(chain, 1), up);
    const second = proposed(chain, person(chain, 2), up);
    governedEpoch(chain);
    for (const id of [first, second]) {
      for (const operator of chain.operators) {
        castValidatorVote(state, blockContext(chain), operator, { proposal: id, ballot: YES });
      }
    }
    governedTime(chain, TEST_GOVERNANCE.votingMs + TEST_GOVERNANCE.timelockMs + 3_000);
    expect(proposalOf(chain, first).status).toBe(PROPOSAL_STATUS.executed);
    expect(proposalOf(chain, second)).toMatchObject({
      status: PROPOSAL_STATUS.failed,
      failure: 753,
      deposits: [],
    });
  });

  test('a value at its edge that makes another invalid by the time it is carried out', () => {
    const chain = governanceChain();
    const { state } = chain;
    // Each alone is in its range and joins the set of today; together they share out more than all.
    const insurance = change(state, PARAMETER_SET.chain, 'insuranceShareBps', 9_800);
    const community = change(state, PARAMETER_SET.chain, 'communityShareBps', 300);
    const first = proposed(chain, person(chain, 1), insurance);
    const second = proposed(chain, person(chain, 2), community);
    governedEpoch(chain);
    for (const id of [first, second]) {
      for (const operator of chain.operators) {
        castValidatorVote(state, blockContext(chain), operator, { proposal: id, ballot: YES });
      }
    }
    governedTime(chain, TEST_GOVERNANCE.votingMs + TEST_GOVERNANCE.timelockMs + 3_000);
    expect(proposalOf(chain, second)).toMatchObject({
      status: PROPOSAL_STATUS.failed,
      failure: 754,
    });
    expect(parametersOf(state)).toMatchObject({ insuranceShareBps: 9_800, communityShareBps: 200 });
  });

  test('spam: places are bounded, and each turn costs a least deposit more', () => {
    const chain = governanceChain();
    const { state } = chain;
    const least = leastDeposit(DEPOSIT);
    mint(state, purse(person(chain, 1)), DENOMINATION.mil, 1_000_000n * MIL);
    for (let n = 0; n < 64; n++) expect(submit(chain, TEXT, least)).toBe('ok');
    expect(submit(chain, TEXT, 2n * least - 1n)).toBe('too_many_proposals');
    const before = milOf(chain, person(chain, 1));
    expect(submit(chain, TEXT, 2n * least)).toBe('ok');
    // The newest of those with the least gave way, and has its deposit back.
    expect(proposalOf(chain, proposalId(64)).status).toBe(PROPOSAL_STATUS.lapsed);
    expect(milOf(chain, person(chain, 1))).toBe(before - least);
    // An honest one with all that it needs finds its place.
    expect(submit(chain, TEXT)).toBe('ok');
    governedEpoch(chain);
    expect(proposalOf(chain, proposalId(66)).status).toBe(PROPOSAL_STATUS.voting);
    // What never got its deposit ends by the clock, four a block, each deposit back.
    governedTime(chain, TEST_GOVERNANCE.depositMs);
    for (let n = 0; n < 20; n++) governedBlock(chain, 10);
    expect(state.governance.governanceMeta.must(0).live).toEqual([]);
    expect(balanceOf(state, MODULE.governance, DENOMINATION.mil)).toBe(0n);
  });

  test('flash stake: what comes after a vote began says nothing in it', () => {
    const chain = governanceChain();
    const { state } = chain;
    const [alice, bob] = [person(chain, 1), person(chain, 2)];
    delegate(state, blockContext(chain), alice, { validator: V(1), amount: 3_000n * MIL });
    governedEpoch(chain);
    const id = proposed(chain, bob, TEXT);
    // It is on its way when the vote begins, and weighs an epoch later.
    delegate(state, blockContext(chain), bob, { validator: V(1), amount: 90_000n * MIL });
    governedEpoch(chain);
    governedEpoch(chain);
    const vote = (account: AccountId): unknown =>
      castVote(state, blockContext(chain), account, {
        proposal: id,
        ballot: YES,
        validators: [V(1)],
      });
    expect(codeOf(vote(bob))).toBe('no_voting_power');
    expect(vote(alice)).toMatchObject({ value: { value: { power: 3_000n * MIL } } });
    // Adding to stake that votes adds nothing.
    delegate(state, blockContext(chain), alice, { validator: V(1), amount: 50_000n * MIL });
    governedEpoch(chain, 10_000);
    expect(vote(alice)).toMatchObject({ value: { value: { power: 3_000n * MIL } } });
  });

  test('a vote, then a move: it neither votes again where it arrives nor stays where it was', () => {
    const chain = governanceChain({ governance: { votingMs: 8 * EPOCH_MS } });
    const { state } = chain;
    const alice = person(chain, 1);
    delegate(state, blockContext(chain), alice, { validator: V(1), amount: 3_000n * MIL });
    governedEpoch(chain);
    const id = proposed(chain, alice, TEXT);
    governedEpoch(chain);
    const vote = (validator: number): string =>
      codeOf(
        castVote(state, blockContext(chain), alice, {
          ...{ proposal: id, ballot: YES, validators: [V(validator)] },
        }),
      );
    expect(vote(1)).toBe('ok');
    expect(tallyOf(state, proposalOf(chain, id)).yes).toBe(3_000n * MIL);
    redelegate(state, blockContext(chain), alice, { from: V(1), to: V(2), amount: 1_000n * MIL });
    expect(tallyOf(state, proposalOf(chain, id)).yes).toBe(2_000n * MIL);
    undelegate(state, blockContext(chain), alice, { validator: V(1), amount: 1_000n * MIL });
    expect(tallyOf(state, proposalOf(chain, id)).yes).toBe(1_000n * MIL);
    const lastEpoch = epoch(chain.config.epoch + 1);
    cancelUnbonding(state, blockContext(chain), alice, { validator: V(1), lastEpoch });
    expect(vote(1)).toBe('ok');
    expect(tallyOf(state, proposalOf(chain, id)).yes).toBe(1_000n * MIL);
    for (let n = 0; n < 3; n++) governedEpoch(chain);
    expect(vote(2)).toBe('no_voting_power');
    expect(proposalOf(chain, id).status).toBe(PROPOSAL_STATUS.voting);
  });

  test('a veto burns what was deposited; no quorum and a lost vote give it back', () => {
    const ends = (answer: typeof YES | undefined, voters: number): readonly [number, bigint] => {
      const chain = governanceChain();
      const { state } = chain;
      const alice = person(chain, 1);
      const before = milOf(chain, alice);
      const id = proposed(chain, alice, TEXT);
      governedEpoch(chain);
      for (const operator of chain.operators.slice(0, voters)) {
        if (answer === undefined) continue;
        const cast = { proposal: id, ballot: answer };
        castValidatorVote(state, blockContext(chain), operator, cast);
      }
      governedTime(chain, TEST_GOVERNANCE.votingMs + 2_000);
      expect(balanceOf(state, MODULE.governance, DENOMINATION.mil)).toBe(0n);
      return [proposalOf(chain, id).status, before - milOf(chain, alice)];
    };
    expect(ends(VETO, 5)).toEqual([PROPOSAL_STATUS.vetoed, DEPOSIT]);
    expect(ends(NO, 5)).toEqual([PROPOSAL_STATUS.rejected, 0n]);
    expect(ends(YES, 1)).toEqual([PROPOSAL_STATUS.rejected, 0n]);
    expect(ends(undefined, 0)).toEqual([PROPOSAL_STATUS.rejected, 0n]);
    expect(ends(YES, 2)).toEqual([PROPOSAL_STATUS.executed, 0n]);
  });

  test('an expedited vote: only for what tightens; short of its threshold it goes on as a normal one', () => {
    const chain = governanceChain();
    const { state } = chain;
    const loosen = change(state, PARAMETER_SET.chain, 'bandSpotBps', 5_000);
    const asNormal = proposed(chain, person(chain, 1), loosen, { expedited: true });
    expect(proposalOf(chain, asNormal).expedited).toBe(false);
    const { bandSpotBps } = parametersOf(state);
    const tighten = change(state, PARAMETER_SET.chain, 'bandSpotBps', bandSpotBps - 1);
    const options = { expedited: true, deposit: 5n * DEPOSIT };
    const id = proposed(chain, person(chain, 1), tighten, options);
    governedEpoch(chain);
    const [a, b, c, d] = chain.operators as [AccountId, AccountId, AccountId, AccountId];
    for (const [operator, answer] of [
      [a, YES],
      [b, YES],
      [c, YES],
      [d, NO],
    ] as const) {
      castValidatorVote(state, blockContext(chain), operator, { proposal: id, ballot: answer });
    }
    // 60 of 80 is above two thirds; 60 of 100 is not, and is above a half.
    castValidatorVote(state, blockContext(chain), chain.operators[4] as AccountId, {
      ...{ proposal: id, ballot: NO },
    });
    governedBlock(chain, TEST_GOVERNANCE.expeditedVotingMs);
    expect(proposalOf(chain, id)).toMatchObject({
      status: PROPOSAL_STATUS.voting,
      expedited: false,
    });
    governedTime(chain, TEST_GOVERNANCE.votingMs);
    expect(proposalOf(chain, id).status).toBe(PROPOSAL_STATUS.passed);
    governedTime(chain, TEST_GOVERNANCE.timelockMs + 3_000);
    expect(parametersOf(state).bandSpotBps).toBe(bandSpotBps - 1);
  });
});

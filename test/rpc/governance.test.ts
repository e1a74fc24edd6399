/** What voters ask by JSON-RPC, over a chain of real governance. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import {
  METHODS,
  type MethodName,
  type ParamsOf,
  type ResultOf,
} from '../../node/rpc/schemas/methods.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { asciiBytes, toHex } from '../../runtime/core/bytes.ts';
import type { AccountId } from '../../runtime/core/units.ts';
import { castValidatorVote, castVote } from '../../runtime/governance/cast-vote.ts';
import { CONTENT, ProposalContentCodec } from '../../runtime/governance/content.ts';
import { PARAMETER_SET, PARAMETER_SETS } from '../../runtime/governance/parameter-sets.ts';
import { submitProposal } from '../../runtime/governance/submit-proposal.ts';
import { delegate } from '../../staking/delegate.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import {
  addressBytes,
  ballot,
  blockContext,
  change,
  DEPOSIT,
  type GovernanceChain,
  governanceChain,
  governedEpoch,
  governedTime,
  proposed,
  TEST_GOVERNANCE,
  TEXT,
  YES,
} from '../fixtures/governance.ts';
import { MIL, V } from '../fixtures/staking.ts';
import { fakeNode } from './fake-node.ts';
import { quietLog } from './quiet-log.ts';

let chain: GovernanceChain;
let server: RunningServer;
let client: Client;

beforeEach(async () => {
  chain = governanceChain();
  const { api } = fakeNode(chain.state);
  server = await startRpcInline(
    { ...api, configs: () => [chain.config] },
    { ...DEFAULT_RPC_CONFIG, port: 0 },
    quietLog(),
    NO_METRICS,
  );
  client = createClient({ url: server.url });
});
afterEach(async () => {
  client.close();
  await server.close();
});

/** The answer, held against its schema. */
async function ask<M extends MethodName>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>> {
  const answer = await client.call(method, params);
  expect(METHODS[method].result.safeParse(answer).error).toBeUndefined();
  return answer;
}
const person = (index: number): AccountId => chain.delegators[index] as AccountId;

test('every parameter of every set has a value in its range, and a unit', async () => {
  const { sets } = await ask('get_parameter_sets', {});
  expect([...new Set(sets.map(({ set }) => set))]).toEqual(PARAMETER_SETS.map(({ name }) => name));
  expect(sets.filter(({ set }) => set === 'underlying').map(({ scope }) => scope)).toEqual([
    'BTC',
    'ETH',
  ]);
  for (const { set, parameters } of sets) {
    expect(Object.keys(parameters).length).toBeGreaterThan(5);
    for (const [name, { value, min, max, unit }] of Object.entries(parameters)) {
      expect(value >= min && value <= max, `${set}.${name}`).toBe(true);
      expect(unit).not.toBe('');
    }
  }
});

test('a vote validator by validator, delegator by delegator, and what it comes to', async () => {
  const { state } = chain;
  delegate(state, blockContext(chain), person(1), { validator: V(2), amount: 4_000n * MIL });
  governedEpoch(chain);
  governedEpoch(chain);
  const id = proposed(chain, person(0), change(state, PARAMETER_SET.chain, 'epochMs', 60_000));
  governedEpoch(chain);
  const [first, second] = chain.operators as [AccountId, AccountId];
  const context = blockContext(chain);
  castValidatorVote(state, context, first, { proposal: id, ballot: YES });
  castValidatorVote(state, context, second, { proposal: id, ballot: YES });
  const split = ballot({ yes: 2_500, veto: 7_500 });
  castVote(state, context, person(1), { proposal: id, ballot: split, validators: [V(2)] });
  const found = await ask('get_proposal', { proposal_id: id });
  expect(found).toMatchObject({
    status: 'voting',
    power: '54000',
    tally: { yes: '21000', no: '0', abstain: '0', veto: '3000' },
    outcome: 'accepted',
    content: { kind: 'parameters', changes: [{ parameter: 'epochMs', after: 60_000, unit: 'ms' }] },
  });
  expect(found.validators.find(({ validator_id: one }) => one === 2)).toMatchObject({
    power: '14000',
    own: '4000',
    inherited: '10000',
    ballot: { yes: 10_000 },
  });
  const votes = await ask('get_votes', { proposal_id: id });
  expect(votes.votes).toMatchObject([{ validator_id: 2, power: '4000', ballot: { veto: 7_500 } }]);
  expect((await ask('get_proposals', { status: 'voting' })).proposals).toHaveLength(1);
  governedTime(chain, TEST_GOVERNANCE.votingMs);
  expect((await ask('get_proposal', { proposal_id: id })).tally.veto).toBe('3000');
  await expect(ask('get_proposal', { proposal_id: 7 })).rejects.toThrow(/proposal/);
});

test('a text that would move a terminal is shown without its commands', async () => {
  const done = submitProposal(chain.state, blockContext(chain), person(0), {
    ...{ title: asciiBytes('a\u001b[2Jb'), summary: new Uint8Array(0), content: TEXT },
    ...{ expedited: false, deposit: DEPOSIT },
  });
  expect(done.ok).toBe(true);
  expect((await ask('get_proposals', {})).proposals[0]?.title).toBe('a?[2Jb');
});

test('a simulation tells what would change, and what stands against it, and changes nothing', async () => {
  const { state } = chain;
  const hex = (content: Parameters<typeof ProposalContentCodec.encode>[0]): string =>
    toHex(ProposalContentCodec.encode(content));
  const tight = change(state, PARAMETER_SET.underlying, 'maxAccountLots', 500, 1);
  expect(await ask('simulate_proposal', { content: hex(tight) })).toMatchObject({
    possible: true,
    can_be_expedited: true,
    timelock_ms: TEST_GOVERNANCE.timelockMs,
    changes: [{ set: 'underlying', scope: 'ETH', before: 0, after: 500 }],
  });
  const clash = change(state, PARAMETER_SET.staking, 'trustMs', 1_000_000);
  expect(await ask('simulate_proposal', { content: hex(clash) })).toMatchObject({
    possible: false,
    refusal: { code: 'parameters_conflict' },
    problem: 'trustMs < evidenceMs < unbondingMs does not hold',
  });
  const to = addressBytes(state, person(0));
  const spend = hex({ selector: CONTENT.spend, value: { to, denomination: 1, amount: 7n * MIL } });
  expect(await ask('simulate_proposal', { content: spend })).toMatchObject({
    possible: false,
    refusal: { code: 'insufficient_treasury', given: '7000000', allowed: '0' },
    treasury: { before: '0', after: '-7' },
  });
  await expect(ask('simulate_proposal', { content: 'ff' })).rejects.toMatchObject({
    data: { field: 'content', given: 'ff' },
  });
  await expect(ask('simulate_proposal', {})).rejects.toMatchObject({
    data: { allowed: 'a proposal_id or a content, one of the two' },
  });
  expect(state.governance.proposals.size).toBe(0);
});

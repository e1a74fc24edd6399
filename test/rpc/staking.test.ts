/** What delegators and validators ask by JSON-RPC, over a chain of real staking. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NodeStatus } from '../../node/api.ts';
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import {
  METHODS,
  type MethodName,
  type ParamsOf,
  type ResultOf,
} from '../../node/rpc/schemas/methods.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { asciiBytes, fromHex } from '../../runtime/core/bytes.ts';
import { type AccountId, address } from '../../runtime/core/units.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { claimRewards } from '../../staking/claim-rewards.ts';
import { setCompounding } from '../../staking/compound.ts';
import { delegate } from '../../staking/delegate.ts';
import { DEVNET_STAKING_PARAMETERS } from '../../staking/parameters.ts';
import { stakingProblems } from '../../staking/problems.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { setWithdrawAddress } from '../../staking/set-withdraw-address.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { undelegate } from '../../staking/undelegate.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import { RpcError } from '../../wallet/client/rpc-error.ts';
import {
  contextOf,
  doubleVote,
  EPOCH_MS,
  MIL,
  milOf,
  nextEpoch,
  nextStakingBlock,
  payFees,
  type StakingChain,
  stakingChain,
  usdOf,
  V,
} from '../fixtures/staking.ts';
import { fakeNode } from './fake-node.ts';
import { quietLog } from './quiet-log.ts';

/** The fake node's status in the epoch of the chain. */
const statusAt = (status: NodeStatus): NodeStatus => ({ ...status, epoch: chain.config.epoch });

let chain: StakingChain;
let server: RunningServer;
let client: Client;

beforeEach(async () => {
  chain = stakingChain({ validators: 5, delegators: 4 });
  const { api } = fakeNode(chain.state);
  server = await startRpcInline(
    { ...api, configs: () => [chain.config], status: () => statusAt(api.status()) },
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

/** The answer, held against its schema, at the chain's clock. */
async function ask<M extends MethodName>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>> {
  Object.assign(metaOf(chain.state), { epoch: chain.config.epoch, timestamp: chain.now });
  const answer = await client.call(method, params);
  expect(METHODS[method].result.safeParse(answer).error).toBeUndefined();
  return answer;
}

const addressOf = (account: AccountId): string =>
  formatAddress(address(chain.state.derived.accounts.addressById.get(account) ?? ''));
/** An address with its last character mistyped. */
const swapEnd = (text: string): string => `${text.slice(0, -1)}${text.endsWith('q') ? 'p' : 'q'}`;
const person = (index: number): AccountId => chain.delegators[index] as AccountId;
const operator = (index: number): AccountId => chain.operators[index] as AccountId;
const delegationsOf = (account: AccountId): Promise<ResultOf<'get_delegations'>> =>
  ask('get_delegations', { account: addressOf(account) });

function stake(account: AccountId, validator: number, mil: bigint): void {
  const done = delegate(chain.state, contextOf(chain), account, {
    validator: V(validator),
    amount: mil * MIL,
  });
  expect(done.ok).toBe(true);
}

test('validators are listed with commission, stake, power, attendance and expected yield', async () => {
  stake(person(0), 2, 10_000n);
  nextEpoch(chain);
  nextEpoch(chain);
  nextStakingBlock(chain, EPOCH_MS / 2, 1);
  payFees(chain, 600n * 1_000_000n);
  const { registered, validators } = await ask('get_validators', {});
  expect(registered.map(({ validator_id }) => validator_id)).toEqual([1, 2, 3, 4, 5]);
  expect(validators).toHaveLength(5);
  const second = registered[1];
  expect(second).toMatchObject({
    status: 'active',
    commission_bps: 500,
    max_commission_bps: 2_000,
    max_commission_step_bps: 100,
    stake: '20000',
    self_stake: '10000',
    delegated_stake: '10000',
    joining: '0',
    weight: '20000',
    // A third of 60,000.
    voting_power: 20_000 / 60_000,
    faults: [],
    jailed_until: null,
  });
  expect(second?.operator).toBe(addressOf(operator(1)));

  // By hand: 95 % of the issuance, by weight × attended slots, over the stake.
  const { annual_issuance: issuance } = await ask('get_staking_pools', {});
  const efforts = registered.map(({ weight, attendance }) => {
    const { epoch_slots: slots, epoch_missed: missed } = attendance;
    return Number(weight) * (slots === 0 ? 1 : 1 - missed / slots);
  });
  const all = efforts.reduce((sum, one) => sum + one, 0);
  const part = (efforts[1] ?? 0) / all / 20_000;
  expect(second?.expected_yield).toBeCloseTo(0.95 * Number(issuance) * part, 9);
  // 600 USD in half a minute.
  const year = (365 * 24 * 3_600_000) / (EPOCH_MS / 2);
  expect(second?.expected_fees).toBeCloseTo(0.95 * 600 * year * part, 6);
  const missed = registered.reduce((sum, { attendance }) => sum + attendance.epoch_missed, 0);
  expect(missed).toBe(1);
});

test('what was accrued is exactly what a claim pays, to the micro-unit, and asking changes nothing', async () => {
  stake(person(0), 1, 3_333n);
  stake(person(1), 1, 777n);
  for (let i = 0; i < 4; i++) {
    payFees(chain, 1_000_000_007n);
    nextEpoch(chain);
  }
  const { balances, staking } = chain.state;
  const rows = (): unknown =>
    [balances, ...staking.stores].map((store) => [store.name, [...store.encodedRows()]]);
  const untouched = rows();
  const before = await delegationsOf(person(0));
  expect(rows()).toEqual(untouched);
  expect(stakingProblems(chain.state)).toEqual([]);
  const [usd, mil] = [usdOf(chain, person(0)), milOf(chain, person(0))];
  const done = claimRewards(chain.state, contextOf(chain), person(0), { validator: V(1) });
  expect(done.ok).toBe(true);
  const paid = (amount: bigint): string => {
    const text = (amount + 1_000_000_000_000n).toString().slice(-6).replace(/0+$/, '');
    return `${amount / 1_000_000n}${text === '' ? '' : `.${text}`}`;
  };
  expect(before.rewards).toEqual({
    usd: paid(usdOf(chain, person(0)) - usd),
    mil: paid(milOf(chain, person(0)) - mil),
  });
  expect((await delegationsOf(person(0))).rewards).toEqual({ usd: '0', mil: '0' });
});

test('joins, unbondings with their dates, liens, withdraw address and compounding are shown', async () => {
  stake(person(0), 1, 500n);
  const joining = await delegationsOf(person(0));
  expect(joining).toMatchObject({
    available: '99500',
    staked: '0',
    withdraw_address: addressOf(person(0)),
    operates: null,
    delegations: [
      { validator_id: 1, joins: [{ kind: 'fresh', amount: '500', from_epoch: 2, source: null }] },
    ],
  });
  nextEpoch(chain);
  nextEpoch(chain);
  const { state } = chain;
  const context = contextOf(chain);
  const to = fromHex(state.derived.accounts.addressById.get(person(2)) ?? '');
  setWithdrawAddress(state, context, person(0), { address: to ?? new Uint8Array(20) });
  setCompounding(state, context, person(0), { validator: V(1), allowed: true });
  expect(undelegate(state, context, person(0), { validator: V(1), amount: 100n * MIL }).ok).toBe(
    true,
  );
  const moved = redelegate(state, context, person(0), { from: V(1), to: V(2), amount: 50n * MIL });
  expect(moved.ok).toBe(true);

  const leaving = await delegationsOf(person(0));
  expect(leaving).toMatchObject({ withdraw_address: addressOf(person(2)), staked: '350' });
  expect(leaving.delegations[0]).toMatchObject({
    value: '350',
    compounding: true,
    unbondings: [{ last_epoch: 3, stage: 'leaving', amount: '100', matures_in_epoch: 8 }],
  });
  expect(leaving.delegations[1]?.joins).toEqual([
    { kind: 'redelegated', amount: '50', from_epoch: 4, source: 1 },
  ]);
  const { registered } = await ask('get_validators', {});
  expect(registered[0]).toMatchObject({ leaving: '150', joining: '0' });
  expect(registered[1]).toMatchObject({ joining: '50', delegated_stake: '50' });

  nextEpoch(chain);
  nextEpoch(chain);
  const unbonding = await delegationsOf(person(0));
  expect(unbonding.delegations[1]).toMatchObject({
    value: '50',
    joins: [],
    liens: [{ source: 1, last_epoch: 3 }],
  });
  const [entry] = unbonding.delegations[0]?.unbondings ?? [];
  // It left with the last block, and waits five epochs of a minute.
  expect(entry).toMatchObject({ stage: 'unbonding', matures_at: chain.now + 5 * EPOCH_MS });
  for (let i = 0; i < 5; i++) nextEpoch(chain);
  const over = await delegationsOf(person(0));
  expect(over.delegations[0]?.unbondings[0]).toMatchObject({ stage: 'matured', amount: '100' });
});

test('a guilty validator shows its fault, and its delegators what they have left', async () => {
  stake(person(0), 3, 10_000n);
  nextEpoch(chain);
  nextEpoch(chain);
  const evidence = doubleVote(chain, V(3), 2);
  expect(evidence).toBeDefined();
  if (evidence === undefined) return;
  expect(submitEvidence(chain.state, contextOf(chain), person(3), evidence).ok).toBe(true);
  const found = await ask('get_validator', { validator: 3 });
  // A third of the weight is guilty: φ = 3 × ⅓.
  expect(found).toMatchObject({ status: 'tombstoned', expected_yield: null });
  expect(found.faults).toEqual([{ epoch: 2, stake: '20000', share: 1 }]);
  expect(found.slashed).toBe('20000');
  expect((await delegationsOf(person(0))).staked).toBe('0');
});

test('a validator is found by number, operator and moniker; names that two have are refused', async () => {
  const { validators } = chain.state.staking;
  validators.must(V(1)).moniker = asciiBytes('north');
  validators.must(V(2)).moniker = asciiBytes('twin');
  validators.must(V(3)).moniker = asciiBytes('twin');
  const numbers = await Promise.all(
    [4, '4', addressOf(operator(4)), 'north'].map(
      async (validator) => (await ask('get_validator', { validator })).validator_id,
    ),
  );
  expect(numbers).toEqual([4, 4, 5, 1]);

  const wrong: readonly (readonly [number | string, string, RegExp])[] = [
    [0, 'invalid_params', /at least 1/],
    [6, 'validator_not_found', /the number, operator address or moniker/],
    ['9999999', 'validator_not_found', /the number, operator/],
    ['twin', 'validator_not_found', /one of the numbers 2, 3/],
    [addressOf(person(0)), 'validator_not_found', /the number, operator/],
    [swapEnd(addressOf(operator(0))), 'invalid_params', /mil1… or 40 hex/],
  ];
  for (const [validator, code, allowed] of wrong) {
    const failed = await client.call('get_validator', { validator }).catch((cause) => cause);
    expect(failed, String(validator)).toBeInstanceOf(RpcError);
    expect(failed.data, String(validator)).toMatchObject({ code });
    expect(failed.data.field).toContain('validator');
    expect(failed.data.allowed, String(validator)).toMatch(allowed);
  }
});

test('parameters come with units and ranges, pools with what is held and owed', async () => {
  const { parameters, limits } = await ask('get_staking_parameters', {});
  expect(Object.keys(parameters)).toEqual(Object.keys(DEVNET_STAKING_PARAMETERS));
  expect(parameters['unbondingEpochs']).toEqual({ value: 5, unit: 'epochs', min: 3, max: 10_000 });
  expect(limits).toMatchObject({ min_delegation: '1', max_unbondings: 7 });
  payFees(chain, 5_000_000n);
  const pools = await ask('get_staking_pools', {});
  // Five validators with 10,000 MIL each; nine accounts with 100,000.
  expect(pools).toMatchObject({
    bonded: '50000',
    unbonding: '0',
    undistributed: { usd: '5', mil: '0' },
    owed: { usd: '0', mil: '0' },
    supply: '950000',
    min_self_bond: '1000',
    annual_issuance: '38000',
    validators: 5,
    active_validators: 5,
  });
  expect(pools.bonded_share).toBeCloseTo(50 / 950, 12);
  nextEpoch(chain);
  expect((await ask('get_staking_pools', {})).owed.usd).toBe('5');
});

test('an account that is not there has nothing staked', async () => {
  const nobody = await ask('get_delegations', { account: 'ee'.repeat(20) });
  expect(nobody).toMatchObject({ available: '0', staked: '0', delegations: [], operates: null });
});

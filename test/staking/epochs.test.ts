/** Sets, weights, absence, issuance: what a boundary decides. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { timestampMs, validatorIndex } from '../../runtime/core/units.ts';
import { createValidator } from '../../staking/create-validator.ts';
import { delegate } from '../../staking/delegate.ts';
import { delegationKey } from '../../staking/ids.ts';
import { issuancePpm } from '../../staking/issuance.ts';
import { jail, unjail } from '../../staking/jail.ts';
import { DEFAULT_STAKING_PARAMETERS } from '../../staking/parameters.ts';
import { creationChecks, possessionDigest } from '../../staking/possession.ts';
import { cappedWeights, stakeForThird } from '../../staking/power-cap.ts';
import { isOracleKeyInForce, revokeOracleKey, rotateKey } from '../../staking/rotate-key.ts';
import { setStakingParameters } from '../../staking/set-parameters.ts';
import { settle } from '../../staking/settle.ts';
import { stakingParametersOf } from '../../staking/tables.ts';
import { undelegate } from '../../staking/undelegate.ts';
import { KEY_ROLE } from '../../staking/validator.ts';
import { runs } from '../fixtures/runs.ts';
import {
  contextOf,
  keyNamed,
  MIL,
  nextEpoch,
  nextStakingBlock,
  type StakingChain,
  stakingChain,
  V,
  weightIn,
} from '../fixtures/staking.ts';

const proven = (name: string) => ({ key: keyNamed(name), proof: new Uint8Array(64) });

function create(chain: StakingChain, who: never, name: string, selfBond = 5_000n * MIL) {
  return createValidator(chain.state, contextOf(chain), who, {
    consensus: proven(`consensus ${name}`),
    oracle: proven(`oracle ${name}`),
    peer: proven(`peer ${name}`),
    moniker: new Uint8Array(0),
    addresses: [],
    commissionBps: 1_000,
    maxCommissionBps: 2_000,
    maxCommissionStepBps: 100,
    selfBond,
  });
}

test('a delegation of epoch e weighs from e + 2; an undelegation of e through e + 1', () => {
  const chain = stakingChain();
  const { state } = chain;
  const who = chain.delegators[0] as never;
  delegate(state, contextOf(chain), who, { validator: V(1), amount: 500n * MIL });
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_000n);
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_500n);
  undelegate(state, contextOf(chain), who, { validator: V(1), amount: 200n * MIL });
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_500n);
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_300n);
});

test('validators enter and leave: create, top N by stake, self-bond below the minimum', () => {
  const chain = stakingChain({ validators: 5, parameters: { maxValidators: 5 } });
  const { state } = chain;
  const late = chain.delegators[0] as never;
  expect(create(chain, late, 'late', 999n * MIL)).toMatchObject({ error: { code: 'self_bond' } });
  expect(create(chain, late, '1')).toMatchObject({ error: { code: 'key_in_use' } });
  expect(create(chain, late, 'late', 20_000n * MIL).ok).toBe(true);
  expect(create(chain, late, 'again')).toMatchObject({ error: { code: 'already_operator' } });
  nextEpoch(chain);
  expect(chain.config.validators).toHaveLength(5);
  nextEpoch(chain);
  // Heavier than all, it takes the place of one of five equals: the last by address.
  expect(weightIn(chain, V(6))).toBe(20_000n);
  expect(weightIn(chain, V(5))).toBe(0n);
  const first = chain.operators[0] as never;
  undelegate(state, contextOf(chain), first, { validator: V(1), amount: 9_500n * MIL });
  nextEpoch(chain);
  nextEpoch(chain);
  // 500 MIL of its own are below the minimum of 1,000: dropped, not jailed.
  expect(weightIn(chain, V(1))).toBe(0n);
  expect(state.staking.validators.must(V(1)).jailed).toBe(false);
  expect(weightIn(chain, V(5))).toBe(10_000n);
});

test('a higher minimum self-bond comes into force after its grace', () => {
  const chain = stakingChain({ parameters: { selfBondGraceMs: 150_000 } });
  const raised = { ...stakingParametersOf(chain.state), minSelfBondMil: 20_000 };
  delegate(chain.state, contextOf(chain), chain.operators[0] as never, {
    validator: V(1),
    amount: 15_000n * MIL,
  });
  for (const n of [1, 2, 3]) {
    delegate(chain.state, contextOf(chain), chain.operators[n] as never, {
      validator: V(n + 1),
      amount: 15_000n * MIL,
    });
  }
  setStakingParameters(chain.state, contextOf(chain), raised);
  nextEpoch(chain);
  nextEpoch(chain);
  nextEpoch(chain);
  expect(weightIn(chain, V(5))).toBeGreaterThan(0n);
  nextEpoch(chain);
  nextEpoch(chain);
  expect(weightIn(chain, V(5))).toBe(0n);
});

test('jailed in e: in the sets of e and e + 1, out of e + 2; back only after', () => {
  const chain = stakingChain();
  const operator = chain.operators[0] as never;
  expect(jail(chain.state, contextOf(chain), operator).ok).toBe(true);
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_000n);
  const back = () => unjail(chain.state, contextOf(chain), operator);
  expect(back()).toMatchObject({ error: { code: 'still_weighs' } });
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(0n);
  expect(back().ok).toBe(true);
  nextEpoch(chain);
  nextEpoch(chain);
  expect(weightIn(chain, V(1))).toBe(10_000n);
});

test('never below four validators: with four, the jailed one serves on', () => {
  const chain = stakingChain({ validators: 4 });
  expect(jail(chain.state, contextOf(chain), chain.operators[0] as never).ok).toBe(true);
  nextEpoch(chain);
  nextEpoch(chain);
  expect(chain.config.validators).toHaveLength(4);
});

/** Epochs in which the leader at `absent` lets all of its views pass. */
function skipViews(chain: StakingChain, absent: readonly number[], epochs: number): void {
  for (let each = 0; each < epochs; each++) {
    nextStakingBlock(chain, 100);
    const leaders = chain.state.staking.memo.schedule?.leaders ?? [];
    for (let at = chain.view; at < 600; at++) {
      const leader = leaders[at % leaders.length];
      if (leader !== undefined && absent.includes(leader)) continue;
      nextStakingBlock(chain, 10, at - chain.view);
    }
    nextEpoch(chain);
  }
}

test('absence over fifty own slots jails, burns nothing, and is served', () => {
  const chain = stakingChain({ validators: 7 });
  const operator = chain.operators[2] as never;
  skipViews(chain, [2], 1);
  const row = chain.state.staking.validators.must(V(3));
  expect(row.jailed).toBe(true);
  expect(row.tombstoned).toBe(false);
  expect(chain.state.staking.pools.must(V(3)).tokens).toBe(10_000n * MIL);
  expect(unjail(chain.state, contextOf(chain), operator)).toMatchObject({
    error: { code: 'still_jailed' },
  });
  nextEpoch(chain);
  nextEpoch(chain);
  expect(weightIn(chain, V(3))).toBe(0n);
  expect(unjail(chain.state, contextOf(chain), operator).ok).toBe(true);
});

test('the brake: nobody is jailed when a third was away, and at most its share of the weight', () => {
  const outage = stakingChain({ validators: 7 });
  skipViews(outage, [0, 1, 2], 1);
  for (const n of [1, 2, 3]) expect(outage.state.staking.validators.must(V(n)).jailed).toBe(false);
  // Two of seven are less than a third; 25 % of the weight is room for one.
  const two = stakingChain({ validators: 7 });
  skipViews(two, [0, 1], 1);
  const jailed = [1, 2].filter((n) => two.state.staking.validators.must(V(n)).jailed);
  expect(jailed).toHaveLength(1);
});

test('missing oracle votes are absence too', () => {
  const chain = stakingChain({ validators: 7 });
  chain.state.staking.stakingMeta.must(0).nextOracleSampleAt = timestampMs(0);
  const { state } = chain;
  for (let slot = 0; slot < 60; slot++) {
    for (const [index, { oracleKey }] of chain.config.validators.entries()) {
      if (index === 4) continue;
      state.oracleVotes.set(toHex(oracleKey), {
        epoch: chain.config.epoch,
        validator: validatorIndex(index),
        observedAt: timestampMs(chain.now + 5_000),
        underlyings: [],
      });
    }
    nextStakingBlock(chain, 5_000);
  }
  nextEpoch(chain, 1);
  expect(state.staking.validators.must(V(5)).jailed).toBe(true);
  expect(state.staking.validators.must(V(4)).jailed).toBe(false);
});

test('a revoked oracle key counts no more, at once; its successor from its epoch', () => {
  const chain = stakingChain();
  const operator = chain.operators[0] as never;
  const { state } = chain;
  const row = state.staking.validators.must(V(1));
  const old = row.oracleKey;
  expect(isOracleKeyInForce(state, old)).toBe(true);
  const next = proven('next oracle');
  expect(
    rotateKey(state, contextOf(chain), operator, { role: KEY_ROLE.oracle, key: next }).ok,
  ).toBe(true);
  expect(revokeOracleKey(state, contextOf(chain), operator).ok).toBe(true);
  expect(isOracleKeyInForce(state, old)).toBe(false);
  nextEpoch(chain);
  nextEpoch(chain);
  const inConfig = chain.config.validators.map(({ oracleKey }) => toHex(oracleKey));
  expect(inConfig).toContain(toHex(next.key));
  expect(isOracleKeyInForce(state, next.key)).toBe(true);
});

test('a proof of possession binds chain, operator, role and key', () => {
  const chainId = keyNamed('chain');
  const base = {
    operator: keyNamed('op').subarray(0, 20),
    role: KEY_ROLE.consensus,
    key: keyNamed('k'),
  };
  const digests = [
    possessionDigest(chainId, base),
    possessionDigest(keyNamed('other'), base),
    possessionDigest(chainId, { ...base, operator: keyNamed('other').subarray(0, 20) }),
    possessionDigest(chainId, { ...base, role: KEY_ROLE.oracle }),
    possessionDigest(chainId, { ...base, key: keyNamed('other') }),
  ];
  expect(new Set(digests.map(toHex)).size).toBe(5);
  const keys = { consensus: proven('a'), oracle: proven('b'), peer: proven('c') };
  expect(creationChecks(chainId, base.operator, keys).map(({ publicKey }) => publicKey)).toEqual([
    keys.consensus.key,
    keys.oracle.key,
    keys.peer.key,
  ]);
});

test('weights: c is the greatest cap that keeps everyone within p of the sum', () => {
  // 4/(3·4) = 1/3: of 10, 20, 30, 1000 the cap is half of what the others have.
  expect(cappedWeights([10n, 20n, 30n, 1_000n], 1_000)).toEqual([10n, 20n, 30n, 30n]);
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(1n, 10n ** 15n), { minLength: 1, maxLength: 100 }),
      fc.integer({ min: 100, max: 10_000 }),
      (stakes, bps) => {
        const weights = cappedWeights(stakes, bps);
        const cap = weights.reduce((most, each) => (each > most ? each : most), 0n as never);
        const n = BigInt(stakes.length);
        const holds = (c: bigint): boolean => {
          const sum = stakes.reduce((total, stake) => total + (stake < c ? stake : c), 0n);
          return c * 10_000n <= BigInt(bps) * sum || c * 3n * n <= 4n * sum;
        };
        expect(holds(cap)).toBe(true);
        const greatest = stakes.reduce((most, each) => (each > most ? each : most), 0n);
        if (cap < greatest) expect(holds(cap + 1n)).toBe(false);
      },
    ),
    { numRuns: runs(200) },
  );
});

test('the stake needed for a third of the weight is published', () => {
  const entries = [40n, 30n, 20n, 10n].map((each) => ({ stake: each * 2n, weight: each as never }));
  expect(stakeForThird(entries)).toEqual({ validators: 1, stake: 80n });
});

test('issuance falls by a tenth a year to its floor, and is minted by time', () => {
  expect(
    [0, 1, 2, 3, 14, 100].map((year) => issuancePpm(DEFAULT_STAKING_PARAMETERS, year)),
  ).toEqual([40_000n, 36_000n, 32_400n, 29_160n, 10_000n, 10_000n]);
  const chain = stakingChain();
  const supply = chain.state.supply.must(DENOMINATION.mil).amount;
  nextStakingBlock(chain, 60_000);
  const minute = chain.state.supply.must(DENOMINATION.mil).amount - supply;
  expect(minute).toBe((supply * 40_000n * 60n) / (1_000_000n * 365n * 86_400n));
  nextStakingBlock(chain, 3_600_000);
  expect(chain.state.supply.must(DENOMINATION.mil).amount - supply).toBe(2n * minute);
});

test('rounding cannot be mined: many small ways in and out never gain', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(MIL, 3n * MIL), { minLength: 1, maxLength: 12 }), (amounts) => {
      const chain = stakingChain({ parameters: { issuancePpm: 0, issuanceFloorPpm: 0 } });
      const { state } = chain;
      // A pool whose shares are worth less than a token, as after a slash.
      const pool = state.staking.pools.must(V(1));
      pool.shares = (pool.shares * 4n) / 3n;
      const own = state.staking.delegations.must(
        delegationKey.pack(chain.operators[0] as never, V(1)),
      );
      own.shares = pool.shares;
      const who = chain.delegators[0] as never;
      let put = 0n;
      for (const amount of amounts) {
        delegate(state, contextOf(chain), who, { validator: V(1), amount });
        put += amount;
        nextEpoch(chain, 1_000);
      }
      nextEpoch(chain, 1_000);
      const shares = settle(state, contextOf(chain), who, V(1))?.shares ?? 0n;
      expect((shares * pool.tokens) / pool.shares).toBeLessThanOrEqual(put);
    }),
    { numRuns: runs(60) },
  );
});

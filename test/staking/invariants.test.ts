/** The books of staking over random histories of every act, with faults, pauses and epochs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { epoch } from '../../runtime/core/units.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { cancelUnbonding } from '../../staking/cancel-unbonding.ts';
import { claimRewards } from '../../staking/claim-rewards.ts';
import { compound, setCompounding } from '../../staking/compound.ts';
import { createValidator } from '../../staking/create-validator.ts';
import { delegate } from '../../staking/delegate.ts';
import { delegationKey, validatorId } from '../../staking/ids.ts';
import { exit, jail, unjail } from '../../staking/jail.ts';
import { poke } from '../../staking/poke.ts';
import { claimable, stakingProblems } from '../../staking/problems.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { stakingMetaOf } from '../../staking/tables.ts';
import { undelegate } from '../../staking/undelegate.ts';
import { withdrawUnbonded } from '../../staking/withdraw-unbonded.ts';
import { runs } from '../fixtures/runs.ts';
import {
  accountNamed,
  contextOf,
  doubleVote,
  keyNamed,
  MIL,
  nextEpoch,
  nextStakingBlock,
  payFees,
  type StakingChain,
  stakingChain,
  V,
} from '../fixtures/staking.ts';

const ACTS = [
  'delegate',
  'undelegate',
  'redelegate',
  'cancel',
  'claim',
  'compound',
  'withdraw',
  'poke',
  'epoch',
  'evidence',
  'jail',
  'unjail',
  'exit',
  'create',
  'fees',
  'pause',
] as const;

type Step = {
  readonly act: (typeof ACTS)[number];
  readonly who: number;
  readonly from: number;
  readonly to: number;
  readonly amount: bigint;
};

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...ACTS) },
    { weight: 3, arbitrary: fc.constantFrom('undelegate', 'redelegate', 'epoch', 'epoch') },
  ),
  who: fc.nat(7),
  from: fc.nat(5),
  to: fc.nat(5),
  amount: fc.oneof(fc.constant(0n), fc.bigInt(MIL, 5_000n * MIL), fc.bigInt(MIL, 20_000n * MIL)),
});

function run(chain: StakingChain, { act, who, from, to, amount }: Step): unknown {
  const { state } = chain;
  const context = contextOf(chain);
  const accounts = [...chain.delegators, ...chain.operators];
  const account = accounts[who % accounts.length] as never;
  // Most acts are about a delegation that is there.
  const keys = state.staking.delegations.sortedKeys();
  const held = keys[(who * 5 + from) % keys.length] ?? 0;
  const holder = delegationKey.high(held) as never;
  const where = validatorId(delegationKey.low(held));
  const operator = chain.operators[from % chain.operators.length] as never;
  const validator = V(1 + from);
  switch (act) {
    case 'delegate':
      return delegate(state, context, account, { validator, amount });
    case 'undelegate':
      return undelegate(state, context, holder, { validator: where, amount });
    case 'redelegate':
      return redelegate(state, context, holder, { from: where, to: V(1 + to), amount });
    case 'cancel': {
      const row = state.staking.delegations.get(held);
      const lastEpoch = row?.unbondings[to % row.unbondings.length]?.lastEpoch ?? epoch(0);
      return cancelUnbonding(state, context, holder, { validator: where, lastEpoch });
    }
    case 'claim':
      return claimRewards(state, context, holder, { validator: where });
    case 'compound':
      setCompounding(state, context, holder, { validator: where, allowed: true });
      return compound(state, context, { account: holder, validator: where });
    case 'withdraw':
      return withdrawUnbonded(state, context, holder, { validator: where });
    case 'poke':
      return poke(state, context, { account: holder, validator: where });
    case 'epoch':
      return nextEpoch(chain);
    case 'evidence': {
      // Seldom enough that stake goes on moving.
      if (who > 3) return undefined;
      const evidence = doubleVote(chain, validator, Math.max(0, chain.config.epoch - to), 0);
      return evidence && submitEvidence(state, context, account, evidence);
    }
    case 'jail':
      return jail(state, context, operator);
    case 'unjail':
      return unjail(state, context, operator);
    case 'exit':
      // Seldom: a set of five soon has nobody left.
      return to === 0 ? exit(state, context, operator) : undefined;
    case 'create': {
      const name = `late ${who}`;
      const key = (role: string) => ({
        key: keyNamed(`${role} ${name}`),
        proof: new Uint8Array(64),
      });
      return createValidator(state, context, account, {
        consensus: key('consensus'),
        oracle: key('oracle'),
        peer: key('peer'),
        moniker: new Uint8Array(0),
        addresses: [],
        commissionBps: 1_000,
        maxCommissionBps: 2_000,
        maxCommissionStepBps: 100,
        selfBond: 2_000n * MIL,
      });
    }
    case 'fees':
      return payFees(chain, amount * 50n + 7n);
    case 'pause':
      return nextStakingBlock(chain, 61_000);
  }
}

function check(chain: StakingChain): void {
  const problems = [...stakingProblems(chain.state), ...conservationProblems(chain.state)];
  if (problems.length > 0) expect(problems).toEqual([]);
}

/** Everyone takes everything out; more than one round, since stake on its way comes first. */
function leaveAll(chain: StakingChain): void {
  const { state } = chain;
  const everyone = (act: (account: never, validator: never) => unknown): void => {
    for (const key of state.staking.delegations.sortedKeys()) {
      act(delegationKey.high(key) as never, validatorId(delegationKey.low(key)) as never);
    }
  };
  for (let round = 0; round < 24; round++) {
    const context = contextOf(chain);
    everyone((account, validator) => poke(state, context, { account, validator }));
    everyone((account, validator) =>
      undelegate(state, context, account, { validator, amount: 0n }),
    );
    everyone((account, validator) => withdrawUnbonded(state, context, account, { validator }));
    everyone((account, validator) => claimRewards(state, context, account, { validator }));
    nextEpoch(chain);
  }
  check(chain);
}

test('the books balance after every step, and everyone can leave with what is theirs', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 45, size: 'max' }),
      fc.nat(3),
      (steps, leaves) => {
        const chain = stakingChain({ validators: 5, delegators: 3 });
        for (const each of steps) {
          run(chain, each);
          check(chain);
        }
        if (leaves !== 0) return;
        leaveAll(chain);
        const { staking } = chain.state;
        expect(staking.delegations.size).toBe(0);
        expect(balanceOf(chain.state, MODULE.bonded, DENOMINATION.mil)).toBe(0n);
        expect(balanceOf(chain.state, MODULE.unbonding, DENOMINATION.mil)).toBe(0n);
        // Nobody holds shares any more: what is still owed is commission, and dust.
        const { outstanding } = stakingMetaOf(chain.state);
        const due = claimable(chain.state);
        expect(outstanding.usd - due.usd).toBeLessThan(2_000n);
        expect(outstanding.mil - due.mil).toBeLessThan(2_000n);
      },
    ),
    { numRuns: runs(500) },
  );
});

test('a name gives one account', () => {
  const chain = stakingChain();
  expect(accountNamed(chain.state, 'delegator 0')).toBe(chain.delegators[0]);
});

/** φ is a function of the set of faults: the order in which they are reported does not matter. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { delegate } from '../../staking/delegate.ts';
import { poke } from '../../staking/poke.ts';
import { stakingProblems } from '../../staking/problems.ts';
import { redelegate } from '../../staking/redelegate.ts';
import { submitEvidence } from '../../staking/submit-evidence.ts';
import { undelegate } from '../../staking/undelegate.ts';
import { runs } from '../fixtures/runs.ts';
import {
  contextOf,
  doubleVote,
  MIL,
  nextEpoch,
  type StakingChain,
  stakingChain,
  V,
} from '../fixtures/staking.ts';

type Fault = { readonly validator: number; readonly inEpoch: number };

/** Stake that joins, moves and leaves over four epochs, of `amounts` micro-MIL. */
function history(amounts: readonly bigint[]): StakingChain {
  const chain = stakingChain({ weights: [9_000, 30_000, 40_000, 50_000, 60_000] });
  const { state } = chain;
  const [a, b, c] = chain.delegators as never[];
  const [x = MIL, y = MIL, z = MIL] = amounts;
  delegate(state, contextOf(chain), a as never, { validator: V(1), amount: x });
  delegate(state, contextOf(chain), b as never, { validator: V(2), amount: y });
  nextEpoch(chain);
  nextEpoch(chain);
  undelegate(state, contextOf(chain), a as never, { validator: V(1), amount: x / 3n });
  redelegate(state, contextOf(chain), b as never, { from: V(2), to: V(3), amount: y / 2n });
  delegate(state, contextOf(chain), c as never, { validator: V(2), amount: z });
  nextEpoch(chain);
  nextEpoch(chain);
  return chain;
}

/** Every staking row but who was rewarded, after the reports. */
function after(amounts: readonly bigint[], faults: readonly Fault[]): string {
  const chain = history(amounts);
  const { state } = chain;
  for (const { validator, inEpoch } of faults) {
    const evidence = doubleVote(chain, V(validator), inEpoch);
    const account = chain.delegators[3] as never;
    if (evidence !== undefined) submitEvidence(state, contextOf(chain), account, evidence);
  }
  poke(state, contextOf(chain), { account: chain.delegators[1] as never, validator: V(3) });
  expect(stakingProblems(state)).toEqual([]);
  return JSON.stringify(
    [...state.staking.stores, state.balances, state.supply].map((store) => [
      store.name,
      [...store.encodedRows()].map(([key, value]) => [[...key], [...value]].join(':')),
    ]),
  );
}

const fault = fc.record({
  validator: fc.integer({ min: 1, max: 5 }),
  inEpoch: fc.integer({ min: 1, max: 4 }),
});
const amount = fc.bigInt(4n * MIL, 50_000n * MIL);

test('any order of the same evidence leaves the same rows', () => {
  fc.assert(
    fc.property(
      fc.tuple(amount, amount, amount),
      fc.uniqueArray(fault, {
        minLength: 2,
        maxLength: 5,
        selector: ({ validator, inEpoch }) => `${validator} ${inEpoch}`,
      }),
      fc.nat(),
      (amounts, faults, seed) => {
        const shuffled = faults
          .map((each, position) => ({ each, at: ((position + 1) * (seed + 7_919)) % 31 }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each);
        expect(after(amounts, shuffled)).toBe(after(amounts, faults));
      },
    ),
    { numRuns: runs(120) },
  );
});

/** Staking at height 0: the validators of the genesis with their own stake, active from epoch 0. */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import {
  type AccountId,
  epoch,
  type TimestampMs,
  timestampMs,
  view,
} from '../runtime/core/units.ts';
import type { EpochValidator } from '../runtime/epoch-config.ts';
import { mint } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { SINGLETON_KEY } from '../runtime/state/key-codec.ts';
import { addValidator, newValidator } from './create-validator.ts';
import { emptyDelegation } from './delegation.ts';
import type { StakeEntry } from './epoch-stake.ts';
import { MICRO } from './fraction.ts';
import { delegationKey, validatorId } from './ids.ts';
import { renewIssuance } from './issuance.ts';
import type { StakingParameters } from './parameters.ts';
import { zeroAmounts } from './rewards.ts';
import type { StakingState } from './tables.ts';

/** Commission of a genesis validator, until its operator changes it. */
const GENESIS_COMMISSION = {
  commissionBps: 500,
  maxCommissionBps: 2_000,
  maxCommissionStepBps: 100,
} as const;

export type SeedValidator = { readonly operator: AccountId; readonly entry: EpochValidator };

/**
 * Writes parameters, counters and the validators of configs 0 and 1, and mints the stake behind their
 * weights into the bonded account. Validators in the config's order. Called once, when all other
 * balances are there, since issuance goes by the supply.
 */
export function seedStaking(
  state: StakingState,
  genesis: {
    readonly time: TimestampMs;
    readonly parameters: StakingParameters;
    readonly validators: readonly SeedValidator[];
  },
): void {
  const { staking } = state;
  staking.stakingParameters.set(SINGLETON_KEY, genesis.parameters);
  staking.stakingMeta.set(SINGLETON_KEY, {
    nextValidator: validatorId(genesis.validators.length + 1),
    genesisTime: genesis.time,
    pausedMs: 0,
    outstanding: zeroAmounts(),
    annualIssuance: 0n,
    firstLiveEpoch: epoch(0),
    lastEpoch: epoch(0),
    lastView: view(0),
    nextOracleSampleAt: genesis.time,
    oldMinSelfBondMil: 0,
    oldMinSelfBondUntil: timestampMs(0),
  });
  const entries = genesis.validators.map(({ operator, entry }, position): StakeEntry => {
    const id = validatorId(position + 1);
    const stake = entry.weight * MICRO;
    addValidator(
      state,
      newValidator(
        { id, operator, address: entry.operator },
        { ...entry, ...GENESIS_COMMISSION, moniker: new Uint8Array(0) },
      ),
    );
    mint(state, MODULE.bonded, DENOMINATION.mil, stake);
    Object.assign(staking.pools.must(id), { tokens: stake, shares: stake });
    const own = { ...emptyDelegation(zeroAmounts()), shares: stake };
    staking.delegations.set(delegationKey.pack(operator, id), own);
    return {
      validator: id,
      consensusKey: entry.consensusKey,
      stake,
      weight: entry.weight,
      commissionBps: GENESIS_COMMISSION.commissionBps,
    };
  });
  for (const number of [0, 1]) {
    staking.epochStakes.set(epoch(number), { endedAt: timestampMs(0), entries: [...entries] });
  }
  renewIssuance(state, genesis.time);
}

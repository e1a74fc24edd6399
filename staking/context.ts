/** What staking is told of a block, its clock, and the movements of money that it makes. */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import type { Result } from '../runtime/core/result.ts';
import {
  type AccountId,
  type Epoch,
  type PortfolioId,
  portfolioId,
  subAccount,
  type TimestampMs,
  timestampMs,
} from '../runtime/core/units.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';
import type { Refusal } from '../runtime/error.ts';
import { transfer } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import type { StakingEvent, StakingResult } from './events.ts';
import { type StakingState, stakingMetaOf } from './tables.ts';

/** The part of a block's context that staking uses. */
export type StakingContext = {
  readonly timestamp: TimestampMs;
  /** Config of the block's epoch. */
  readonly config: EpochConfig;
  readonly events: { push(...events: StakingEvent[]): number };
};

export type StakingOutcome = Result<StakingResult, Refusal>;

/** The block's time without the pauses of the chain: what every wait of staking is measured by. */
export function stakingTime(state: StakingState, context: StakingContext): TimestampMs {
  return timestampMs(context.timestamp - stakingMetaOf(state).pausedMs);
}

export function currentEpoch({ config }: StakingContext): Epoch {
  return config.epoch;
}

/** Sub-account 0: where stake comes from. */
export function purse(account: AccountId): PortfolioId {
  return portfolioId(account, subAccount(0));
}

/** Where an account's stake and rewards go. */
export function payoutPortfolio({ staking }: StakingState, account: AccountId): PortfolioId {
  return purse(staking.withdrawTo.get(account)?.account ?? account);
}

/** Moves MIL between portfolios, for stake. */
export function moveMil(
  state: StakingState,
  from: PortfolioId,
  to: PortfolioId,
  amount: bigint,
): void {
  transfer(state, { from, to, denomination: DENOMINATION.mil, amount, reason: 'stake' });
}

/** Pays rewards out of the module's account. */
export function payRewards(
  state: StakingState,
  to: PortfolioId,
  { usd, mil }: { readonly usd: bigint; readonly mil: bigint },
): void {
  const from = MODULE.rewards;
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount: usd, reason: 'reward' });
  transfer(state, { from, to, denomination: DENOMINATION.mil, amount: mil, reason: 'reward' });
}

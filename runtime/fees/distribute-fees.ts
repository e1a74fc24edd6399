/**
 * Shares out the fees of an epoch: insurance until it holds its target, community, and the rest to
 * stake.
 *
 * Source: design/parameters.md, "Fees": 20 % to insurance until it holds its target, 2 % to the
 * community, the rest to stake. Stake's part goes to `MODULE.rewards`, from where it is split among
 * delegators (design/staking-and-keys.md §2).
 *
 * Invariants: the fee account is at 0 afterwards; the three parts sum to what it held, to the
 * micro-USD; shares are rounded down, the rest goes to stake.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { maxBigint, minBigint, mulDivFloor } from '../core/math.ts';
import type { PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import type { Parameters } from '../governance/parameters.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { State } from '../state/state.ts';

const FULL_BPS = 10_000n;
const MICRO = 1_000_000n;

/** Parts of an amount of fees, in micro-USD. */
export type FeeShares = {
  readonly insurance: bigint;
  readonly community: bigint;
  readonly stake: bigint;
};

/** The parts of `fees` (not negative) while the insurance fund holds `insured`. O(1). */
export function feeShares(parameters: Parameters, fees: bigint, insured: bigint): FeeShares {
  const missing = maxBigint(0n, BigInt(parameters.insuranceTargetUsd) * MICRO - insured);
  const share = mulDivFloor(fees, BigInt(parameters.insuranceShareBps), FULL_BPS);
  const insurance = minBigint(share, missing);
  const community = mulDivFloor(fees, BigInt(parameters.communityShareBps), FULL_BPS);
  return { insurance, community, stake: fees - insurance - community };
}

/** Empties the fee account: on the last block of an epoch. O(1). */
export function distributeFees(state: State, context: BlockContext): void {
  const fees = balanceOf(state, MODULE.fees, DENOMINATION.usd);
  if (fees <= 0n) return;
  const insured = balanceOf(state, MODULE.insurance, DENOMINATION.usd);
  const shares = feeShares(context.parameters, fees, insured);
  const pay = (to: PortfolioId, amount: bigint): void =>
    transfer(state, {
      from: MODULE.fees,
      to,
      denomination: DENOMINATION.usd,
      amount,
      reason: 'fee_share',
    });
  pay(MODULE.insurance, shares.insurance);
  pay(MODULE.community, shares.community);
  pay(MODULE.rewards, shares.stake);
  context.events.push({ selector: EVENT.feesDistributed, value: shares });
}

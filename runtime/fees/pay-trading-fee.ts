/**
 * Pays one side's fee of a trade: to the fee account, and of it the referrer's share; or a rebate from
 * it. The only way a trading fee moves, but for those of a match, which moves money once a portfolio
 * (`matching/apply-match.ts`); and the only way volume is counted.
 *
 * Conservation: in a trade rebates are at most the takers' fees, and a referrer gets a share of what
 * is left after them, so the fee account never loses by a trade.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { mulDivFloor } from '../core/math.ts';
import { type PortfolioId, portfolioAccount, portfolioId, subAccount } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import type { State } from '../state/state.ts';
import { addVolume } from './trading-volume.ts';

const FULL_BPS = 10_000n;

/** What one side of a trade owes, in micro-USD. */
export type TradingFee = {
  readonly portfolio: PortfolioId;
  /** Negative: a rebate to it. */
  readonly fee: bigint;
  /** Rebates of the same fills, paid out of this fee: not negative, 0 for makers. */
  readonly rebates: bigint;
  /** Notional of the fills, for the fee tier of the days to come. */
  readonly volumeCents: number;
};

/** The referrer's share of what the chain keeps of a fee. */
function payReferrer(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  kept: bigint,
): void {
  const account = portfolioAccount(portfolio);
  const referral = state.referrals.get(account);
  if (referral === undefined) return;
  const share = BigInt(context.parameters.referrerShareBps);
  // Rounded down, against the referrer.
  const amount = mulDivFloor(kept, share, FULL_BPS);
  if (amount === 0n) return;
  const { referrer } = referral;
  const to = portfolioId(referrer, subAccount(0));
  transfer(state, {
    from: MODULE.fees,
    to,
    denomination: DENOMINATION.usd,
    amount,
    reason: 'referral',
  });
  referral.paid += amount;
  state.referrals.touch(account);
  context.events.push({ selector: EVENT.referralPaid, value: { account, referrer, amount } });
}

/** Pays a fee or a rebate, the referrer, and counts the volume. O(1). */
export function payTradingFee(
  state: State,
  context: BlockContext,
  { portfolio, fee, rebates, volumeCents }: TradingFee,
): void {
  const denomination = DENOMINATION.usd;
  const reason = 'trading_fee';
  const { fees } = MODULE;
  if (fee >= 0n) transfer(state, { from: portfolio, to: fees, denomination, amount: fee, reason });
  else transfer(state, { from: fees, to: portfolio, denomination, amount: -fee, reason });
  countTradingFee(state, context, portfolio, fee - rebates, volumeCents);
}

/**
 * What follows from a fee whose money moves with the trade's: the referrer's share of what is kept of
 * it, and volume. O(1).
 */
export function countTradingFee(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  kept: bigint,
  volumeCents: number,
): void {
  if (kept > 0n && state.referrals.size > 0) payReferrer(state, context, portfolio, kept);
  addVolume(state, context, portfolioAccount(portfolio), volumeCents);
}

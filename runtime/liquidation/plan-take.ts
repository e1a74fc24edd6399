/**
 * What a take would be: the share that may be taken now, its slice, and who pays what.
 *
 * Source: reference/exchange.md §3; `auction-price.ts`. The slice moves at mark, and beside it:
 *
 *   solvent    the taker pays d of the value of its share, a fee of which goes to the insurance fund;
 *   insolvent  the taker is paid the share's part of the payout by the insurance fund.
 *
 * The value of a share is that of the account less what takers paid in before, cash and delivered
 * series with it. Units: micro-USD; rounded in favour of the account and of the fund.
 */
import type { BlockContext } from '../block-context.ts';
import { mulDivCeil, mulDivFloor } from '../core/math.ts';
import type { State } from '../state/state.ts';
import {
  bufferedExcess,
  discountPpm,
  type Health,
  insolventPayout,
  keptPpm,
  largestSharePpm,
  takeFee,
  WHOLE_PPM,
} from './auction-price.ts';
import { type InsuredParts, insuranceAllowance, insuredParts } from './insurance.ts';
import { LIQUIDATION_KIND, type Liquidation } from './liquidation.ts';
import type { LivePosition } from './move-position.ts';
import { liquidationParametersOf } from './parameters.ts';
import { leastSharePpm, type PortfolioSlice, portfolioSlice } from './portfolio-slice.ts';

/** How an auction stands. */
export type AuctionTerms = {
  /** Paid for the whole of what is left; negative: paid to the taker. */
  readonly price: bigint;
  /** Most that one take may be now. */
  readonly sharePpm: number;
};

/** A take, planned whole. */
export type PlannedTake = {
  readonly slice: PortfolioSlice;
  /** What the taker pays for the share; negative: what it is paid. */
  readonly price: bigint;
  /** Of the price, to the insurance fund. */
  readonly fee: bigint;
  /** From the insurance fund to the account. */
  readonly payout: bigint;
  readonly parts: InsuredParts;
  /** What the account gets in all for its slice, before fee and payout; negative: what it pays. */
  readonly cash: bigint;
};

const WHOLE = BigInt(WHOLE_PPM);
const PPM_PER_BPS = 100;

/** Time that counts for the price: the outage in course does not. */
function elapsedMs(row: Liquidation, context: BlockContext): number {
  const until = row.pausedAt === 0 ? context.timestamp : row.pausedAt;
  return Math.max(0, until - row.startedAt);
}

/** What of the account's value is not shared: what takers paid in, unless more than that is gone. */
function reservedOf({ kind, reserved }: Liquidation, value: bigint): bigint {
  return kind === LIQUIDATION_KIND.solvent && reserved < value ? reserved : 0n;
}

/** Of the account, what takes in this block have left of the block's share. */
function leftInBlockPpm(
  state: State,
  row: Liquidation,
  context: BlockContext,
  leastPpm: number,
): number {
  const blockPpm = liquidationParametersOf(state).blockShareBps * PPM_PER_BPS;
  // The first take may always be a lot, or an account of few lots could never be taken.
  if (row.takenAt !== context.height) return Math.max(blockPpm, leastPpm);
  return Math.max(0, blockPpm - row.takenPpm);
}

/** Price of the whole and largest share of an auction. The account's `bare` is below 0. */
export function auctionTerms(
  state: State,
  context: BlockContext,
  row: Liquidation,
  facts: { readonly health: Health; readonly positions: readonly LivePosition[] },
): AuctionTerms {
  const { health, positions } = facts;
  const parameters = liquidationParametersOf(state);
  const elapsed = elapsedMs(row, context);
  const leastPpm = leastSharePpm(positions);
  const inBlock = leftInBlockPpm(state, row, context, leastPpm);
  if (row.kind === LIQUIDATION_KIND.insolvent) {
    const { hole, premium } = insolventPayout(health, parameters, elapsed);
    const whole = hole + premium;
    const parts = insuredParts(state, row.portfolio);
    // Solvent again since the last mark: the fund has nothing to pay.
    const allowance = health.value < 0n ? insuranceAllowance(state, context, row, parts) : 0n;
    const payable = allowance >= whole ? WHOLE : mulDivFloor(allowance, WHOLE, whole);
    return { price: -whole, sharePpm: Math.min(inBlock, Number(payable)) };
  }
  const { value } = health;
  // Insolvent since the last mark: free to whoever wants it.
  if (value <= 0n) return { price: 0n, sharePpm: inBlock };
  const reserved = reservedOf(row, value);
  const discount = discountPpm(parameters, elapsed);
  const buffered = bufferedExcess(health, parameters.bufferBps);
  const kept = keptPpm(discount, parameters.feeBps);
  const largest = largestSharePpm({ buffered, value, reserved, keptPpm: kept });
  // One lot of the largest position at least, or an account of few lots could never be taken.
  const share = Math.max(largest, leastPpm);
  const price = mulDivCeil(value - reserved, BigInt(discount), WHOLE);
  return { price, sharePpm: Math.min(inBlock, share) };
}

/** What the slice of a solvent account costs its taker. */
function planSolvent(
  state: State,
  row: Liquidation,
  { value }: Health,
  facts: { readonly slice: PortfolioSlice; readonly whole: bigint },
): PlannedTake {
  const { slice, whole } = facts;
  const share = BigInt(slice.sharePpm);
  const shareValue = mulDivFloor(value - reservedOf(row, value), share, WHOLE);
  const price = mulDivCeil(whole, share, WHOLE);
  const fee = takeFee(shareValue, price, liquidationParametersOf(state).feeBps);
  const cash = slice.value - (shareValue - price);
  return { slice, price, fee, payout: 0n, parts: new Map(), cash };
}

/** What the insurance fund pays for the slice of an insolvent account. */
function planInsolvent(
  state: State,
  context: BlockContext,
  row: Liquidation,
  facts: { readonly health: Health; readonly slice: PortfolioSlice },
): PlannedTake {
  const { health, slice } = facts;
  const parameters = liquidationParametersOf(state);
  const { hole, premium } = insolventPayout(health, parameters, elapsedMs(row, context));
  const share = BigInt(slice.sharePpm);
  const bonus = mulDivFloor(premium, share, WHOLE);
  const payout = bonus + mulDivFloor(hole, share, WHOLE);
  const parts = insuredParts(state, row.portfolio);
  const cash = slice.value - bonus;
  return { slice, price: -payout, fee: 0n, payout, parts, cash };
}

/** A take of `sharePpm`, at most that of `terms`. O(positions). */
export function planTake(
  state: State,
  context: BlockContext,
  row: Liquidation,
  facts: {
    readonly health: Health;
    readonly positions: readonly LivePosition[];
    readonly terms: AuctionTerms;
    readonly sharePpm: number;
  },
): PlannedTake {
  const { health, positions, terms } = facts;
  const sharePpm = Math.min(facts.sharePpm, terms.sharePpm);
  const slice = portfolioSlice(state, positions, sharePpm);
  if (row.kind === LIQUIDATION_KIND.insolvent) {
    return planInsolvent(state, context, row, { health, slice });
  }
  return planSolvent(state, row, health, { slice, whole: terms.price });
}

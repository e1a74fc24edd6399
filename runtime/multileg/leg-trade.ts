/**
 * A trade of several legs between two portfolios: planned whole, checked for both, then written.
 *
 * Source: design/exchange.md §2. Blocks, accepted quotes and two combo orders that meet end here.
 * Both sides pass the cash and margin rules with all legs done; after that nothing can fail.
 *
 * Units: micro-USD. Conservation: every premium and fee is one transfer, every lot bought is sold.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, PortfolioId, SizeLots } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { tradeFee } from '../fees/trade-fee.ts';
import { transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import {
  changesLimitRefusal,
  changesRefusal,
  type PlannedChanges,
  type SeriesChange,
} from '../margin/accept-changes.ts';
import { changePosition } from '../margin/portfolio-index.ts';
import { closeIdleReduceOnly } from '../matching/close-idle.ts';
import type { Underlying } from '../options/underlying.ts';
import { openInterestRefusal } from '../rules/open-interest.ts';
import type { State } from '../state/state.ts';
import type { ValuedLeg } from './check-legs.ts';
import type { LegTradeKind } from './events.ts';

/** A leg with its money: the premium for all its lots and both fees. `side` is the taker's. */
export type TradedLeg = {
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly lots: SizeLots;
  readonly premium: bigint;
  readonly takerFee: bigint;
  readonly makerFee: bigint;
};

export type LegTrade = {
  readonly taker: PortfolioId;
  readonly maker: PortfolioId;
  readonly legs: readonly TradedLeg[];
};

/**
 * Puts premiums and fees on legs: `side` is the taker's of the legs as written. Fees are those of
 * the underlying, without tiers, rebates or referrals. Premiums in the order of the legs.
 */
export function priceLegs(
  underlying: Underlying,
  legs: readonly ValuedLeg[],
  premiums: readonly bigint[],
  side: Side,
): TradedLeg[] {
  return legs.map((leg, position) => {
    const premium = premiums[position] ?? 0n;
    const { instrument, lots, index } = leg;
    const facts = { underlying, index, lots, premium };
    const opposite = leg.side === SIDE.buy ? SIDE.sell : SIDE.buy;
    return {
      instrument,
      side: side === SIDE.buy ? leg.side : opposite,
      lots,
      premium,
      takerFee: tradeFee({ ...facts, centiBps: underlying.takerFeeCentiBps }),
      makerFee: tradeFee({ ...facts, centiBps: underlying.makerFeeCentiBps }),
    };
  });
}

/** What a side pays for its legs, fees not included: negative when it receives. */
export function netOf(legs: readonly TradedLeg[], role: 'taker' | 'maker'): bigint {
  let net = 0n;
  for (const { side, premium } of legs) {
    net += (side === SIDE.buy) === (role === 'taker') ? premium : -premium;
  }
  return net;
}

/** Fees of a side. */
export function feesOf(legs: readonly TradedLeg[], role: 'taker' | 'maker'): bigint {
  return legs.reduce((sum, leg) => sum + (role === 'taker' ? leg.takerFee : leg.makerFee), 0n);
}

/** What the trade changes for one of its sides. */
export function changesOf(
  { taker, maker, legs }: LegTrade,
  role: 'taker' | 'maker',
): PlannedChanges {
  const changes: SeriesChange[] = legs.map(({ instrument, side, lots }) => ({
    instrument,
    position: (side === SIDE.buy) === (role === 'taker') ? lots : -lots,
    orders: [],
  }));
  const portfolio = role === 'taker' ? taker : maker;
  return { portfolio, changes, cash: -netOf(legs, role) - feesOf(legs, role) };
}

/**
 * Whether a side can carry the trade. Errors in order: too_many_positions, position_limit,
 * insufficient_cash, insufficient_margin. Cost: that of `changesRefusal`.
 */
export function legTradeRefusal(
  state: State,
  trade: LegTrade,
  role: 'taker' | 'maker',
): Refusal | undefined {
  const planned = changesOf(trade, role);
  return changesLimitRefusal(state, planned) ?? changesRefusal(state, planned);
}

/**
 * Whether open interest may rise by the trade: open_interest_limit, underlying_open_interest_limit.
 * Judged leg by leg, so the underlying's limit may be passed by the legs of one trade together.
 */
export function legInterestRefusal(
  state: State,
  underlying: Underlying,
  { taker, maker, legs }: LegTrade,
): Refusal | undefined {
  for (const { instrument, side, lots } of legs) {
    const bought = side === SIDE.buy ? lots : -lots;
    const listed = state.instruments.must(instrument);
    const refused = openInterestRefusal(state, underlying, listed, {
      lots,
      changes: () => [
        { portfolio: taker, lots: bought },
        { portfolio: maker, lots: -bought },
      ],
    });
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function pay(state: State, from: PortfolioId, to: PortfolioId, amount: bigint): void {
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'premium' });
}

function payFee(state: State, from: PortfolioId, amount: bigint): void {
  const to = MODULE.fees;
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'trading_fee' });
}

/** Where a leg's trade came from: its kind and the number of the request, block or combo. */
export type LegTradeSource = { readonly kind: LegTradeKind; readonly reference: number };

/** Writes a trade that both sides can carry: legs in order, an event each. Cannot fail. */
export function applyLegTrade(
  state: State,
  context: BlockContext,
  { taker, maker, legs }: LegTrade,
  source: LegTradeSource,
): void {
  for (const leg of legs) {
    const { instrument, side, lots, premium, takerFee, makerFee } = leg;
    const isBuy = side === SIDE.buy;
    if (isBuy) pay(state, taker, maker, premium);
    else pay(state, maker, taker, premium);
    payFee(state, taker, takerFee);
    payFee(state, maker, makerFee);
    changePosition(state, maker, instrument, isBuy ? -lots : lots);
    changePosition(state, taker, instrument, isBuy ? lots : -lots);
    const value = { ...source, instrument, lots, side, premium, taker, maker, takerFee, makerFee };
    context.events.push({ selector: EVENT.legTrade, value });
  }
  if (state.derived.orders.reduceOnly.size === 0) return;
  for (const { instrument } of legs) {
    closeIdleReduceOnly(state, context, taker, instrument);
    closeIdleReduceOnly(state, context, maker, instrument);
  }
}

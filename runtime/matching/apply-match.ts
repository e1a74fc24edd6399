/**
 * Writes a planned match: money, positions, resting orders, events. Nothing here can fail.
 *
 * Premium is paid in cash at the trade, each side's fee goes to the fee account.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, OrderId, PortfolioId } from '../core/units.ts';
import { sizeLots } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { changePosition, indexReduction } from '../margin/portfolio-index.ts';
import type { Underlying } from '../options/underlying.ts';
import { microUsdPerTickLot } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { reduceInBook } from './book.ts';
import { closeOrder } from './close-order.ts';
import type { MatchPlan, PlannedFill } from './match-plan.ts';
import { exactProduct, tradeFee } from './trade-fee.ts';

/** A fill with its money, in micro-USD. */
export type PricedFill = PlannedFill & {
  readonly premium: bigint;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
};

/** Puts a price on every fill of a plan: the resting order's, and both fees at `index`. */
export function priceFills(
  plan: MatchPlan,
  underlying: Underlying,
  index: number,
): readonly PricedFill[] {
  const tickValue = microUsdPerTickLot(underlying);
  return plan.fills.map(({ maker, lots }) => {
    const premium = exactProduct(maker.price * tickValue, lots);
    const facts = { underlying, index, lots, premium };
    return {
      maker,
      lots,
      premium,
      makerFee: tradeFee({ ...facts, centiBps: underlying.makerFeeCentiBps }),
      takerFee: tradeFee({ ...facts, centiBps: underlying.takerFeeCentiBps }),
    };
  });
}

/** The incoming order: its number is given, nothing of it rests yet. */
export type Incoming = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly side: Side;
};

function pay(state: State, from: PortfolioId, to: PortfolioId, amount: bigint): void {
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'premium' });
}

function payFee(state: State, from: PortfolioId, amount: bigint): void {
  const to = MODULE.fees;
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'trading_fee' });
}

/** One fill: the maker's side is written, the taker's position is left to the caller. */
function applyFill(state: State, context: BlockContext, taker: Incoming, fill: PricedFill): void {
  const { lots, premium, makerFee, takerFee } = fill;
  const order = fill.maker;
  const { portfolio: maker, price } = order;
  const { instrument, side, portfolio } = taker;
  const isBuy = side === SIDE.buy;
  if (isBuy) pay(state, portfolio, maker, premium);
  else pay(state, maker, portfolio, premium);
  payFee(state, maker, makerFee);
  context.events.push({
    selector: EVENT.trade,
    value: {
      instrument,
      price,
      lots: sizeLots(lots),
      side,
      makerOrder: order.id,
      takerOrder: taker.id,
      maker,
      taker: portfolio,
      makerFee,
      takerFee,
    },
  });
  // The position first: a holding that only the order kept open would be dropped and made again.
  changePosition(state, maker, instrument, isBuy ? -lots : lots);
  if (lots === order.remaining) closeOrder(state, context, order, CLOSE_REASON.filled);
  else {
    indexReduction(state, order, lots);
    reduceInBook(order, lots);
    state.orders.touch(order.id);
    const value = { orderId: order.id, lots: sizeLots(lots) };
    context.events.push({ selector: EVENT.orderReduced, value });
  }
}

/** Writes a match: own orders in the way are cancelled, then every fill in order. */
export function applyMatch(
  state: State,
  context: BlockContext,
  taker: Incoming,
  match: { readonly plan: MatchPlan; readonly fills: readonly PricedFill[] },
): void {
  const { plan, fills } = match;
  for (const own of plan.selfCrossed) closeOrder(state, context, own, CLOSE_REASON.cancelled);
  if (fills.length === 0) return;
  let takerFees = 0n;
  for (const fill of fills) {
    applyFill(state, context, taker, fill);
    takerFees += fill.takerFee;
  }
  payFee(state, taker.portfolio, takerFees);
  const { portfolio, instrument, side } = taker;
  const { filledLots } = plan;
  changePosition(state, portfolio, instrument, side === SIDE.buy ? filledLots : -filledLots);
}

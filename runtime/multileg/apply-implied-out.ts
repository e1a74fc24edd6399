/**
 * Writes fills of an outright order against combo orders: the taker's leg, the other leg, the combo
 * order. Nothing here can fail.
 *
 * In the events the combo order is the maker of the taker's leg and the taker of the other: both are
 * trades of outright books at their prices.
 */
import { SIDE } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, sizeLots } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { payTradingFee } from '../fees/pay-trading-fee.ts';
import { transfer } from '../ledger/ledger.ts';
import { changePosition } from '../margin/portfolio-index.ts';
import { applyMatches, type Incoming, matchMoney } from '../matching/apply-match.ts';
import { closeIdleReduceOnly } from '../matching/close-idle.ts';
import { noteLastTrade } from '../matching/last-trade.ts';
import type { State } from '../state/state.ts';
import { fillComboOrder } from './combo-trade.ts';
import type { ImpliedFill } from './plan-implied-out.ts';

function pay(state: State, from: PortfolioId, to: PortfolioId, amount: bigint): void {
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'premium' });
}

/** The leg between the taker and the combo order. */
function applyOwnLeg(
  state: State,
  context: BlockContext,
  taker: Incoming,
  { order, price, lots, premium, takerFee, orderFee, volumeCents }: ImpliedFill,
): void {
  const { portfolio: maker } = order;
  const { id, portfolio, instrument, side } = taker;
  const isBuy = side === SIDE.buy;
  if (isBuy) pay(state, portfolio, maker, premium);
  else pay(state, maker, portfolio, premium);
  payTradingFee(state, context, { portfolio: maker, fee: orderFee, rebates: 0n, volumeCents });
  payTradingFee(state, context, { portfolio, fee: takerFee, rebates: 0n, volumeCents });
  context.events.push({
    selector: EVENT.trade,
    value: {
      instrument,
      price,
      lots: sizeLots(lots),
      side,
      makerOrder: order.id,
      takerOrder: id,
      maker,
      taker: portfolio,
      makerFee: orderFee,
      takerFee,
    },
  });
  changePosition(state, maker, instrument, isBuy ? -lots : lots);
  changePosition(state, portfolio, instrument, isBuy ? lots : -lots);
  noteLastTrade(state, context, instrument, price);
}

/** The leg that the combo order takes from its book. */
function applyOtherLeg(
  state: State,
  context: BlockContext,
  { order, lots, other }: ImpliedFill,
): void {
  const { instrument, side, fills } = other;
  const taker = { id: order.id, portfolio: order.portfolio, instrument, side };
  const plan = {
    fills,
    drops: [],
    filledLots: lots,
    openLots: 0,
    truncated: false,
    stopped: false,
  };
  applyMatches(state, context, [{ taker, plan, fills, money: matchMoney(fills), isLinear: false }]);
}

/** Writes the fills in the order planned. O(fills). */
export function applyImpliedOut(
  state: State,
  context: BlockContext,
  taker: Incoming,
  fills: readonly ImpliedFill[],
): void {
  for (const fill of fills) {
    applyOwnLeg(state, context, taker, fill);
    applyOtherLeg(state, context, fill);
    fillComboOrder(state, context, fill.order, fill.lots);
    if (state.derived.orders.reduceOnly.size === 0) continue;
    closeIdleReduceOnly(state, context, taker.portfolio, taker.instrument);
    closeIdleReduceOnly(state, context, fill.order.portfolio, taker.instrument);
  }
}

/**
 * Writes a planned match: money, positions, resting orders, events. Nothing here can fail.
 *
 * Premium is paid in cash at the trade, each side's fee goes to the fee account; each maker's balance
 * changes once a fill, the taker's and the fee account's once a match. Fills and drops are
 * written in the order in which they were planned, so a client that follows the events sees each
 * queue as it was when its order traded.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { mulDivFloor } from '../core/math.ts';
import type { InstrumentId, OrderId, PortfolioId } from '../core/units.ts';
import { sizeLots } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { type FeeTerms, makerFillFee, takerFillFee } from '../fees/fill-fees.ts';
import { countTradingFee } from '../fees/pay-trading-fee.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { notionalCents } from '../fees/trading-volume.ts';
import { addLeg } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { moveLinearPosition } from '../linear/move-position.ts';
import { changePosition, indexReduction } from '../margin/portfolio-index.ts';
import { microUsdPerTickLot } from '../options/underlying.ts';
import { countQuoteFills } from '../quoting/count-fills.ts';
import type { State } from '../state/state.ts';
import { reduceInBook } from './book.ts';
import { cancelLinked } from './cancel-linked.ts';
import { closeIdleReduceOnly } from './close-idle.ts';
import { closeOrder } from './close-order.ts';
import { decrementOrder } from './decrement-order.ts';
import { noteLastTrade } from './last-trade.ts';
import type { MatchPlan, PlannedDrop, PlannedFill } from './match-plan.ts';
import { refreshOrder } from './refresh-order.ts';

/** A fill with its money, in micro-USD. */
export type PricedFill = PlannedFill & {
  readonly premium: bigint;
  /** Negative: a rebate, at most `takerFee`. */
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  /** Notional, towards both sides' fee tiers. */
  readonly volumeCents: number;
};

/** Puts a price on every fill of a plan: the resting order's, and both fees at the mark's index. */
export function priceFills(plan: MatchPlan, terms: FeeTerms): readonly PricedFill[] {
  const { underlying, index } = terms;
  const tickValue = microUsdPerTickLot(underlying);
  const priced: PricedFill[] = [];
  for (const { maker, lots } of plan.fills) {
    const premium = exactProduct(maker.price * tickValue, lots);
    const takerFee = takerFillFee(terms, lots, premium);
    const makerFee = makerFillFee(terms, maker.portfolio, { lots, premium, takerFee });
    const volumeCents = notionalCents(underlying, lots, index);
    priced.push({ maker, lots, premium, makerFee, takerFee, volumeCents });
  }
  return priced;
}

/** The incoming order: its number is given, nothing of it rests yet. */
export type Incoming = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly side: Side;
};

/** Sums of a match's fills, in micro-USD. */
export type MatchMoney = {
  premium: bigint;
  makerFees: bigint;
  takerFees: bigint;
  /** Of the makers, as amounts above 0. */
  rebates: bigint;
  volumeCents: number;
};

/** O(fills). */
export function matchMoney(fills: readonly PricedFill[]): MatchMoney {
  const money: MatchMoney = {
    premium: 0n,
    makerFees: 0n,
    takerFees: 0n,
    rebates: 0n,
    volumeCents: 0,
  };
  for (const { premium, makerFee, takerFee, volumeCents } of fills) {
    money.premium += premium;
    money.makerFees += makerFee;
    money.takerFees += takerFee;
    if (makerFee < 0n) money.rebates -= makerFee;
    money.volumeCents += volumeCents;
  }
  return money;
}

/** One side of a fill in a future or a perpetual: each fill has a price of its own. */
function moveSide(
  state: State,
  context: BlockContext,
  taker: Incoming,
  { maker, lots, premium }: PricedFill,
  who: 'maker' | 'taker',
): void {
  const { instrument, side } = taker;
  const isBuyer = (side === SIDE.buy) === (who === 'taker');
  const trade = {
    portfolio: who === 'maker' ? maker.portfolio : taker.portfolio,
    instrument,
    lots: isBuyer ? lots : -lots,
    pricePerLot: mulDivFloor(premium, 1n, BigInt(lots)),
  };
  moveLinearPosition(state, context, trade, who === 'maker' ? maker.place : undefined);
}

/** One fill: the maker's side is written, the taker's is left to the caller. */
function applyFill(state: State, context: BlockContext, taker: Incoming, fill: PricedFill): void {
  const { lots, premium, makerFee, takerFee, volumeCents } = fill;
  const order = fill.maker;
  const { portfolio: maker, price } = order;
  const { instrument, side, portfolio } = taker;
  const isBuy = side === SIDE.buy;
  const isLinear = order.place?.holding.risk.isLinear === true;
  const received = isLinear ? 0n : isBuy ? premium : -premium;
  addLeg(state, maker, DENOMINATION.usd, received - makerFee);
  countTradingFee(state, context, maker, makerFee, volumeCents);
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
  if (isLinear) moveSide(state, context, taker, fill, 'maker');
  else changePosition(state, maker, instrument, isBuy ? -lots : lots, order.place);
  if (lots === order.remaining) closeOrder(state, context, order, CLOSE_REASON.filled);
  else {
    indexReduction(state, order, lots);
    reduceInBook(order, lots);
    state.orders.touch(order.id);
    const value = { orderId: order.id, lots: sizeLots(lots) };
    context.events.push({ selector: EVENT.orderReduced, value });
    if (order.shown === 0) refreshOrder(state, context, order);
  }
  if (order.cancelsOther !== 0) cancelLinked(state, context, order);
}

/** An order loses lots without a trade; it was planned while it had at least as many. */
function applyDrop(
  state: State,
  context: BlockContext,
  { order, lots, reason }: PlannedDrop,
): void {
  // The other half of its pair may have been filled since.
  if (order.level === undefined) return;
  if (lots >= order.remaining) closeOrder(state, context, order, reason);
  else decrementOrder(state, context, order, lots);
}

/** Closes the reduce-only orders that the fills left without a position to reduce. */
function closeIdle(
  state: State,
  context: BlockContext,
  taker: Incoming,
  fills: readonly PricedFill[],
): void {
  closeIdleReduceOnly(state, context, taker.portfolio, taker.instrument);
  for (const { maker } of fills) {
    closeIdleReduceOnly(state, context, maker.portfolio, taker.instrument);
  }
}

/** A planned match with its money, and the incoming order that it is of. */
export type PricedMatch = {
  readonly taker: Incoming;
  readonly plan: MatchPlan;
  readonly fills: readonly PricedFill[];
  /** `matchMoney` of the fills. */
  readonly money: MatchMoney;
  /** In a future or a perpetual: no premium is paid, and each fill moves positions at its price. */
  readonly isLinear: boolean;
};

/** Fills and drops in the order planned: the makers' side is written. */
function applyPlan(state: State, context: BlockContext, { taker, plan, fills }: PricedMatch): void {
  const { drops } = plan;
  let dropped = 0;
  for (let i = 0; i < fills.length; i++) {
    for (let drop = drops[dropped]; drop !== undefined && drop.after <= i; drop = drops[dropped]) {
      applyDrop(state, context, drop);
      dropped += 1;
    }
    const fill = fills[i];
    if (fill === undefined) break;
    applyFill(state, context, taker, fill);
  }
  for (let drop = drops[dropped]; drop !== undefined; drop = drops[dropped]) {
    applyDrop(state, context, drop);
    dropped += 1;
  }
}

/** The taker's side of all fills. */
function applyTaker(state: State, context: BlockContext, match: PricedMatch): void {
  const { taker, plan, fills, money, isLinear } = match;
  const last = fills[fills.length - 1];
  if (last === undefined) return;
  const { portfolio, instrument, side } = taker;
  const { premium, makerFees, takerFees, rebates, volumeCents } = money;
  const received = isLinear ? 0n : side === SIDE.buy ? -premium : premium;
  // With what the makers got and paid in `applyFill` these sum to 0.
  addLeg(state, portfolio, DENOMINATION.usd, received - takerFees);
  addLeg(state, MODULE.fees, DENOMINATION.usd, makerFees + takerFees);
  countTradingFee(state, context, portfolio, takerFees - rebates, volumeCents);
  const { filledLots } = plan;
  if (isLinear) for (const fill of fills) moveSide(state, context, taker, fill, 'taker');
  else changePosition(state, portfolio, instrument, side === SIDE.buy ? filledLots : -filledLots);
  noteLastTrade(state, context, instrument, last.maker.price);
  if (state.derived.orders.reduceOnly.size > 0) closeIdle(state, context, taker, fills);
}

/** Writes a match: fills and drops in the order planned, then the taker's side of all fills. */
export function applyMatch(state: State, context: BlockContext, match: PricedMatch): void {
  const { plan, fills } = match;
  applyPlan(state, context, match);
  if (state.protections.size > 0) countQuoteFills(state, context, fills, plan.drops);
  applyTaker(state, context, match);
}

/**
 * Writes matches of one taker in several books, planned together: quotes are counted when all of
 * them are done, since a protection that fires takes orders out of the other books.
 */
export function applyMatches(
  state: State,
  context: BlockContext,
  matches: readonly PricedMatch[],
): void {
  for (const match of matches) applyPlan(state, context, match);
  if (state.protections.size > 0) {
    const fills = matches.flatMap((match) => match.fills);
    const drops = matches.flatMap(({ plan }) => plan.drops);
    countQuoteFills(state, context, fills, drops);
  }
  for (const match of matches) applyTaker(state, context, match);
}

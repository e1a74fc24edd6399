/**
 * What a portfolio holds in one series, with the sums of its isolated requirement.
 *
 * Source: design/exchange.md §3; proof in docs/spec/margin.md. With n lots held and a the isolated
 * requirement of a short lot, the worst fill of the orders needs
 *
 *   max(Σ max(0, cost), −n·a + Σ max(0, cost ± a))
 *
 * over the series ending not short and ending short; a filled bid costs its premium and takes a
 * off, a filled ask brings at most the mark and adds a. Each sum is kept, so an order is O(1).
 *
 * The lots and premiums of the orders do not depend on the mark and are kept through every change; the
 * terms do, and are of one mark (`ExpiryHolding.hasTerms`). Where they are not made, the requirement
 * has a coarse bound from the lots and premiums alone (`coarseInitial`).
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId, PriceTicks } from '../core/units.ts';
import type { RestingOrder } from '../matching/order.ts';
import { askRevenue, bidCost, type SeriesRisk } from './series-risk.ts';

/** Lots of an order that a sum gains, or loses when negative. */
export type OrderTerm = {
  readonly side: Side;
  readonly price: PriceTicks;
  readonly lots: number;
};

/** A change of one series: lots of the position, and of orders. */
export type RiskChange = {
  readonly risk: SeriesRisk;
  readonly position: number;
  readonly orders: readonly OrderTerm[];
};

/** One series of a portfolio: a position, orders, or both. */
export type SeriesHolding = {
  readonly instrument: InstrumentId;
  /** In no order: each knows its position (`RestingOrder.slot`). */
  readonly orders: RestingOrder[];
  risk: SeriesRisk;
  position: number;
  bidLots: number;
  askLots: number;
  /** Premium of the bids, and of all orders. */
  bidPremium: number;
  premium: number;
  /** Σ of the orders' worst terms while the series ends not short, and while it ends short. */
  flatTerms: number;
  shortInitialTerms: number;
  shortMaintenanceTerms: number;
  /** Cost of all bids: premium and fees. */
  bidReserve: number;
};

/** A series in which nothing is held. */
export function emptySeriesHolding(instrument: InstrumentId, risk: SeriesRisk): SeriesHolding {
  return {
    instrument,
    orders: [],
    risk,
    position: 0,
    bidLots: 0,
    askLots: 0,
    bidPremium: 0,
    premium: 0,
    flatTerms: 0,
    shortInitialTerms: 0,
    shortMaintenanceTerms: 0,
    bidReserve: 0,
  };
}

/** Puts an order among those of a series. O(1). */
export function addHeld({ orders }: SeriesHolding, order: RestingOrder): void {
  order.slot = orders.length;
  orders.push(order);
}

/** Takes it out: the last takes its position. Throws `InvariantViolation` when it is not there. O(1). */
export function dropHeld({ orders }: SeriesHolding, order: RestingOrder): void {
  const { slot } = order;
  assert(orders[slot] === order, 'an order is among those of its portfolio');
  const last = orders.pop();
  if (last !== undefined && last !== order) {
    orders[slot] = last;
    last.slot = slot;
  }
  order.slot = -1;
}

/** Sets lots and premiums of the orders to those of no orders. */
export function clearCounts(holding: SeriesHolding): void {
  holding.bidLots = 0;
  holding.askLots = 0;
  holding.bidPremium = 0;
  holding.premium = 0;
}

/** Adds an order to lots and premiums. */
export function countOrderLots(
  holding: SeriesHolding,
  side: Side,
  price: PriceTicks,
  lots: number,
): void {
  const premium = lots * price * holding.risk.tickValue;
  holding.premium += premium;
  if (side === SIDE.buy) {
    holding.bidLots += lots;
    holding.bidPremium += premium;
  } else {
    holding.askLots += lots;
  }
}

/** Sets the terms of the orders to those of no orders. */
export function clearTerms(holding: SeriesHolding): void {
  holding.flatTerms = 0;
  holding.shortInitialTerms = 0;
  holding.shortMaintenanceTerms = 0;
  holding.bidReserve = 0;
}

/** Adds an order to the terms. */
export function addOrderTerms(
  holding: SeriesHolding,
  side: Side,
  price: PriceTicks,
  lots: number,
): void {
  const { risk } = holding;
  if (side === SIDE.buy) {
    const cost = bidCost(risk, price);
    holding.bidReserve += lots * cost;
    holding.flatTerms += lots * cost;
    holding.shortInitialTerms += lots * Math.max(0, cost - risk.initial);
    holding.shortMaintenanceTerms += lots * Math.max(0, cost - risk.maintenance);
  } else {
    const revenue = askRevenue(risk, price);
    holding.flatTerms += lots * Math.max(0, -revenue);
    holding.shortInitialTerms += lots * Math.max(0, risk.initial - revenue);
    holding.shortMaintenanceTerms += lots * Math.max(0, risk.maintenance - revenue);
  }
}

/** Adds an order to all sums. */
export function addOrder(holding: SeriesHolding, { side, price, lots }: OrderTerm): void {
  countOrderLots(holding, side, price, lots);
  addOrderTerms(holding, side, price, lots);
}

/**
 * A bound above the isolated requirements, initial and maintenance, from lots and premiums alone:
 * every bid costs its premium and the most of a fee; every ask needs a short lot whole, and what a sale
 * can cost: the fee, and of a future the price that its fill is counted from.
 */
export function coarseInitial({
  risk: { initial, baseline, feeOfNotional },
  position,
  bidLots,
  askLots,
  bidPremium,
}: SeriesHolding): number {
  const shorts = position < 0 ? askLots - position : askLots;
  return bidPremium + (bidLots + askLots) * feeOfNotional + askLots * baseline + shorts * initial;
}

/** Isolated initial requirement of a series with the worst fill of its orders. */
export function isolatedInitial({
  flatTerms,
  shortInitialTerms,
  position,
  risk,
}: SeriesHolding): number {
  return Math.max(flatTerms, shortInitialTerms - position * risk.initial);
}

/** Isolated maintenance requirement, likewise. */
export function isolatedMaintenance(holding: SeriesHolding): number {
  const { flatTerms, shortMaintenanceTerms, position, risk } = holding;
  return Math.max(flatTerms, shortMaintenanceTerms - position * risk.maintenance);
}

/** Lots by which a series can end short. */
export function shortableLots({ askLots, position }: SeriesHolding): number {
  return Math.max(0, askLots - position);
}

/** Lots held or ordered, whatever the side. */
export function grossLots({ position, bidLots, askLots }: SeriesHolding): number {
  return Math.abs(position) + bidLots + askLots;
}

/** That requirement after a change of the position and an order of `lots` more. Changes nothing. */
export function isolatedInitialAfter(
  { flatTerms, shortInitialTerms, position, risk }: SeriesHolding,
  change: number,
  side: Side,
  price: PriceTicks,
  lots: number,
): number {
  let flat = flatTerms;
  let short = shortInitialTerms - (position + change) * risk.initial;
  if (lots > 0 && side === SIDE.buy) {
    const cost = bidCost(risk, price);
    flat += lots * cost;
    short += lots * Math.max(0, cost - risk.initial);
  } else if (lots > 0) {
    const revenue = askRevenue(risk, price);
    flat += lots * Math.max(0, -revenue);
    short += lots * Math.max(0, risk.initial - revenue);
  }
  return Math.max(flat, short);
}

/** How the coarse bound changes with the position and with an order of `lots` more. Changes nothing. */
export function coarseChange(
  { position, risk: { initial, baseline, feeOfNotional, tickValue } }: SeriesHolding,
  change: number,
  side: Side,
  price: PriceTicks,
  lots: number,
): number {
  const shorts = Math.max(0, -position - change) - Math.max(0, -position);
  const perLot = side === SIDE.buy ? price * tickValue : baseline + initial;
  return shorts * initial + lots * (perLot + feeOfNotional);
}

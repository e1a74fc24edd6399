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
  /** Σ of the orders' worst terms while the series ends not short, and while it ends short. */
  flatTerms: number;
  shortInitialTerms: number;
  shortMaintenanceTerms: number;
  /** Cost of all bids: premium and fees. */
  bidReserve: number;
  /** Premium of all orders, for the bound on the sums. */
  premium: number;
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
    flatTerms: 0,
    shortInitialTerms: 0,
    shortMaintenanceTerms: 0,
    bidReserve: 0,
    premium: 0,
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

/** Sets the sums of the orders to those of no orders. */
export function clearTerms(holding: SeriesHolding): void {
  holding.bidLots = 0;
  holding.askLots = 0;
  holding.flatTerms = 0;
  holding.shortInitialTerms = 0;
  holding.shortMaintenanceTerms = 0;
  holding.bidReserve = 0;
  holding.premium = 0;
}

/** Adds an order's lots to the sums. */
export function addOrderTerm(holding: SeriesHolding, { side, price, lots }: OrderTerm): void {
  addOrderLots(holding, side, price, lots);
}

/** `addOrderTerm` without the object: three times for every fill. */
export function addOrderLots(
  holding: SeriesHolding,
  side: Side,
  price: PriceTicks,
  lots: number,
): void {
  const { risk } = holding;
  holding.premium += lots * price * risk.tickValue;
  if (side === SIDE.buy) {
    const cost = bidCost(risk, price);
    holding.bidLots += lots;
    holding.bidReserve += lots * cost;
    holding.flatTerms += lots * cost;
    holding.shortInitialTerms += lots * Math.max(0, cost - risk.initial);
    holding.shortMaintenanceTerms += lots * Math.max(0, cost - risk.maintenance);
  } else {
    const revenue = askRevenue(risk, price);
    holding.askLots += lots;
    holding.flatTerms += lots * Math.max(0, -revenue);
    holding.shortInitialTerms += lots * Math.max(0, risk.initial - revenue);
    holding.shortMaintenanceTerms += lots * Math.max(0, risk.maintenance - revenue);
  }
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

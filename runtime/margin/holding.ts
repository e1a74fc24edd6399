/**
 * What a portfolio holds in a series and in an expiry, with the running sums of its requirement.
 *
 * Source: design/exchange.md §3; proof in docs/spec/margin.md. The requirement of an expiry with open
 * orders is the lesser of two bounds on the worst fill: Σ over series of the isolated requirement
 * (kept here, O(1) an order) and the worst payoff (`worst-payoff.ts`, built when first needed).
 *
 * Invariants: every sum is an integer below 2⁵², so it is the same whatever the order in which it
 * came to be; sums equal those built afresh from the same positions, orders and marks. Where the
 * bound cannot be kept (`isExact` is false) the requirement is a coarse bound above every sum.
 */
import type { InstrumentId, OrderId, PriceTicks } from '../core/units.ts';
import type { Order } from '../matching/order.ts';
import type { Mark } from '../oracle/marks.ts';
import type { State } from '../state/state.ts';
import { SIDE, type Side } from '../transaction.ts';
import { askRevenue, bidCost, payoff, type SeriesRisk, seriesRisk } from './series-risk.ts';
import { divideUp } from './standard-margin.ts';
import {
  addStrike,
  applyToWorstPayoff,
  dropStrike,
  type Requirement,
  requirementAfter,
  requirementOf,
  type WorstPayoff,
  worstPayoff,
} from './worst-payoff.ts';

/** Sums stay below this, so that doubles hold them exactly. */
export const EXACT_LIMIT: number = 2 ** 52;

const FULL_BPS = 10_000;

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
  readonly orders: Map<OrderId, Order>;
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

/** All series of a portfolio in one expiry. */
export type ExpiryHolding = {
  readonly key: number;
  readonly series: Map<InstrumentId, SeriesHolding>;
  /** Mark of one of the series when the sums were made; `undefined`: to be made again. */
  mark: Mark | undefined;
  isExact: boolean;
  /** Built when first needed after a mark. */
  worst: WorstPayoff | undefined;
};

export function emptySeriesHolding(instrument: InstrumentId, risk: SeriesRisk): SeriesHolding {
  return {
    instrument,
    orders: new Map(),
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

/** Adds an order's lots to the sums of its series. */
function addOrderTerm(holding: SeriesHolding, { side, price, lots }: OrderTerm): void {
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

/** An order that is not yet among the sums: lots, and their premium in micro-USD. */
export type ExtraLots = {
  readonly risk: SeriesRisk;
  readonly lots: number;
  readonly premium: number;
};

/**
 * A bound above every sum of the expiry, an order to come included: gross lots × (greatest
 * requirement, charge and strike of a lot) + twice the orders' premiums. Exact below 2⁵³. O(series).
 */
export function magnitudeOf(expiry: ExpiryHolding, extra?: ExtraLots): number {
  let lots = extra?.lots ?? 0;
  let premium = extra?.premium ?? 0;
  let perLot = extra === undefined ? 0 : lotBound(extra.risk);
  let strike = extra?.risk.strike ?? 0;
  for (const { risk, position, bidLots, askLots, premium: own } of expiry.series.values()) {
    lots += Math.abs(position) + bidLots + askLots;
    premium += own;
    perLot = Math.max(perLot, lotBound(risk));
    strike = Math.max(strike, risk.strike);
  }
  return lots * (perLot + strike) + 2 * premium;
}

/** Greatest amount by which a lot can change a sum, strikes of others and premium not counted. */
export function lotBound(risk: SeriesRisk): number {
  const { initial, nakedInitial, strike, index, feeOfNotional, delivery = 0 } = risk;
  return Math.max(initial, nakedInitial, index, delivery) + strike + feeOfNotional;
}

/** Makes the sums of an expiry afresh when its marks are others than they were made from. O(1) else. */
export function refreshExpiry(state: State, expiry: ExpiryHolding): void {
  if (isCurrent(state, expiry)) return;
  for (const holding of expiry.series.values()) {
    holding.risk = seriesRisk(state, holding.instrument);
    holding.bidLots = 0;
    holding.askLots = 0;
    holding.flatTerms = 0;
    holding.shortInitialTerms = 0;
    holding.shortMaintenanceTerms = 0;
    holding.bidReserve = 0;
    holding.premium = 0;
    for (const { side, price, remaining } of holding.orders.values()) {
      addOrderTerm(holding, { side, price, lots: remaining });
    }
    expiry.mark = holding.risk.mark;
  }
  expiry.worst = undefined;
  expiry.isExact = magnitudeOf(expiry) < EXACT_LIMIT;
}

/** Whether the sums belong to the marks in force: all series of an expiry are marked together. */
export function isCurrent(state: State, expiry: ExpiryHolding): boolean {
  const { mark } = expiry;
  if (mark === undefined) return false;
  return state.derived.marks.byInstrument.get(mark.instrument) === mark;
}

/**
 * Adds a change to the sums, where they are kept; else they are made when next asked for. The
 * position and the orders themselves are the caller's to change.
 */
export function applyChange(
  state: State,
  expiry: ExpiryHolding,
  holding: SeriesHolding,
  change: { readonly position: number; readonly orders: readonly OrderTerm[] },
): void {
  if (!expiry.isExact || !isCurrent(state, expiry)) {
    expiry.mark = undefined;
    return;
  }
  for (const order of change.orders) addOrderTerm(holding, order);
  if (expiry.worst !== undefined) {
    applyToWorstPayoff(expiry.worst, { ...change, risk: holding.risk });
  }
}

/** Brings a series without position and orders into an expiry. */
export function enterSeries(
  state: State,
  expiry: ExpiryHolding,
  instrument: InstrumentId,
): SeriesHolding {
  const holding = emptySeriesHolding(instrument, seriesRisk(state, instrument));
  expiry.series.set(instrument, holding);
  const { risk } = holding;
  if (!isCurrent(state, expiry)) expiry.mark = undefined;
  else if (expiry.worst !== undefined && risk.delivery === undefined) {
    addStrike(expiry.worst, risk.strike, [...expiry.series.values()]);
  }
  return holding;
}

/** Takes a series without position and orders out of its expiry. */
export function leaveSeries(expiry: ExpiryHolding, holding: SeriesHolding): void {
  expiry.series.delete(holding.instrument);
  const { strike } = holding.risk;
  // The mark that stands for the expiry must be that of a series still held.
  if (expiry.mark?.instrument === holding.instrument) {
    expiry.mark = expiry.series.values().next().value?.risk.mark;
  }
  for (const { risk } of expiry.series.values()) if (risk.strike === strike) return;
  if (expiry.worst !== undefined) dropStrike(expiry.worst, strike);
}

/** The coarse bound where sums are not exact: integers of any size, in any order. O(orders). */
function coarseRequirement(expiry: ExpiryHolding): number {
  let lots = 0n;
  let perLot = 0;
  let strike = 0;
  let premium = 0n;
  for (const { risk, position, orders } of expiry.series.values()) {
    lots += BigInt(Math.abs(position));
    perLot = Math.max(perLot, lotBound(risk));
    strike = Math.max(strike, risk.strike);
    for (const { remaining, price } of orders.values()) {
      lots += BigInt(remaining);
      premium += BigInt(remaining) * BigInt(price) * BigInt(risk.tickValue);
    }
  }
  return Number(lots * BigInt(perLot + strike) + 2n * premium);
}

/** Σ isolated requirements with the worst fill: the first bound. O(series). */
export function isolatedRequirement(expiry: ExpiryHolding): Requirement {
  if (!expiry.isExact) {
    const coarse = coarseRequirement(expiry);
    return { initial: coarse, maintenance: coarse };
  }
  let initial = 0;
  let maintenance = 0;
  for (const holding of expiry.series.values()) {
    initial += isolatedInitial(holding);
    maintenance += isolatedMaintenance(holding);
  }
  return { initial, maintenance };
}

function lesser(a: Requirement, b: Requirement): Requirement {
  return {
    initial: Math.min(a.initial, b.initial),
    maintenance: Math.min(a.maintenance, b.maintenance),
  };
}

function worstOf(expiry: ExpiryHolding): WorstPayoff {
  expiry.worst ??= worstPayoff([...expiry.series.values()]);
  return expiry.worst;
}

/** The requirement with the worst fill of the orders: the lesser bound. */
export function expiryRequirement(expiry: ExpiryHolding): Requirement {
  const isolated = isolatedRequirement(expiry);
  if (!expiry.isExact || isolated.initial === 0) return isolated;
  return lesser(isolated, requirementOf(worstOf(expiry)));
}

/** The first bound as it would be after a change of one series. O(1) from `before`. */
export function isolatedAfter(
  before: Requirement,
  holding: SeriesHolding,
  change: RiskChange,
): Requirement {
  const after: SeriesHolding = { ...holding, position: holding.position + change.position };
  for (const order of change.orders) addOrderTerm(after, order);
  return {
    initial: before.initial - isolatedInitial(holding) + isolatedInitial(after),
    maintenance: before.maintenance - isolatedMaintenance(holding) + isolatedMaintenance(after),
  };
}

/** The requirement as it would be after a change; needs `isExact`. */
export function expiryRequirementAfter(
  expiry: ExpiryHolding,
  isolated: Requirement,
  change: RiskChange,
): Requirement {
  const holdings = [...expiry.series.values()];
  return lesser(isolated, requirementAfter(worstOf(expiry), change, holdings));
}

/** Maintenance requirement of the positions alone: what liquidation looks at. O(series²). */
export function bareMaintenance(expiry: ExpiryHolding): number {
  if (!expiry.isExact) return coarseRequirement(expiry);
  const held: SeriesHolding[] = [];
  let isolated = 0;
  for (const { instrument, risk, position } of expiry.series.values()) {
    if (position === 0) continue;
    held.push({ ...emptySeriesHolding(instrument, risk), position });
    isolated += Math.max(0, -position * risk.maintenance);
  }
  if (isolated === 0) return 0;
  return Math.min(isolated, requirementOf(worstPayoff(held)).maintenance);
}

/**
 * What a delivered expiry will pay the holder in all, the greatest settlement fee taken off: it is
 * valued at delivery while its payment is spread over blocks. 0 before delivery. O(series).
 */
export function receivable(expiry: ExpiryHolding): number {
  let net = 0;
  let fee = 0;
  for (const { risk, position } of expiry.series.values()) {
    if (risk.delivery === undefined || !expiry.isExact) return 0;
    const paid = position * payoff(risk, risk.delivery);
    net += paid;
    if (paid > 0) fee += divideUp(paid, FULL_BPS) * risk.settlementFeeCapBps;
  }
  return Math.max(0, net - fee);
}

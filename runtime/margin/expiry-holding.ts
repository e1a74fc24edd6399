/**
 * What a portfolio holds in one expiry, with the running sums of its requirement.
 *
 * Source: design/exchange.md §3; proof in docs/spec/margin.md. The requirement with open orders is
 * the lesser of two bounds on the worst fill: Σ over series of the isolated requirement, kept here,
 * and the worst payoff (`worst-payoff.ts`), built when first needed after a mark.
 *
 * What is kept has three ages. Lots and premiums outlive marks. The coarse bound, O(series), is made
 * when the expiry is first looked at after a mark (`refreshMarks`): an account with cash above it needs
 * no more, whatever its orders. The isolated requirements, O(orders), are made for who needs them
 * (`refreshExpiry`).
 *
 * Invariants: every sum is an integer below 2⁵², so it is the same whatever the order in which it
 * came to be; sums equal those built afresh from the same positions, orders and marks. Where that
 * bound is not kept (`isExact` is false) the requirement is a coarse bound above every sum.
 */
import type { Side } from '../actions/order-terms.ts';
import type { InstrumentId, PriceTicks } from '../core/units.ts';
import type { Mark } from '../oracle/marks.ts';
import type { AccountExposure } from '../rules/exposure.ts';
import type { State } from '../state/state.ts';
import {
  addOrder,
  addOrderTerms,
  clearCounts,
  clearTerms,
  coarseInitial,
  countOrderLots,
  emptySeriesHolding,
  grossLots,
  isolatedInitial,
  isolatedMaintenance,
  type OrderTerm,
  type RiskChange,
  type SeriesHolding,
} from './series-holding.ts';
import { payoff, type SeriesRisk, seriesRisk } from './series-risk.ts';
import { divideUp } from './standard-margin.ts';
import {
  addStrike,
  applyToWorstPayoff,
  barePayoff,
  dropStrike,
  type Requirement,
  requirementAfter,
  requirementAfterAll,
  requirementOf,
  settlementsOf,
  type WorstPayoff,
  worstPayoff,
} from './worst-payoff.ts';

/** Sums stay below this, so that doubles hold them exactly. */
export const EXACT_LIMIT: number = 2 ** 52;
const FULL_BPS = 10_000;

/** Sums over all expiries of a portfolio: kept by every change of theirs. */
export type PortfolioSum = {
  /** Of the first bounds. */
  isolatedInitial: number;
  /** Version of the marks at which every expiry's sums were exact and in force; −1: sum again. */
  at: number;
  /** Of the coarse bounds, and their version likewise. */
  coarseInitial: number;
  coarseAt: number;
};

/** All series of a portfolio in one expiry. */
export type ExpiryHolding = {
  /** `expiryKey`. */
  readonly key: number;
  /** Counter of the account's lots in the underlying: shared by its holdings, kept by the index. */
  readonly exposure: AccountExposure;
  /** Shared likewise by the expiries of the portfolio. */
  readonly total: PortfolioSum;
  readonly series: Map<InstrumentId, SeriesHolding>;
  /** Mark of one of the series when the coarse bound was made; `undefined`: to be made again. */
  mark: Mark | undefined;
  /** Version of the marks at which `mark` was last found in force. */
  currentAt: number;
  /** Whether lots and premiums are those of the orders; else they are counted again with the mark. */
  isCounted: boolean;
  isExact: boolean;
  /** Bound above both isolated requirements. */
  coarseInitial: number;
  /** Whether the sums of the requirements, and the orders' terms in them, are made at `mark`. */
  hasTerms: boolean;
  /** Σ over series of the isolated requirements with the worst fill. */
  isolatedInitial: number;
  isolatedMaintenance: number;
  /** Lots held or ordered, premiums of the orders, greatest `lotBound` and strike. */
  lots: number;
  premium: number;
  lotBound: number;
  strike: number;
  /** Built when first needed after a mark. */
  worst: WorstPayoff | undefined;
};

/** A series of a portfolio, and its expiry. */
export type HoldingPlace = { readonly expiry: ExpiryHolding; readonly holding: SeriesHolding };

/** To be summed when first asked for. */
export function portfolioSum(): PortfolioSum {
  return { isolatedInitial: 0, at: -1, coarseInitial: 0, coarseAt: -1 };
}

/** An expiry in which nothing is held. */
export function emptyExpiryHolding(
  key: number,
  exposure: AccountExposure = { lots: 0 },
  total: PortfolioSum = portfolioSum(),
): ExpiryHolding {
  return {
    key,
    exposure,
    total,
    series: new Map(),
    mark: undefined,
    currentAt: -1,
    isCounted: true,
    isExact: true,
    coarseInitial: 0,
    hasTerms: true,
    isolatedInitial: 0,
    isolatedMaintenance: 0,
    lots: 0,
    premium: 0,
    lotBound: 0,
    strike: 0,
    worst: undefined,
  };
}

/**
 * A bound above every sum of the expiry: gross lots × (greatest bound and strike of a lot) + twice
 * the orders' premiums. Where it passed 2⁵³ it is inexact, and far above the limit all the same.
 */
export function magnitude({ lots, premium, lotBound: perLot, strike }: ExpiryHolding): number {
  return lots * (perLot + strike) + 2 * premium;
}

/**
 * That bound with an order to come. O(1).
 */
export function magnitudeWith(
  { lots, premium, lotBound: perLot, strike }: ExpiryHolding,
  order: { readonly risk: SeriesRisk; readonly lots: number; readonly premium: number },
): number {
  const bound = Math.max(perLot, order.risk.lotBound) + Math.max(strike, order.risk.strike);
  return (lots + order.lots) * bound + 2 * (premium + order.premium);
}

/** That bound with changes of several series to come. O(changes). */
export function magnitudeWithAll(
  expiry: ExpiryHolding,
  additions: readonly {
    readonly risk: SeriesRisk;
    readonly lots: number;
    readonly premium: number;
  }[],
): number {
  const after = { ...expiry };
  for (const { risk, ...added } of additions) {
    after.lots += added.lots;
    after.premium += added.premium;
    after.lotBound = Math.max(after.lotBound, risk.lotBound);
    after.strike = Math.max(after.strike, risk.strike);
  }
  return magnitude(after);
}

/** Adds to the first bound of an expiry, and to its portfolio's. */
function addInitial(expiry: ExpiryHolding, initial: number): void {
  const { total } = expiry;
  expiry.isolatedInitial += initial;
  total.isolatedInitial += initial;
  // Both were below the limit before, so this sum is exact; the next might not be.
  if (total.isolatedInitial >= EXACT_LIMIT) total.at = -1;
}

/** Adds to the coarse bound of an expiry, and to its portfolio's. */
function addCoarse(expiry: ExpiryHolding, initial: number): void {
  const { total } = expiry;
  expiry.coarseInitial += initial;
  total.coarseInitial += initial;
  if (total.coarseInitial >= EXACT_LIMIT) total.coarseAt = -1;
}

/** The greatest bounds of the series held. O(series). */
function measureLots(expiry: ExpiryHolding): void {
  expiry.lotBound = 0;
  expiry.strike = 0;
  for (const { risk } of expiry.series.values()) {
    expiry.lotBound = Math.max(expiry.lotBound, risk.lotBound);
    expiry.strike = Math.max(expiry.strike, risk.strike);
  }
}

/** Whether the sums belong to the marks in force: all series of an expiry are marked together. */
export function isCurrent(state: State, expiry: ExpiryHolding): boolean {
  const { mark } = expiry;
  if (mark === undefined) return false;
  const { version, byInstrument } = state.derived.marks;
  if (expiry.currentAt === version) return true;
  if (byInstrument.get(mark.instrument) !== mark) return false;
  expiry.currentAt = version;
  return true;
}

/** Counts lots and premiums afresh. O(positions + orders). */
function countOrders(expiry: ExpiryHolding): void {
  expiry.lots = 0;
  expiry.premium = 0;
  for (const holding of expiry.series.values()) {
    clearCounts(holding);
    for (const { side, price, remaining } of holding.orders) {
      countOrderLots(holding, side, price, remaining);
    }
    expiry.lots += grossLots(holding);
    expiry.premium += holding.premium;
  }
  expiry.isCounted = true;
}

/**
 * Brings risks of the series, bounds of the sums and the coarse bound up to the marks in force.
 * O(series) once per mark, else O(1).
 */
export function refreshMarks(state: State, expiry: ExpiryHolding): void {
  if (isCurrent(state, expiry)) return;
  const { total } = expiry;
  total.at = -1;
  total.coarseAt = -1;
  for (const holding of expiry.series.values()) {
    holding.risk = seriesRisk(state, holding.instrument);
    expiry.mark = holding.risk.mark;
  }
  if (!expiry.isCounted) countOrders(expiry);
  measureLots(expiry);
  expiry.coarseInitial = 0;
  for (const holding of expiry.series.values()) expiry.coarseInitial += coarseInitial(holding);
  expiry.hasTerms = false;
  expiry.worst = undefined;
  expiry.isExact = magnitude(expiry) < EXACT_LIMIT;
}

/**
 * Makes the sums of the requirements where they are not those of the marks in force.
 * O(positions + orders) once per mark, else O(1).
 */
export function refreshExpiry(state: State, expiry: ExpiryHolding): void {
  refreshMarks(state, expiry);
  if (expiry.hasTerms) return;
  expiry.total.at = -1;
  expiry.isolatedInitial = 0;
  expiry.isolatedMaintenance = 0;
  for (const holding of expiry.series.values()) {
    clearTerms(holding);
    for (const { side, price, remaining } of holding.orders) {
      addOrderTerms(holding, side, price, remaining);
    }
    expiry.isolatedInitial += isolatedInitial(holding);
    expiry.isolatedMaintenance += isolatedMaintenance(holding);
  }
  expiry.hasTerms = true;
}

/** Changes a position by lots and the sums by that and by order terms. The rows are the caller's. */
export function applyChange(
  state: State,
  place: HoldingPlace,
  { position, orders }: Omit<RiskChange, 'risk'>,
): void {
  if (position !== 0) applyPosition(state, place, position);
  for (const order of orders) applyOrderLots(state, place, order, order.lots);
}

/**
 * Brings the sum of a portfolio up to the marks in force; false where it is not exact. O(1), after a
 * mark O(expiries).
 */
export function refreshTotal(
  state: State,
  total: PortfolioSum,
  expiries: ReadonlyMap<number, ExpiryHolding>,
): boolean {
  const { version } = state.derived.marks;
  if (total.at === version) return true;
  let initial = 0;
  for (const expiry of expiries.values()) {
    refreshExpiry(state, expiry);
    if (!expiry.isExact) return false;
    initial += expiry.isolatedInitial;
  }
  if (initial >= EXACT_LIMIT) return false;
  total.isolatedInitial = initial;
  total.at = version;
  return true;
}

/**
 * Brings the coarse sum of a portfolio up to the marks in force; false where it is not exact. O(1),
 * after a mark O(series).
 */
export function refreshCoarseTotal(
  state: State,
  total: PortfolioSum,
  expiries: ReadonlyMap<number, ExpiryHolding>,
): boolean {
  const { version } = state.derived.marks;
  if (total.coarseAt === version) return true;
  let initial = 0;
  for (const expiry of expiries.values()) {
    refreshMarks(state, expiry);
    if (!expiry.isExact) return false;
    initial += expiry.coarseInitial;
  }
  if (initial >= EXACT_LIMIT) return false;
  total.coarseInitial = initial;
  total.coarseAt = version;
  return true;
}

/** Whether lots and premiums can be changed in place; else all is made when next asked for. */
function keepsCounts(expiry: ExpiryHolding): boolean {
  if (expiry.isExact && expiry.isCounted) return true;
  forgetSums(expiry);
  return false;
}

/** Lets everything be made again when next asked for. */
function forgetSums(expiry: ExpiryHolding): void {
  expiry.mark = undefined;
  expiry.isCounted = false;
  expiry.total.at = -1;
  expiry.total.coarseAt = -1;
}

/** Holds the sums to their bound after a change. */
function checkMagnitude(expiry: ExpiryHolding): void {
  if (magnitude(expiry) >= EXACT_LIMIT) forgetSums(expiry);
}

/** Brings the sums of an expiry up to a change of one of its series. */
function addChange(
  expiry: ExpiryHolding,
  holding: SeriesHolding,
  initialBefore: number,
  maintenanceBefore: number,
): void {
  addInitial(expiry, isolatedInitial(holding) - initialBefore);
  expiry.isolatedMaintenance += isolatedMaintenance(holding) - maintenanceBefore;
}

/** Adds an order's lots to the sums that are kept, or takes them off where negative. */
export function applyOrderLots(
  state: State,
  { expiry, holding }: HoldingPlace,
  { side, price }: { readonly side: Side; readonly price: PriceTicks },
  lots: number,
): void {
  if (!keepsCounts(expiry)) return;
  const coarse = coarseInitial(holding);
  countOrderLots(holding, side, price, lots);
  expiry.lots += lots;
  expiry.premium += lots * price * holding.risk.tickValue;
  if (isCurrent(state, expiry)) {
    addCoarse(expiry, coarseInitial(holding) - coarse);
    if (expiry.hasTerms) {
      const initial = isolatedInitial(holding);
      const maintenance = isolatedMaintenance(holding);
      addOrderTerms(holding, side, price, lots);
      addChange(expiry, holding, initial, maintenance);
    }
    if (expiry.worst !== undefined) {
      const orders = [{ side, price, lots }];
      applyToWorstPayoff(expiry.worst, { risk: holding.risk, position: 0, orders });
    }
  }
  checkMagnitude(expiry);
}

const NO_ORDERS: readonly OrderTerm[] = [];

/** Changes a position by lots, and the sums that are kept. */
export function applyPosition(state: State, { expiry, holding }: HoldingPlace, lots: number): void {
  if (!keepsCounts(expiry)) {
    holding.position += lots;
    return;
  }
  const gross = Math.abs(holding.position);
  if (isCurrent(state, expiry)) {
    const coarse = coarseInitial(holding);
    const initial = isolatedInitial(holding);
    const maintenance = isolatedMaintenance(holding);
    holding.position += lots;
    addCoarse(expiry, coarseInitial(holding) - coarse);
    if (expiry.hasTerms) addChange(expiry, holding, initial, maintenance);
    if (expiry.worst !== undefined) {
      const { risk } = holding;
      applyToWorstPayoff(expiry.worst, { risk, position: lots, orders: NO_ORDERS });
    }
  } else {
    holding.position += lots;
  }
  expiry.lots += Math.abs(holding.position) - gross;
  checkMagnitude(expiry);
}

/** Brings a series without position and orders into an expiry. */
export function enterSeries(
  state: State,
  expiry: ExpiryHolding,
  instrument: InstrumentId,
): SeriesHolding {
  const risk = seriesRisk(state, instrument);
  const holding = emptySeriesHolding(instrument, risk);
  const isFirst = expiry.series.size === 0;
  expiry.series.set(instrument, holding);
  if (isFirst) expiry.mark = risk.mark;
  if (!isCurrent(state, expiry)) return holding;
  expiry.lotBound = Math.max(expiry.lotBound, risk.lotBound);
  expiry.strike = Math.max(expiry.strike, risk.strike);
  if (expiry.worst !== undefined && risk.delivery === undefined) {
    addStrike(expiry.worst, risk.strike, [...expiry.series.values()]);
  }
  return holding;
}

/** Takes a series without position and orders out of its expiry. O(1), the greatest one O(series). */
export function leaveSeries(expiry: ExpiryHolding, holding: SeriesHolding): void {
  expiry.series.delete(holding.instrument);
  const { strike, delivery, lotBound } = holding.risk;
  // The mark that stands for the expiry must be that of a series still held.
  if (expiry.mark?.instrument === holding.instrument) {
    expiry.mark = expiry.series.values().next().value?.risk.mark;
  }
  // Another series may stand for the greatest bounds: only one that does not leaves them as they are.
  if (lotBound >= expiry.lotBound || strike >= expiry.strike) measureLots(expiry);
  if (expiry.worst === undefined || delivery !== undefined) return;
  for (const { risk } of expiry.series.values()) if (risk.strike === strike) return;
  dropStrike(expiry.worst, strike);
}

/** The coarse bound where sums are not exact: integers of any size, in any order. O(orders). */
function coarseRequirement(expiry: ExpiryHolding): number {
  let lots = 0n;
  let premium = 0n;
  for (const { risk, position, orders } of expiry.series.values()) {
    lots += BigInt(Math.abs(position));
    for (const { remaining, price } of orders) {
      lots += BigInt(remaining);
      premium += BigInt(remaining) * BigInt(price) * BigInt(risk.tickValue);
    }
  }
  return Number(lots * BigInt(expiry.lotBound + expiry.strike) + 2n * premium);
}

/** The first bound: Σ isolated requirements with the worst fill. O(1). */
export function isolatedRequirement(expiry: ExpiryHolding): Requirement {
  if (expiry.isExact) {
    return { initial: expiry.isolatedInitial, maintenance: expiry.isolatedMaintenance };
  }
  const coarse = coarseRequirement(expiry);
  return { initial: coarse, maintenance: coarse };
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
  for (const order of change.orders) addOrder(after, order);
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

/**
 * The requirement as it would be after changes of several series, each once; needs `isExact`.
 * Series that the changes leave empty are not looked at, as they will be gone from the index.
 */
export function expiryRequirementAfterAll(
  expiry: ExpiryHolding,
  isolated: Requirement,
  changes: readonly { readonly holding: SeriesHolding; readonly change: RiskChange }[],
): Requirement {
  if (isolated.initial === 0) return isolated;
  const held = new Map<InstrumentId, { readonly risk: SeriesRisk }>(expiry.series);
  for (const { holding, change } of changes) {
    const orderLots = change.orders.reduce((sum, { lots }) => sum + lots, 0);
    const { bidLots, askLots, position, instrument, risk } = holding;
    const isEmpty = position + change.position === 0 && bidLots + askLots + orderLots === 0;
    if (isEmpty) held.delete(instrument);
    else held.set(instrument, { risk });
  }
  const settlements = settlementsOf(held.values());
  const all = changes.map(({ change }) => change);
  const holdings = [...expiry.series.values()];
  return lesser(isolated, requirementAfterAll(worstOf(expiry), all, settlements, holdings));
}

/** Maintenance requirement of the positions alone: what liquidation looks at. O(series²). */
export function bareMaintenance(expiry: ExpiryHolding): number {
  if (!expiry.isExact) return coarseRequirement(expiry);
  let isolated = 0;
  for (const { risk, position } of expiry.series.values()) {
    isolated += Math.max(0, -position * risk.maintenance);
  }
  return isolated === 0 ? 0 : Math.min(isolated, barePayoff(expiry.series));
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

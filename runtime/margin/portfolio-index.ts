/**
 * Positions and open orders by portfolio, with the sums of their requirements: an index over the
 * `positions` and `orders` tables.
 *
 * Source: design/exchange.md §3, "Speed". Every change of a position or of an order's open lots goes
 * through the functions here; a portfolio without either has no entry.
 *
 * Invariants: the index equals the one rebuilt from the tables. Nothing here is iterated where the
 * order could show: callers sort.
 */
import { assert } from '../core/result.ts';
import {
  type InstrumentId,
  type OrderId,
  type PortfolioId,
  portfolioAccount,
  positionLots,
  sizeLots,
  type UnderlyingId,
  underlyingId,
} from '../core/units.ts';
import { notePosition, resetHealth } from '../liquidation/health-index.ts';
import { type RestingOrder, restingOrder } from '../matching/order.ts';
import type { Combo } from '../multileg/combo.ts';
import { comboTerms } from '../multileg/combo-terms.ts';
import { isLinearKind } from '../options/instrument.ts';
import { exposureOf, noteOpenInterest } from '../rules/exposure.ts';
import { expiryKey, positionKey, type State } from '../state/state.ts';
import {
  applyOrderLots,
  applyPosition,
  type ExpiryHolding,
  emptyExpiryHolding,
  enterSeries,
  type HoldingPlace,
  leaveSeries,
  type PortfolioSum,
  portfolioSum,
} from './expiry-holding.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import { type ModeSums, modeSums, noteModeOrder, noteModePosition } from './mode/mode-sums.ts';
import { addHeld, dropHeld, type SeriesHolding } from './series-holding.ts';

export type Portfolio = {
  readonly id: PortfolioId;
  readonly expiries: Map<number, ExpiryHolding>;
  /** Over all expiries. */
  readonly total: PortfolioSum;
  /** Every series held, and where. */
  readonly places: Map<InstrumentId, Place>;
  /** Open orders by client order id, where they have one. */
  readonly clientOrders: Map<number, RestingOrder>;
  /** Open orders of combos: in `series` their legs' terms stand for them. */
  readonly comboOrders: Map<OrderId, RestingOrder>;
  openOrders: number;
  /** Whether liquidation looks at it at the next mark (`liquidation/health-index.ts`). */
  isNoted: boolean;
  /** Its futures and perpetuals by underlying, in no order; `undefined`: it has none. */
  linear: Map<UnderlyingId, Set<SeriesHolding>> | undefined;
  /** Kept sums of portfolio margin; none under standard margin. */
  sums: ModeSums | undefined;
};

export type PortfolioIndex = {
  readonly byPortfolio: Map<PortfolioId, Portfolio>;
  /** Portfolios that hold something in an expiry; keys are `expiryKey`s. */
  readonly byExpiry: Map<number, Set<PortfolioId>>;
  /** The place looked up last, while it is held: an order's steps ask for the same one. */
  recent: Place | undefined;
};

export function portfolioIndex(): PortfolioIndex {
  return { byPortfolio: new Map(), byExpiry: new Map(), recent: undefined };
}

function portfolioOf(state: State, id: PortfolioId): Portfolio {
  const index = state.derived.portfolios;
  const existing = index.byPortfolio.get(id);
  if (existing !== undefined) return existing;
  const portfolio: Portfolio = {
    id,
    expiries: new Map(),
    total: portfolioSum(),
    places: new Map(),
    clientOrders: new Map(),
    comboOrders: new Map(),
    openOrders: 0,
    isNoted: false,
    linear: undefined,
    sums: isPortfolioMode(state, id) ? modeSums() : undefined,
  };
  index.byPortfolio.set(id, portfolio);
  return portfolio;
}

/** `expiryKey` of an instrument. */
export function expiryOf(state: State, instrument: InstrumentId): number {
  const { underlying, expiry } = state.instruments.must(instrument);
  return expiryKey.pack(underlying, expiry);
}

/** A series of a portfolio. Every resting order has that of its own, from `indexOrder` on. */
export type Place = HoldingPlace & { readonly portfolio: Portfolio };

/** Notes a holding of a future or a perpetual. */
function enterLinear(portfolio: Portfolio, underlying: UnderlyingId, holding: SeriesHolding): void {
  portfolio.linear ??= new Map();
  const holdings = portfolio.linear.get(underlying);
  if (holdings === undefined) portfolio.linear.set(underlying, new Set([holding]));
  else holdings.add(holding);
}

/** Forgets one. */
function leaveLinear(portfolio: Portfolio, underlying: UnderlyingId, holding: SeriesHolding): void {
  const holdings = portfolio.linear?.get(underlying);
  holdings?.delete(holding);
  if (holdings?.size === 0) portfolio.linear?.delete(underlying);
  if (portfolio.linear?.size === 0) portfolio.linear = undefined;
}

/** Where a portfolio's holding of a series is kept, made when there is none. */
function placeOf(state: State, id: PortfolioId, instrument: InstrumentId): Place {
  const index = state.derived.portfolios;
  const { recent } = index;
  if (recent?.portfolio.id === id && recent.holding.instrument === instrument) return recent;
  const portfolio = portfolioOf(state, id);
  const known = portfolio.places.get(instrument);
  if (known !== undefined) {
    index.recent = known;
    return known;
  }
  const key = expiryOf(state, instrument);
  let expiry = portfolio.expiries.get(key);
  if (expiry === undefined) {
    const exposure = exposureOf(state, portfolioAccount(id), underlyingId(expiryKey.high(key)));
    expiry = emptyExpiryHolding(key, exposure, portfolio.total);
    portfolio.expiries.set(key, expiry);
    const holders = index.byExpiry.get(key);
    if (holders === undefined) index.byExpiry.set(key, new Set([id]));
    else holders.add(id);
  }
  const holding = enterSeries(state, expiry, instrument);
  if (holding.risk.isLinear) enterLinear(portfolio, underlyingId(expiryKey.high(key)), holding);
  const place = { portfolio, expiry, holding };
  portfolio.places.set(instrument, place);
  index.recent = place;
  return place;
}

/** Forgets what is empty. */
function prune(state: State, place: Place): void {
  const { portfolio, expiry, holding } = place;
  if (holding.position !== 0 || holding.orders.length > 0) return;
  const index = state.derived.portfolios;
  if (index.recent === place) index.recent = undefined;
  leaveSeries(expiry, holding);
  portfolio.places.delete(holding.instrument);
  if (holding.risk.isLinear) {
    leaveLinear(portfolio, underlyingId(expiryKey.high(expiry.key)), holding);
  }
  if (expiry.series.size > 0) return;
  portfolio.expiries.delete(expiry.key);
  portfolio.sums?.parts.delete(expiry.key);
  const holders = index.byExpiry.get(expiry.key);
  holders?.delete(portfolio.id);
  if (holders?.size === 0) index.byExpiry.delete(expiry.key);
  if (portfolio.expiries.size === 0) index.byPortfolio.delete(portfolio.id);
}

/** The combo that an order is of; `undefined` for all others. A field test while there is none. */
function comboOf(state: State, { instrument }: RestingOrder): Combo | undefined {
  return state.combos.size === 0 ? undefined : state.combos.get(instrument);
}

/** An order of a combo stands in the series of each leg, as the leg's term (`combo-terms.ts`). */
function indexComboOrder(state: State, combo: Combo, order: RestingOrder): void {
  for (const { instrument, side, price, lots } of comboTerms(combo, termsOf(order))) {
    const place = placeOf(state, order.portfolio, instrument);
    const { portfolio, expiry, holding } = place;
    applyOrderLots(state, place, { side, price }, lots);
    const row = restingOrder({ ...order, instrument, side, price, remaining: sizeLots(lots) });
    addHeld(holding, row);
    if (portfolio.sums !== undefined) noteModeOrder(state, place, order.id, { side, price, lots });
    expiry.exposure.lots += lots;
    portfolio.comboOrders.set(order.id, order);
  }
}

/** The row that stands for an order of a combo in the series of a leg. O(orders in the series). */
function legRow({ orders }: SeriesHolding, { id }: RestingOrder): RestingOrder {
  const row = orders.find((one) => one.id === id);
  assert(row !== undefined, 'the terms of a combo order stand in the series of its legs');
  return row;
}

/** Notes that an order of a combo gave up lots: its terms do. */
function reduceComboOrder(state: State, combo: Combo, order: RestingOrder, given: number): void {
  for (const term of comboTerms(combo, { ...termsOf(order), lots: given })) {
    const { instrument, side, price, lots } = term;
    const place = placeOf(state, order.portfolio, instrument);
    const { expiry, holding } = place;
    applyOrderLots(state, place, { side, price }, -lots);
    expiry.exposure.lots -= lots;
    const row = legRow(holding, order);
    row.remaining = sizeLots(row.remaining - lots);
    if (place.portfolio.sums !== undefined) {
      noteModeOrder(state, place, order.id, { side, price, lots: row.remaining });
    }
  }
}

/** Notes that an order of a combo left its book. */
function unindexComboOrder(state: State, combo: Combo, order: RestingOrder): void {
  for (const { instrument, side, price, lots } of comboTerms(combo, termsOf(order))) {
    const place = placeOf(state, order.portfolio, instrument);
    const { portfolio, expiry, holding } = place;
    dropHeld(holding, legRow(holding, order));
    applyOrderLots(state, place, { side, price }, -lots);
    if (portfolio.sums !== undefined) {
      noteModeOrder(state, place, order.id, { side, price, lots: 0 });
    }
    expiry.exposure.lots -= lots;
    portfolio.comboOrders.delete(order.id);
    prune(state, place);
  }
}

function termsOf({ side, price, remaining: lots }: RestingOrder) {
  return { side, price, lots };
}

/** Notes an order that now rests. Call with the row as it is in the table. */
export function indexOrder(state: State, order: RestingOrder): void {
  const combo = comboOf(state, order);
  if (combo !== undefined) {
    indexComboOrder(state, combo, order);
    const portfolio = portfolioOf(state, order.portfolio);
    portfolio.openOrders += 1;
    if (order.clientOrderId !== 0) portfolio.clientOrders.set(order.clientOrderId, order);
    return;
  }
  const place = placeOf(state, order.portfolio, order.instrument);
  const { portfolio, expiry, holding } = place;
  const { remaining } = order;
  applyOrderLots(state, place, order, remaining);
  order.place = place;
  addHeld(holding, order);
  if (portfolio.sums !== undefined) noteModeOrder(state, place, order.id, termsOf(order));
  if (!holding.risk.isLinear) expiry.exposure.lots += remaining;
  portfolio.openOrders += 1;
  if (order.clientOrderId !== 0) portfolio.clientOrders.set(order.clientOrderId, order);
}

/** Notes that an order gave up `lots` of its open lots; it still rests. Call before the row changes. */
export function indexReduction(state: State, order: RestingOrder, lots: number): void {
  const combo = comboOf(state, order);
  if (combo !== undefined) {
    reduceComboOrder(state, combo, order, lots);
    return;
  }
  const { place } = order;
  assert(place !== undefined, 'a resting order is in the index');
  applyOrderLots(state, place, order, -lots);
  if (place.portfolio.sums !== undefined) {
    noteModeOrder(state, place, order.id, { ...termsOf(order), lots: order.remaining - lots });
  }
  if (!place.holding.risk.isLinear) place.expiry.exposure.lots -= lots;
}

/** Notes that an order left the book with the lots it still has. */
export function unindexOrder(state: State, order: RestingOrder): void {
  const combo = comboOf(state, order);
  if (combo !== undefined) {
    const portfolio = portfolioOf(state, order.portfolio);
    portfolio.openOrders -= 1;
    if (order.clientOrderId !== 0) portfolio.clientOrders.delete(order.clientOrderId);
    unindexComboOrder(state, combo, order);
    return;
  }
  const { place, remaining } = order;
  assert(place !== undefined, 'a resting order is in the index');
  const { portfolio, expiry, holding } = place;
  dropHeld(holding, order);
  order.place = undefined;
  applyOrderLots(state, place, order, -remaining);
  if (portfolio.sums !== undefined) {
    noteModeOrder(state, place, order.id, { ...termsOf(order), lots: 0 });
  }
  if (!holding.risk.isLinear) expiry.exposure.lots -= remaining;
  portfolio.openOrders -= 1;
  if (order.clientOrderId !== 0) portfolio.clientOrders.delete(order.clientOrderId);
  prune(state, place);
}

function indexPosition(state: State, place: Place, lots: number): void {
  const { expiry, holding } = place;
  if (!holding.risk.isLinear) {
    expiry.exposure.lots += Math.abs(holding.position + lots) - Math.abs(holding.position);
  }
  applyPosition(state, place, lots);
  if (place.portfolio.sums !== undefined) noteModePosition(state, place, lots);
  notePosition(state, place.portfolio);
  prune(state, place);
}

/** Lots of a position, negative when short; 0 where there is none. */
export function positionOf(state: State, id: PortfolioId, instrument: InstrumentId): number {
  return state.positions.get(positionKey.pack(id, instrument))?.lots ?? 0;
}

/**
 * Changes a position by signed lots: the row, the instrument's open interest and the index. The only
 * way a position changes (in a future or a perpetual through `moveLinearPosition`, which keeps its
 * cost); the caller changes another by as much, so that lots sum to zero. `known` is
 * the place of the portfolio's order in the series, where the caller has one.
 */
export function changePosition(
  state: State,
  id: PortfolioId,
  instrument: InstrumentId,
  lots: number,
  known?: Place,
): void {
  if (lots === 0) return;
  const key = positionKey.pack(id, instrument);
  const row = state.positions.edit(key);
  const before = row?.lots ?? 0;
  const after = positionLots(before + lots);
  if (after === 0) state.positions.delete(key);
  else if (row === undefined) {
    state.positions.set(key, { portfolio: id, instrument, lots: after });
  } else {
    row.lots = after;
  }
  const listed = state.instruments.must(instrument);
  const opened = Math.max(0, after) - Math.max(0, before);
  if (opened !== 0) {
    listed.openInterest += opened;
    if (!isLinearKind(listed.kind)) noteOpenInterest(state, listed.underlying, opened);
    state.instruments.touch(instrument);
  }
  indexPosition(state, known ?? placeOf(state, id, instrument), lots);
}

/** Open orders of a portfolio, by ascending number. O(n log n). */
export function openOrdersOf(state: State, id: PortfolioId): RestingOrder[] {
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  if (portfolio === undefined) return [];
  const orders: RestingOrder[] = [];
  for (const { holding } of portfolio.places.values()) {
    for (const order of holding.orders) {
      if (!portfolio.comboOrders.has(order.id)) orders.push(order);
    }
  }
  // The terms of a combo's order stand in several series; the order itself counts once.
  orders.push(...portfolio.comboOrders.values());
  return orders.sort((a, b) => a.id - b.id);
}

/** Fills the index from the tables; needs the marks. */
export function rebuildPortfolioIndex(state: State): void {
  const index = state.derived.portfolios;
  index.byPortfolio.clear();
  index.byExpiry.clear();
  index.recent = undefined;
  state.derived.exposures.accounts.clear();
  resetHealth(state);
  for (const [, { portfolio, instrument, lots }] of state.positions.unorderedEntries()) {
    indexPosition(state, placeOf(state, portfolio, instrument), lots);
  }
  for (const [, order] of state.orders.unorderedEntries()) indexOrder(state, order);
}

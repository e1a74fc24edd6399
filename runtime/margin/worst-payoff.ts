/**
 * The second bound of standard margin: the worst payoff of an expiry over settlements, with a charge
 * for net short calls, and with every open order filled or not as is worst.
 *
 * Source: reference/options.md §2, design/exchange.md §3; proof in docs/spec/margin.md. With n_i lots
 * of series i, φ_i its payoff and ν the charge of a short call, the loss is the greatest over
 * settlements s (0, every strike, and "no payoff at all") and over naked or not of
 *
 *   −Σ n_i·(φ_i(s) + [naked, call]·ν)
 *
 * a maximum of linear terms. So the worst fill adds to each term Σ over orders of max(0, the order's
 * own change of it): O(orders × settlements), exact for this bound, updated by addition.
 *
 * Units: micro-USD, integers below 2⁵² (the caller checks): sums are exact in any order.
 */
import { SIDE } from '../actions/order-terms.ts';
import type { OrderTerm, RiskChange, SeriesHolding } from './series-holding.ts';
import { askRevenue, bidCost, payoff, type SeriesRisk } from './series-risk.ts';

/** The settlement that pays nobody: the loss is at least 0. */
const NO_PAYOFF = -1;

/** Sums at one settlement: of the positions, and of the orders without and with the naked charge. */
type Cell = {
  readonly settlement: number;
  positions: number;
  orders: number;
  nakedInitial: number;
  nakedMaintenance: number;
};

export type WorstPayoff = {
  readonly cells: Cell[];
  /** Net short charge of the positions: −(net call lots) × charge, may be negative. */
  nakedInitial: number;
  nakedMaintenance: number;
};

/** Requirements with the worst fill of the orders. */
export type Requirement = { readonly initial: number; readonly maintenance: number };

function payoffAt(risk: SeriesRisk, settlement: number): number {
  return settlement === NO_PAYOFF ? 0 : payoff(risk, settlement);
}

function addPosition(cell: Cell, risk: SeriesRisk, lots: number): void {
  cell.positions -= lots * payoffAt(risk, cell.settlement);
}

function addOrder(cell: Cell, risk: SeriesRisk, order: OrderTerm): void {
  const { side, price, lots } = order;
  const value = payoffAt(risk, cell.settlement);
  const isBid = side === SIDE.buy;
  const sign = isBid ? -1 : 1;
  // Change of the loss by one filled lot: a bid pays and gains the payoff, an ask the reverse.
  const flat = isBid ? bidCost(risk, price) - value : value - askRevenue(risk, price);
  cell.orders += lots * Math.max(0, flat);
  cell.nakedInitial += lots * Math.max(0, flat + sign * risk.nakedInitial);
  cell.nakedMaintenance += lots * Math.max(0, flat + sign * risk.nakedMaintenance);
}

function cellAt(settlement: number, holdings: Iterable<SeriesHolding>): Cell {
  const cell = { settlement, positions: 0, orders: 0, nakedInitial: 0, nakedMaintenance: 0 };
  for (const { risk, position, orders } of holdings) {
    addPosition(cell, risk, position);
    for (const { side, price, remaining } of orders.values()) {
      addOrder(cell, risk, { side, price, lots: remaining });
    }
  }
  return cell;
}

/** Settlements to look at for these series: from delivery on there is only one. */
export function settlementsOf(holdings: Iterable<{ readonly risk: SeriesRisk }>): Set<number> {
  const settlements = new Set([NO_PAYOFF]);
  for (const { risk } of holdings) {
    if (risk.delivery === undefined) settlements.add(0).add(risk.strike);
    else settlements.add(risk.delivery);
  }
  return settlements;
}

/** Builds the sums. O((positions + orders) × settlements). */
export function worstPayoff(holdings: readonly SeriesHolding[]): WorstPayoff {
  const worst: WorstPayoff = { cells: [], nakedInitial: 0, nakedMaintenance: 0 };
  for (const settlement of settlementsOf(holdings)) {
    worst.cells.push(cellAt(settlement, holdings));
  }
  for (const { risk, position } of holdings) {
    worst.nakedInitial -= position * risk.nakedInitial;
    worst.nakedMaintenance -= position * risk.nakedMaintenance;
  }
  return worst;
}

/** Loss of the positions where the underlying settles at `settlement`. O(series). */
function lossAt(holdings: Iterable<SeriesHolding>, settlement: number): number {
  let loss = 0;
  for (const { risk, position } of holdings) loss -= position * payoff(risk, settlement);
  return loss;
}

/** Positions of one expiry from which on it is cheaper to sort the strikes. */
const SORTED_FROM = 12;

/**
 * The greatest loss of positions before delivery over settlements at 0 and every strike, in one pass:
 * with the strikes ascending, calls below a settlement and puts above it are sums of lots and of
 * lots × strike. Each is below lots × strike in all, so the sums are exact where those of
 * `worstPayoff` are. O(series log series).
 */
function sweptLoss(held: readonly SeriesHolding[]): number {
  const sorted = held.toSorted((a, b) => a.risk.strike - b.risk.strike);
  let calls = 0;
  let callStrikes = 0;
  let puts = 0;
  let putStrikes = 0;
  for (const { risk, position } of sorted) {
    if (risk.isCall || risk.isLinear) continue;
    puts += position;
    putStrikes += position * risk.strike;
  }
  // At 0 every put pays its strike.
  let worst = -putStrikes;
  for (const { risk, position } of sorted) {
    const { strike } = risk;
    const value = calls * strike - callStrikes + (putStrikes - puts * strike);
    worst = Math.max(worst, -value);
    if (risk.isLinear) continue;
    if (risk.isCall) {
      calls += position;
      callStrikes += position * strike;
    } else {
      puts -= position;
      putStrikes -= position * strike;
    }
  }
  return worst;
}

/**
 * The maintenance requirement of the positions alone: that of `requirementOf(worstPayoff(…))` over the
 * series with a position and without orders, without building the sums. O(series log series).
 */
export function barePayoff(series: ReadonlyMap<unknown, SeriesHolding>): number {
  let naked = 0;
  const open: SeriesHolding[] = [];
  const delivered = new Set<number>();
  for (const holding of series.values()) {
    const { risk, position } = holding;
    if (position === 0) continue;
    naked -= position * risk.nakedMaintenance;
    if (risk.delivery === undefined) open.push(holding);
    else delivered.add(risk.delivery);
  }
  let worst = 0;
  // All series of an expiry are delivered together, at one price.
  for (const settlement of delivered) worst = Math.max(worst, lossAt(series.values(), settlement));
  if (open.length >= SORTED_FROM) worst = Math.max(worst, sweptLoss(open));
  else if (open.length > 0) {
    worst = Math.max(worst, lossAt(open, 0));
    for (const { risk } of open) worst = Math.max(worst, lossAt(open, risk.strike));
  }
  // A net short charge is part of every settlement, and none where it would lower them.
  return worst + Math.max(0, naked);
}

/** Adds a change of one series to the sums, in place. O(settlements × orders of the change). */
export function applyToWorstPayoff(worst: WorstPayoff, change: RiskChange): void {
  const { risk, position, orders } = change;
  for (const cell of worst.cells) {
    addPosition(cell, risk, position);
    for (const order of orders) addOrder(cell, risk, order);
  }
  worst.nakedInitial -= position * risk.nakedInitial;
  worst.nakedMaintenance -= position * risk.nakedMaintenance;
}

/** Looks at a strike that a new series brings. O(positions + orders of the expiry). */
export function addStrike(
  worst: WorstPayoff,
  strike: number,
  holdings: readonly SeriesHolding[],
): void {
  if (worst.cells.some((cell) => cell.settlement === strike)) return;
  worst.cells.push(cellAt(strike, holdings));
}

/** Forgets a strike of which no series is left. */
export function dropStrike(worst: WorstPayoff, strike: number): void {
  const at = worst.cells.findIndex((cell) => cell.settlement === strike);
  // A strike of 0 does not exist, so the settlement at 0 always stays.
  if (at > 0 && strike > 0) worst.cells.splice(at, 1);
}

/** Raises `greatest` to the requirement at one settlement. */
function raise(
  greatest: { initial: number; maintenance: number },
  cell: Cell,
  naked: Pick<WorstPayoff, 'nakedInitial' | 'nakedMaintenance'>,
): void {
  const { positions, orders, nakedInitial, nakedMaintenance } = cell;
  const flat = positions + orders;
  const initial = positions + naked.nakedInitial + nakedInitial;
  const maintenance = positions + naked.nakedMaintenance + nakedMaintenance;
  greatest.initial = Math.max(greatest.initial, flat, initial);
  greatest.maintenance = Math.max(greatest.maintenance, flat, maintenance);
}

/** The requirement of the sums as they are. O(settlements). */
export function requirementOf(worst: WorstPayoff): Requirement {
  const greatest = { initial: 0, maintenance: 0 };
  for (const cell of worst.cells) raise(greatest, cell, worst);
  return greatest;
}

/** The requirement as it would be after a change; the sums stay. O(settlements × its orders). */
export function requirementAfter(
  worst: WorstPayoff,
  change: RiskChange,
  holdings: readonly SeriesHolding[],
): Requirement {
  const { risk, position, orders } = change;
  const greatest = { initial: 0, maintenance: 0 };
  const naked = {
    nakedInitial: worst.nakedInitial - position * risk.nakedInitial,
    nakedMaintenance: worst.nakedMaintenance - position * risk.nakedMaintenance,
  };
  const look = (cell: Cell): void => {
    addPosition(cell, risk, position);
    for (const order of orders) addOrder(cell, risk, order);
    raise(greatest, cell, naked);
  };
  let missesStrike = risk.delivery === undefined;
  let missesZero = missesStrike;
  for (const cell of worst.cells) {
    if (cell.settlement === risk.strike) missesStrike = false;
    if (cell.settlement === 0) missesZero = false;
    look({ ...cell });
  }
  if (missesStrike) look(cellAt(risk.strike, holdings));
  if (missesZero) look(cellAt(0, holdings));
  return greatest;
}

/**
 * The requirement as it would be after changes of several series, looked at at `settlements`; the
 * sums stay. O(settlements × (changes + their orders)).
 */
export function requirementAfterAll(
  worst: WorstPayoff,
  changes: readonly RiskChange[],
  settlements: ReadonlySet<number>,
  holdings: readonly SeriesHolding[],
): Requirement {
  const greatest = { initial: 0, maintenance: 0 };
  const naked = { nakedInitial: worst.nakedInitial, nakedMaintenance: worst.nakedMaintenance };
  for (const { risk, position } of changes) {
    naked.nakedInitial -= position * risk.nakedInitial;
    naked.nakedMaintenance -= position * risk.nakedMaintenance;
  }
  const known = new Map(worst.cells.map((cell) => [cell.settlement, cell]));
  for (const settlement of settlements) {
    const before = known.get(settlement);
    const cell = before === undefined ? cellAt(settlement, holdings) : { ...before };
    for (const { risk, position, orders } of changes) {
      addPosition(cell, risk, position);
      for (const order of orders) addOrder(cell, risk, order);
    }
    raise(greatest, cell, naked);
  }
  return greatest;
}

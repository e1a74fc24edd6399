/**
 * An account's margin by sums that are kept: a changed position or order costs O(cells).
 *
 * Source: design/exchange.md §3 (speed, exactness). One instance per account and measure, built when
 * the account is first looked at after a mark. All sums are integers in doubles below 2⁵¹ (limits),
 * so they are those of `account-margin.ts`, bit for bit, whatever the history.
 */
import { assert } from '../../core/result.ts';
import type { Account, OrderTerm } from './account.ts';
import {
  concentratedCells,
  type DeltaExposure,
  freeConcentration,
  type MixedCell,
} from './concentration.ts';
import {
  addChargedTerms,
  addLesser,
  addMeasures,
  type ChargedSums,
  flatTerm,
  strikeCharge,
} from './group-value.ts';
import { marginOf, type PortfolioMargin } from './margin-result.ts';
import type { GroupTerms, LotCharge, RiskArrays } from './risk-arrays.ts';
import type { Measure, RiskLayout } from './risk-layout.ts';

/** What is held and open in one series. */
type RowSums = { lots: number; bids: number; asks: number };

/** A strike of an expiry, a future or the perpetual: what one charge is reckoned on. */
type StrikeSums = {
  readonly charge: LotCharge;
  readonly rows: Map<number, RowSums>;
  readonly orders: Map<number, OrderTerm>;
  net: number;
  /** Of its orders; none without. */
  sums: ChargedSums | undefined;
};

type GroupSums = {
  readonly terms: GroupTerms;
  readonly columns: Float64Array;
  readonly orders: Float64Array;
  readonly measures: Float64Array;
  readonly strikes: Map<number, StrikeSums>;
  charge: number;
};

export type AccountSums = {
  readonly arrays: RiskArrays;
  readonly measure: Measure;
  readonly groups: Map<number, GroupSums>;
  readonly totals: Float64Array;
  /** Mark, confidence charge, delta of positions and over the fills. */
  mark: number;
  confidence: number;
  delta: number;
  deltaFall: number;
  deltaRise: number;
  /** Σ |delta| of series with everything open in them filled on one side. */
  grossDelta: number;
  /** Version of the open interest that the sums of `concentratedDelta` are at; −1: to be made. */
  interestAt: number;
  concentratedLeast: number;
  concentratedGreatest: number;
};

/** Sums of an account that holds nothing. */
export function emptySums(arrays: RiskArrays, measure: Measure): AccountSums {
  const { measures } = arrays.layout;
  return {
    arrays,
    measure,
    groups: new Map(),
    totals: new Float64Array(measures),
    mark: 0,
    confidence: 0,
    delta: 0,
    deltaFall: 0,
    deltaRise: 0,
    grossDelta: 0,
    interestAt: -1,
    concentratedLeast: 0,
    concentratedGreatest: 0,
  };
}

function chargedSums({ slots }: RiskLayout): ChargedSums {
  return { low: new Float64Array(slots), high: new Float64Array(slots) };
}

function groupOf(sums: AccountSums, row: number): GroupSums {
  const { arrays } = sums;
  const number = arrays.group[row] ?? -1;
  const known = sums.groups.get(number);
  if (known !== undefined) return known;
  const group = arrays.groups[number];
  assert(group !== undefined && row < arrays.rows, `row ${row} is filled`);
  const made: GroupSums = {
    terms: group[sums.measure],
    columns: new Float64Array(arrays.layout.columns),
    orders: new Float64Array(arrays.layout.slots),
    measures: new Float64Array(arrays.layout.measures),
    strikes: new Map(),
    charge: 0,
  };
  sums.groups.set(number, made);
  return made;
}

function strikeOf(sums: AccountSums, group: GroupSums, row: number): StrikeSums {
  const { arrays } = sums;
  const number = arrays.strike[row] ?? -1;
  const known = group.strikes.get(number);
  if (known !== undefined) return known;
  const charge = arrays.isLinear[row] === 1 ? group.terms.linear : group.terms.option;
  const made: StrikeSums = {
    charge,
    rows: new Map(),
    orders: new Map(),
    net: 0,
    sums: undefined,
  };
  group.strikes.set(number, made);
  return made;
}

function rowOf(strike: StrikeSums, row: number): RowSums {
  const known = strike.rows.get(row);
  if (known !== undefined) return known;
  const made = { lots: 0, bids: 0, asks: 0 };
  strike.rows.set(row, made);
  return made;
}

/** The most lots that a series can come to, either way. */
function greatestLots({ lots, bids, asks }: RowSums): number {
  return Math.max(Math.abs(lots + bids), Math.abs(lots - asks));
}

/** Adds (or with −1 takes away) the |delta| of a series that is above its share of the open interest. */
function addConcentrated(sums: AccountSums, row: number, of: RowSums, sign: number): void {
  const { openInterest, values, layout, model } = sums.arrays;
  const interest = openInterest[row] ?? 0;
  if (interest === 0) return;
  const greatest = greatestLots(of);
  if (greatest <= model.concentration.openInterestShare * interest) return;
  const delta = greatest * Math.abs(values[row * layout.columns + layout.delta] ?? 0);
  sums.concentratedGreatest += sign * delta;
  if (of.bids === 0 && of.asks === 0) sums.concentratedLeast += sign * delta;
}

/** Adds (or with −1 takes away) what a series brings by gross lots: confidence, gross delta. */
function addGross(
  sums: AccountSums,
  group: GroupSums,
  row: number,
  of: RowSums,
  sign: number,
): void {
  const { arrays } = sums;
  const greatest = greatestLots(of);
  const isLinear = arrays.isLinear[row] === 1;
  const gross = isLinear ? group.terms.linearGross : group.terms.optionGross;
  sums.confidence += sign * gross * greatest;
  const { columns, delta } = arrays.layout;
  sums.grossDelta += sign * greatest * Math.abs(arrays.values[row * columns + delta] ?? 0);
  if (sums.interestAt === arrays.interestVersion) addConcentrated(sums, row, of, sign);
}

/** Adds (or with −1 takes away) a strike's part of its group: charge, and orders if it has any. */
function addStrike(group: GroupSums, strike: StrikeSums, sign: 1 | -1): void {
  const { sums, net, charge } = strike;
  if (sums === undefined) group.charge += sign * strikeCharge(charge, net);
  else addLesser(group.orders, sums, charge, { net, sign });
}

/** Measures a changed group again and carries the difference to the account. */
function refresh(sums: AccountSums, group: GroupSums): void {
  const { totals, arrays } = sums;
  const { measures } = group;
  for (let index = 0; index < measures.length; index++) {
    totals[index] = (totals[index] ?? 0) - (measures[index] ?? 0);
  }
  measures.fill(0);
  addMeasures(measures, group, arrays.layout, group.terms.slots);
  for (let index = 0; index < measures.length; index++) {
    totals[index] = (totals[index] ?? 0) + (measures[index] ?? 0);
  }
}

function forget(group: GroupSums, strikeNumber: number, strike: StrikeSums, row: number): void {
  const held = strike.rows.get(row);
  if (held?.lots === 0 && held.bids === 0 && held.asks === 0) strike.rows.delete(row);
  if (strike.rows.size === 0) group.strikes.delete(strikeNumber);
}

/** Changes a position; the group is still to be measured. */
function placePosition(sums: AccountSums, row: number, lots: number): GroupSums {
  const { arrays } = sums;
  const { columns, mark, delta } = arrays.layout;
  const group = groupOf(sums, row);
  const strike = strikeOf(sums, group, row);
  const held = rowOf(strike, row);
  const base = row * columns;
  addGross(sums, group, row, held, -1);
  addStrike(group, strike, -1);
  for (let column = 0; column < columns; column++) {
    const value = arrays.values[base + column] ?? 0;
    group.columns[column] = (group.columns[column] ?? 0) + lots * value;
  }
  held.lots += lots;
  strike.net += lots;
  sums.mark += lots * (arrays.values[base + mark] ?? 0);
  sums.delta += lots * (arrays.values[base + delta] ?? 0);
  addStrike(group, strike, 1);
  addGross(sums, group, row, held, 1);
  forget(group, arrays.strike[row] ?? -1, strike, row);
  return group;
}

/** Changes a position by `lots`. O(slots), ~0.4 µs. */
export function changePosition(sums: AccountSums, row: number, lots: number): void {
  refresh(sums, placePosition(sums, row, lots));
}

type TermChange = { readonly order: OrderTerm; readonly sign: 1 | -1 };

/** Adds an order or takes one away; the group is still to be measured. */
function placeTerm(sums: AccountSums, id: number, { order, sign }: TermChange): GroupSums {
  const { arrays } = sums;
  const { row, lots } = order;
  const group = groupOf(sums, row);
  const strike = strikeOf(sums, group, row);
  const held = rowOf(strike, row);
  addGross(sums, group, row, held, -1);
  addStrike(group, strike, -1);
  const { layout, values } = arrays;
  strike.sums ??= chargedSums(layout);
  addChargedTerms(strike.sums, { order, sign }, strike.charge, {
    values,
    layout,
    slots: group.terms.slots,
  });
  if (lots > 0) held.bids += sign * lots;
  else held.asks -= sign * lots;
  if (sign === 1) strike.orders.set(id, order);
  else strike.orders.delete(id);
  if (strike.orders.size === 0) strike.sums = undefined;
  const moved = lots * (values[row * layout.columns + layout.delta] ?? 0);
  if (moved > 0) sums.deltaRise += sign * moved;
  else sums.deltaFall += sign * moved;
  addStrike(group, strike, 1);
  addGross(sums, group, row, held, 1);
  forget(group, arrays.strike[row] ?? -1, strike, row);
  return group;
}

/** Adds an open order under a number of the caller's. O(slots), below 0.8 µs. */
export function addOrder(sums: AccountSums, id: number, order: OrderTerm): void {
  refresh(sums, placeTerm(sums, id, { order, sign: 1 }));
}

/** Takes an order away: the same terms as it was added with. O(slots), below 0.8 µs. */
export function removeOrder(sums: AccountSums, id: number, order: OrderTerm): void {
  refresh(sums, placeTerm(sums, id, { order, sign: -1 }));
}

/** The order of a series under a number, as it was added; `undefined` without one. */
export function orderAt(sums: AccountSums, row: number, id: number): OrderTerm | undefined {
  const { group, strike } = sums.arrays;
  return sums.groups
    .get(group[row] ?? -1)
    ?.strikes.get(strike[row] ?? -1)
    ?.orders.get(id);
}

/** A mixed cell's value of a row or of sums. */
function mixed(values: Float64Array, base: number, { first, second, share }: MixedCell): number {
  const low = values[base + first] ?? 0;
  return low + share * ((values[base + second] ?? 0) - low);
}

/** A group at a mixed cell, worst fill included: min over discounts of base + Σ over strikes. */
function groupAt(sums: AccountSums, group: GroupSums, cell: MixedCell): number {
  const { layout, values } = sums.arrays;
  const { gain, share } = group.terms.slots;
  const marked = group.columns[layout.mark] ?? 0;
  let least = Number.POSITIVE_INFINITY;
  // The mark's own slots have weight 1 and either discount.
  for (const slot of [layout.mark, layout.cells + layout.mark]) {
    const scale = gain[slot] ?? 0;
    const less = share[slot] ?? 0;
    let total = Math.floor(scale * mixed(group.columns, 0, cell) - less * marked);
    for (const { charge, net, orders } of group.strikes.values()) {
      let low = charge.low * net;
      let high = charge.high * net;
      for (const order of orders.values()) {
        const base = order.row * layout.columns;
        const value = mixed(values, base, cell) * order.lots;
        const mark = (values[base + layout.mark] ?? 0) * order.lots;
        const term = Math.floor(scale * value - less * mark);
        const withLow = term + flatTerm(order, charge.low);
        const withHigh = term + flatTerm(order, charge.high);
        low += Math.min(0, withLow);
        high += Math.min(0, withHigh);
      }
      total += Math.min(low, high);
    }
    least = Math.min(least, total);
  }
  return least;
}

/**
 * Brings |delta| of series above their share of the open interest up to what that is now. O(series)
 * when some open interest in the arrays has changed, else O(1).
 */
function refreshConcentrated(sums: AccountSums): void {
  if (sums.interestAt === sums.arrays.interestVersion) return;
  sums.concentratedLeast = 0;
  sums.concentratedGreatest = 0;
  for (const { strikes } of sums.groups.values()) {
    for (const { rows } of strikes.values()) {
      for (const [row, of] of rows) addConcentrated(sums, row, of, 1);
    }
  }
  sums.interestAt = sums.arrays.interestVersion;
}

/** Deltas of an account whose sums stand in parts. */
function exposureOf(parts: readonly AccountSums[]): DeltaExposure {
  const exposure = { least: 0, greatest: 0, concentratedLeast: 0, concentratedGreatest: 0 };
  let gross = 0;
  for (const { delta, deltaFall, deltaRise, grossDelta } of parts) {
    exposure.least += delta + deltaFall;
    exposure.greatest += delta + deltaRise;
    gross += grossDelta;
  }
  const [first] = parts;
  if (first === undefined || gross <= freeConcentration(first.arrays)) return exposure;
  for (const part of parts) {
    refreshConcentrated(part);
    exposure.concentratedLeast += part.concentratedLeast;
    exposure.concentratedGreatest += part.concentratedGreatest;
  }
  return exposure;
}

/** Worst of the wider range's cells; infinite for an account that is not concentrated. */
function concentratedWorst(parts: readonly AccountSums[]): number {
  const [first] = parts;
  if (first === undefined) return Number.POSITIVE_INFINITY;
  const { model, market } = first.arrays;
  let worst = Number.POSITIVE_INFINITY;
  for (const cell of concentratedCells(model, market, exposureOf(parts))) {
    let total = 0;
    for (const part of parts) {
      for (const group of part.groups.values()) total += groupAt(part, group, cell);
    }
    worst = Math.min(worst, total);
  }
  return worst;
}

/**
 * The margin of an account whose sums stand in parts, each with arrays of its own: expiries are marked
 * apart. All are of one model and measure. O(cells × parts); of a concentrated account
 * O(strikes + orders) for each of two to eight cells.
 */
export function marginOfParts(layout: RiskLayout, parts: readonly AccountSums[]): PortfolioMargin {
  const measures = new Float64Array(layout.measures);
  let mark = 0;
  let confidence = 0;
  for (const part of parts) {
    assert(part.totals.length === measures.length, 'the parts of an account are of one model');
    for (let measure = 0; measure < measures.length; measure++) {
      measures[measure] = (measures[measure] ?? 0) + (part.totals[measure] ?? 0);
    }
    mark += part.mark;
    confidence += part.confidence;
  }
  const concentrated = concentratedWorst(parts);
  return marginOf(layout, { measures, mark, confidence, concentrated });
}

/**
 * The margin of the sums as they are. O(cells), ~50 ns; of a concentrated account
 * O(strikes + orders) for each of two to eight cells.
 */
export function marginOfSums(sums: AccountSums): PortfolioMargin {
  const { totals, mark, confidence } = sums;
  const concentrated = concentratedWorst([sums]);
  return marginOf(sums.arrays.layout, { measures: totals, mark, confidence, concentrated });
}

function measureGroups(sums: AccountSums): AccountSums {
  for (const group of sums.groups.values()) refresh(sums, group);
  return sums;
}

/** An order under its number. */
export type NumberedTerm = { readonly id: number; readonly order: OrderTerm };

/** Sums of positions and numbered orders. O((positions + orders) × slots). */
export function sumsOf(
  arrays: RiskArrays,
  measure: Measure,
  held: {
    readonly positions: Iterable<readonly [row: number, lots: number]>;
    readonly orders: Iterable<NumberedTerm>;
  },
): AccountSums {
  const sums = emptySums(arrays, measure);
  for (const [row, lots] of held.positions) placePosition(sums, row, lots);
  for (const { id, order } of held.orders) placeTerm(sums, id, { order, sign: 1 });
  return measureGroups(sums);
}

/** Sums built from an account; orders get their index as number. O((positions + orders) × slots). */
export function buildSums(arrays: RiskArrays, account: Account, measure: Measure): AccountSums {
  const { rows, lots } = account.positions;
  const positions = Array.from(rows, (row, index) => [row, lots[index] ?? 0] as const);
  const orders = account.orders.map((order, id) => ({ id, order }));
  return sumsOf(arrays, measure, { positions, orders });
}

function* positionsOf(sums: AccountSums): Generator<readonly [number, number]> {
  for (const { strikes } of sums.groups.values()) {
    for (const { rows } of strikes.values()) {
      for (const [row, { lots }] of rows) if (lots !== 0) yield [row, lots];
    }
  }
}

/** Charges of the positions' strikes, 0 or below: they are in every measure. O(strikes). */
export function chargesOf(sums: AccountSums): number {
  let charges = 0;
  for (const { strikes } of sums.groups.values()) {
    for (const { charge, net } of strikes.values()) charges += strikeCharge(charge, net);
  }
  return charges;
}

/** Sums of the positions alone: apart, or the same where there are no orders. O(positions × slots). */
export function withoutOrders(sums: AccountSums): AccountSums {
  for (const { strikes } of sums.groups.values()) {
    for (const { orders } of strikes.values()) {
      if (orders.size === 0) continue;
      return sumsOf(sums.arrays, sums.measure, { positions: positionsOf(sums), orders: [] });
    }
  }
  return sums;
}

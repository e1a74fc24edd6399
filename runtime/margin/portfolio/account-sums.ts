/**
 * An account's margin by sums that are kept: a changed position or order costs O(cells).
 *
 * Source: design/exchange.md §3 (speed, exactness). One instance per account and measure, built when
 * the account is first looked at after a mark. All sums are integers in doubles below 2⁵¹ (limits),
 * so they are those of `account-margin.ts`, bit for bit, whatever the history.
 */
import { assert } from '../../core/result.ts';
import type { Account, OrderTerm } from './account.ts';
import { concentratedCells, type MixedCell } from './concentration.ts';
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
  /** Mark, confidence charge, delta of positions and over the fills, concentrated deltas. */
  mark: number;
  confidence: number;
  delta: number;
  deltaFall: number;
  deltaRise: number;
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

/** Adds (or with −1 takes away) what a series brings by gross lots: confidence, open-interest share. */
function addGross(
  sums: AccountSums,
  group: GroupSums,
  row: number,
  of: RowSums,
  sign: number,
): void {
  const { arrays } = sums;
  const greatest = Math.max(Math.abs(of.lots + of.bids), Math.abs(of.lots - of.asks));
  const isLinear = arrays.isLinear[row] === 1;
  const gross = isLinear ? group.terms.linearGross : group.terms.optionGross;
  sums.confidence += sign * gross * greatest;
  const interest = arrays.openInterest[row] ?? 0;
  const allowed = arrays.model.concentration.openInterestShare * interest;
  if (interest === 0 || greatest <= allowed) return;
  const { columns, delta } = arrays.layout;
  const perLot = Math.abs(arrays.values[row * columns + delta] ?? 0);
  sums.concentratedGreatest += sign * greatest * perLot;
  if (of.bids === 0 && of.asks === 0) sums.concentratedLeast += sign * greatest * perLot;
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

/** Changes a position by `lots`. O(slots), ~0.4 µs. */
export function changePosition(sums: AccountSums, row: number, lots: number): void {
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
  refresh(sums, group);
}

type TermChange = { readonly order: OrderTerm; readonly sign: 1 | -1 };

function changeOrder(sums: AccountSums, id: number, { order, sign }: TermChange): void {
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
  refresh(sums, group);
}

/** Adds an open order under a number of the caller's. O(slots), below 0.8 µs. */
export function addOrder(sums: AccountSums, id: number, order: OrderTerm): void {
  changeOrder(sums, id, { order, sign: 1 });
}

/** Takes an order away: the same terms as it was added with. O(slots), below 0.8 µs. */
export function removeOrder(sums: AccountSums, id: number, order: OrderTerm): void {
  changeOrder(sums, id, { order, sign: -1 });
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

/** Worst of the wider range's cells; infinite for an account that is not concentrated. */
function concentratedWorst(sums: AccountSums): number {
  const { model, market } = sums.arrays;
  const cells = concentratedCells(model, market, {
    least: sums.delta + sums.deltaFall,
    greatest: sums.delta + sums.deltaRise,
    concentratedLeast: sums.concentratedLeast,
    concentratedGreatest: sums.concentratedGreatest,
  });
  let worst = Number.POSITIVE_INFINITY;
  for (const cell of cells) {
    let total = 0;
    for (const group of sums.groups.values()) total += groupAt(sums, group, cell);
    worst = Math.min(worst, total);
  }
  return worst;
}

/**
 * The margin of the sums as they are. O(cells), ~50 ns; of a concentrated account
 * O(strikes + orders) for each of two to eight cells.
 */
export function marginOfSums(sums: AccountSums): PortfolioMargin {
  const { totals, mark, confidence } = sums;
  const concentrated = concentratedWorst(sums);
  return marginOf(sums.arrays.layout, { measures: totals, mark, confidence, concentrated });
}

/** Sums built from an account; orders get their index as number. O((positions + orders) × slots). */
export function buildSums(arrays: RiskArrays, account: Account, measure: Measure): AccountSums {
  const sums = emptySums(arrays, measure);
  const { positions, orders } = account;
  positions.rows.forEach((row, index) => {
    changePosition(sums, row, positions.lots[index] ?? 0);
  });
  orders.forEach((order, index) => {
    addOrder(sums, index, order);
  });
  return sums;
}

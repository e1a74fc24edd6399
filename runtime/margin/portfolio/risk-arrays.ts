/**
 * Risk arrays: every listed series priced once per mark under every scenario, into integers.
 *
 * Source: design/exchange.md §3 (risk arrays, exactness, speed); Derive PM2 in the form of
 * `margin-kernel.ts`, which a row equals to the rounding. One row per series, `layout.columns` wide,
 * reused from mark to mark; rows ascend by expiry, then strike, call before put.
 *
 * What is shared: a call and a put of one strike are one out-of-the-money value and two intrinsic
 * ones; ln and √ are taken once per strike, a shock of spot shifts ln(F/K) by a number of the expiry;
 * a value that cannot reach 10⁻⁶ of a unit is not computed.
 *
 * Units: **risk units** per lot, rounded to nearest, halves up. A unit is a power of ten of USD per
 * underlying (10⁻⁴ for BTC), so that gross lots × largest value stays below 2⁵¹ and sums are exact.
 */
import { assert } from '../../core/result.ts';
import { callDelta } from '../../pricing/black76.ts';
import { ln } from '../../pricing/elementary.ts';
import { isNearBound, missingValue, presentValue } from '../../pricing/normalised-black.ts';
import type { PortfolioModel } from './portfolio-model.ts';
import {
  expirySlots,
  type Measure,
  perpetualSlots,
  type RiskLayout,
  riskLayout,
  type SlotCoefficients,
} from './risk-layout.ts';
import { type SkewWidth, skewMultiplier, skewWidth, volatilityMultipliers } from './shocks.ts';

/** Sums and slots stay below 2⁵¹; the sum of two and their difference is exact too. */
export const EXACT_UNITS = 2_251_799_813_685_248;

/** An expiry as the arrays price it; money in USD per coin. */
export type RiskExpiry = {
  readonly years: number;
  /** Years of variance left: less than `years` where settlement averages. */
  readonly varianceYears: number;
  readonly forward: number;
  /** Share of the forward that moves with spot. */
  readonly openShare: number;
  /** 0 and 1 on chain. */
  readonly rate: number;
  readonly discountFactor: number;
  readonly confidence: number;
};

/** What holds for a whole underlying at one mark. */
export type RiskMarket = {
  readonly spot: number;
  /** Least of the index's and the perpetual's. */
  readonly confidence: number;
  /** 1 where margin is in USD itself. */
  readonly pegPrice: number;
  /** Risk units of a USD: 10,000 for BTC. */
  readonly usdUnits: number;
  /** Risk units of a USD over lots of a coin: 10,000 ÷ 100 for BTC options. */
  readonly optionUnits: number;
  /** The same for futures and the perpetual. */
  readonly linearUnits: number;
};

/** Charges of one lot in risk units, integers: for n net lots of a strike min(low·n, high·n). */
export type LotCharge = { readonly low: number; readonly high: number };

/** A group's terms in one measure. */
export type GroupTerms = {
  readonly slots: SlotCoefficients;
  readonly option: LotCharge;
  readonly linear: LotCharge;
  /** Confidence charge of a gross lot of an option and of a future. */
  readonly optionGross: number;
  readonly linearGross: number;
};

export type RiskGroup = {
  readonly kind: 'expiry' | 'perpetual';
  readonly initial: GroupTerms;
  readonly maintenance: GroupTerms;
};

export type RiskArrays = {
  readonly model: PortfolioModel;
  readonly layout: RiskLayout;
  readonly market: RiskMarket;
  /** rows × columns. */
  readonly values: Float64Array;
  /** Group of a row, ascending. */
  readonly group: Int32Array;
  /** Strikes by number, ascending: rows of one strike of an expiry share it. */
  readonly strike: Int32Array;
  /** 1 for futures and perpetuals. */
  readonly isLinear: Uint8Array;
  /** Open interest in lots, set by `setOpenInterest`; no bound where 0. */
  readonly openInterest: Float64Array;
  /** Counts the changes of it. */
  interestVersion: number;
  readonly groups: RiskGroup[];
  /** Rows filled. */
  rows: number;
  strikes: number;
  /** Bounds of every value of every row, and of all that a lot can move a slot and a charge by. */
  largestValue: number;
  largestTerm: number;
};

/** 10⁻⁶ of a unit is e^(−13.9). */
const NEGLIGIBLE = 1e-6;
const HALF = 0.5;

/** Arrays with room for `capacity` series, empty. */
export function riskArrays(
  model: PortfolioModel,
  market: RiskMarket,
  capacity: number,
): RiskArrays {
  const layout = riskLayout(model);
  return {
    model,
    layout,
    market,
    values: new Float64Array(capacity * layout.columns),
    group: new Int32Array(capacity),
    strike: new Int32Array(capacity),
    isLinear: new Uint8Array(capacity),
    openInterest: new Float64Array(capacity),
    interestVersion: 0,
    groups: [],
    rows: 0,
    strikes: 0,
    largestValue: 0,
    largestTerm: 0,
  };
}

/** The same arrays for the next mark: buffers are kept, rows are to be filled anew. */
export function restartRiskArrays(arrays: RiskArrays, market: RiskMarket): RiskArrays {
  return { ...arrays, market, groups: [], rows: 0, strikes: 0, largestValue: 0, largestTerm: 0 };
}

/** Says what a series' open interest is. */
export function setOpenInterest(arrays: RiskArrays, row: number, lots: number): void {
  if (arrays.openInterest[row] === lots) return;
  arrays.openInterest[row] = lots;
  arrays.interestVersion += 1;
}

/** An expiry prepared for its strikes. */
export type ExpiryShocks = {
  readonly forward: number;
  readonly root: number;
  /** Forward per column. */
  readonly forwards: Float64Array;
  /** ln(shocked forward ÷ forward) per column. */
  readonly shifts: Float64Array;
  /** Volatility: 0 unchanged, 1 up, 2 down, 3 linear skew, 4 absolute, per column. */
  readonly kinds: Uint8Array;
  /** Deviations of a strike, by kind. */
  readonly deviations: Float64Array;
  readonly up: number;
  readonly down: number;
  readonly floor: number;
  readonly linear: SkewWidth;
  readonly absolute: SkewWidth;
  /** Units per USD of an option's value, discount included. */
  readonly scale: number;
  /** Highest forward of all columns. */
  readonly highest: number;
  readonly openForward: number;
  /** d below which a value is negligible. */
  readonly leastD: number;
  /** Columns that are computed; the forward pair copies a cell where one is the same. */
  readonly computed: number;
  readonly upFrom: number;
  readonly downFrom: number;
};

const KINDS = { none: 0, up: 1, down: 2, linear: 3, absolute: 4 } as const;

/** Column of the cell that is spot × `spot` with volatility as it is, or −1. */
function plainCell(model: PortfolioModel, spot: number): number {
  return model.scenarios.findIndex((cell) => cell.spot === spot && cell.volatility === 'none');
}

function shocksOf(arrays: RiskArrays, expiry: RiskExpiry): ExpiryShocks {
  const { model, layout, market } = arrays;
  const { forward, openShare, years } = expiry;
  const columns = layout.delta;
  const forwards = new Float64Array(columns);
  const shifts = new Float64Array(columns);
  const kinds = new Uint8Array(columns);
  const set = (column: number, spot: number, kind: keyof typeof KINDS) => {
    const ratio = 1 + openShare * (spot - 1);
    forwards[column] = forward * ratio;
    shifts[column] = ln(ratio);
    kinds[column] = KINDS[kind];
  };
  model.scenarios.forEach(({ spot, volatility }, cell) => {
    set(cell, spot, volatility);
  });
  set(layout.skew, 1, 'linear');
  set(layout.skew + 1, 1, 'absolute');
  set(layout.forwardUp, model.forward.up, 'none');
  set(layout.forwardDown, model.forward.down, 'none');
  const { up, down } = volatilityMultipliers(model, years);
  const root = Math.sqrt(expiry.varianceYears);
  const scale = market.optionUnits * expiry.discountFactor;
  const highest = forwards.reduce((most, value) => Math.max(most, value), 0);
  const upFrom = plainCell(model, model.forward.up);
  const downFrom = plainCell(model, model.forward.down);
  return {
    forward,
    root,
    forwards,
    shifts,
    kinds,
    deviations: new Float64Array(5),
    up,
    down,
    floor: model.volatility.upFloor * root,
    linear: skewWidth(model, model.skew.linear, years),
    absolute: skewWidth(model, model.skew.absolute, years),
    scale,
    highest,
    openForward: forward * openShare,
    leastD: -Math.sqrt(Math.max(0, 2 * ln((highest * scale) / NEGLIGIBLE))),
    computed: upFrom >= 0 && downFrom >= 0 ? layout.forwardUp : layout.delta,
    upFrom,
    downFrom,
  };
}

/** A charge of a lot, to the nearest unit as all values are. */
function charge(usd: number, units: number): number {
  return Math.floor(usd * units + HALF);
}

/** Terms of a group: slots by measure, contingencies and confidence per lot. */
function groupTerms(
  arrays: RiskArrays,
  measure: Measure,
  of: { readonly expiry: RiskExpiry | undefined; readonly confidence: number },
): GroupTerms {
  const { model, layout, market } = arrays;
  const isInitial = measure === 'initial';
  const { peg } = model;
  const factor = isInitial
    ? model.factor.initial + Math.max(0, peg.threshold - market.pegPrice) * peg.factor
    : model.factor.maintenance;
  const share = (contingency: PortfolioModel['option']) =>
    contingency.maintenance + (isInitial ? contingency.initialAdd : 0);
  const doubt =
    isInitial && of.confidence < model.confidence.threshold
      ? (1 - of.confidence) * model.confidence.factor
      : 0;
  const { spot, optionUnits, linearUnits } = market;
  const held = charge(spot * (share(model.perpetual) + doubt), linearUnits);
  return of.expiry === undefined
    ? {
        slots: perpetualSlots(model, layout, factor),
        option: { low: 0, high: 0 },
        linear: { low: -held, high: held },
        optionGross: 0,
        linearGross: 0,
      }
    : {
        slots: expirySlots(model, layout, of.expiry, factor),
        option: { low: 0, high: charge(spot * share(model.option), optionUnits) },
        linear: { low: 0, high: 0 },
        optionGross: charge(spot * doubt, optionUnits),
        linearGross: charge(spot * doubt, linearUnits),
      };
}

function addGroup(arrays: RiskArrays, expiry: RiskExpiry | undefined): void {
  const confidence = Math.min(arrays.market.confidence, expiry?.confidence ?? 1);
  const of = { expiry, confidence };
  const initial = groupTerms(arrays, 'initial', of);
  const maintenance = groupTerms(arrays, 'maintenance', of);
  const kind = expiry === undefined ? 'perpetual' : 'expiry';
  arrays.groups.push({ kind, initial, maintenance });
}

/** Raises the bounds of what a lot of the last group can be worth. */
function raiseBounds(
  arrays: RiskArrays,
  of: { readonly forward: number; readonly highest: number; readonly strike: number },
): void {
  const terms = arrays.groups.at(-1);
  assert(terms !== undefined, 'a row belongs to a group');
  const { forward, highest, strike } = of;
  arrays.largestValue = Math.max(arrays.largestValue, highest + 1, strike + 1);
  for (const { slots, option, linear, optionGross, linearGross } of [
    terms.initial,
    terms.maintenance,
  ]) {
    const { reach } = slots;
    const moved = Math.max(reach.spot * forward, reach.strike * strike, reach.forward * forward);
    const charges = Math.max(option.high, linear.high) + Math.max(optionGross, linearGross);
    arrays.largestTerm = Math.max(arrays.largestTerm, moved + charges + 1);
  }
}

/** Begins an expiry: the next rows are of its strikes. ~3 µs. */
export function beginExpiry(arrays: RiskArrays, expiry: RiskExpiry): ExpiryShocks {
  addGroup(arrays, expiry);
  return shocksOf(arrays, expiry);
}

function nextRow(arrays: RiskArrays, linear: 'option' | 'linear'): number {
  const row = arrays.rows++;
  assert(row < arrays.group.length, `risk arrays hold ${arrays.group.length} rows`);
  arrays.group[row] = arrays.groups.length - 1;
  arrays.strike[row] = arrays.strikes;
  arrays.isLinear[row] = linear === 'linear' ? 1 : 0;
  return row;
}

function fillDeviations(shocks: ExpiryShocks, k: number, deviation: number): void {
  const { deviations } = shocks;
  deviations[KINDS.none] = deviation;
  deviations[KINDS.up] = Math.max(shocks.floor, deviation * shocks.up);
  deviations[KINDS.down] = deviation * shocks.down;
  deviations[KINDS.linear] = deviation * skewMultiplier(shocks.linear, k);
  deviations[KINDS.absolute] = deviation * skewMultiplier(shocks.absolute, Math.abs(k));
}

/** Which of a strike's two series are listed. */
export type StrikeSeries = 'both' | 'call' | 'put';

/**
 * Fills the rows of one strike, the call's first. `deviation` is σ√(variance years) at the mark.
 * ~2.5 µs for 33 cells.
 */
export function fillStrike(
  arrays: RiskArrays,
  shocks: ExpiryShocks,
  strike: number,
  deviation: number,
  series: StrikeSeries,
): void {
  const { values, layout } = arrays;
  const { forwards, shifts, kinds, deviations, scale, leastD } = shocks;
  const { columns } = layout;
  const call = series === 'put' ? -1 : nextRow(arrays, 'option') * columns;
  const put = series === 'call' ? -1 : nextRow(arrays, 'option') * columns;
  arrays.strikes++;
  const x = ln(shocks.forward / strike);
  fillDeviations(shocks, -x, deviation);
  for (let column = 0; column < shocks.computed; column++) {
    const forward = forwards[column] ?? 0;
    const shocked = x + (shifts[column] ?? 0);
    const s = deviations[kinds[column] ?? 0] ?? 0;
    const near = Math.min(forward, strike);
    const intrinsic = forward - strike;
    let callValue = Math.max(0, intrinsic);
    let putValue = Math.max(0, -intrinsic);
    if (s > 0) {
      const h = -Math.abs(shocked) / s;
      const t = HALF * s;
      if (h + t > leastD) {
        if (isNearBound(h, t)) {
          const missing = near * missingValue(h, t);
          callValue = forward - missing;
          putValue = strike - missing;
        } else {
          const value = near * presentValue(h, t);
          callValue += value;
          putValue += value;
        }
      }
    }
    if (call >= 0) values[call + column] = Math.floor(callValue * scale + HALF);
    if (put >= 0) values[put + column] = Math.floor(putValue * scale + HALF);
  }
  const delta = callDelta(shocks.forward, strike, deviation);
  if (call >= 0) finishRow(arrays, shocks, call, delta);
  if (put >= 0) finishRow(arrays, shocks, put, delta - 1);
  raiseBounds(arrays, {
    forward: shocks.forward * scale,
    highest: shocks.highest * scale,
    strike: strike * scale,
  });
}

function finishRow(arrays: RiskArrays, shocks: ExpiryShocks, base: number, delta: number): void {
  const { values, layout } = arrays;
  if (shocks.computed === layout.forwardUp) {
    values[base + layout.forwardUp] = values[base + shocks.upFrom] ?? 0;
    values[base + layout.forwardDown] = values[base + shocks.downFrom] ?? 0;
  }
  values[base + layout.delta] = Math.floor(delta * shocks.openForward * shocks.scale + HALF);
}

/** Fills a row whose value moves with its price, whose mark is 0 and which has no volatility. */
function fillLinear(arrays: RiskArrays, of: { price: number; openShare: number }): void {
  const { values, layout, model, market } = arrays;
  const base = nextRow(arrays, 'linear') * layout.columns;
  arrays.strikes++;
  const perMove = of.price * of.openShare * market.linearUnits;
  const change = (spot: number) => Math.floor(perMove * (spot - 1) + HALF);
  let highest = Math.max(perMove, Math.abs(change(model.forward.up)));
  model.scenarios.forEach(({ spot }, cell) => {
    values[base + cell] = change(spot);
    highest = Math.max(highest, Math.abs(change(spot)));
  });
  values[base + layout.skew] = 0;
  values[base + layout.skew + 1] = 0;
  values[base + layout.forwardUp] = change(model.forward.up);
  values[base + layout.forwardDown] = change(model.forward.down);
  values[base + layout.delta] = Math.floor(perMove + HALF);
  raiseBounds(arrays, { forward: perMove, highest, strike: 0 });
}

/** Fills the row of a dated future in the expiry begun last. Its variation is cash, so its mark is 0. */
export function fillFuture(arrays: RiskArrays, expiry: RiskExpiry): void {
  fillLinear(arrays, { price: expiry.forward, openShare: expiry.openShare });
}

/** Adds the perpetual, a group of its own. */
export function fillPerpetual(arrays: RiskArrays, price: number): void {
  addGroup(arrays, undefined);
  fillLinear(arrays, { price, openShare: 1 });
}

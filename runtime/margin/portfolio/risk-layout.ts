/**
 * Where things stand in a row of the risk arrays, and the branches that a group's value is made of.
 *
 * Source: design/exchange.md §3; docs/spec/portfolio-margin.md. A group (an expiry's options and
 * futures, or the perpetual) holds sums of **columns**: the n cells of the model, two skew values, the
 * forward pair and the dollar delta. From these come **slots**, linear functions of the sums:
 *
 *     slot = gain·(sum of its column) − share·(sum of marks)
 *
 * and from the slots the group's part of each **measure column** of the account:
 *
 *     cell c:     min(long, short)                          two slots: discounts of either sign
 *     skew:       min(P long, P short, max(N long, N short))    −|PnL|; four slots
 *     forward:    min(0, up, down)                          three slots
 *
 * All are minima of linear functions but the inner max, which is why open orders fit in (worst fill).
 */
import { assert } from '../../core/result.ts';
import { isFlat, type PortfolioModel } from './portfolio-model.ts';
import { type Discounts, forwardFactor, staticDiscounts } from './shocks.ts';

/** Skew values of a row: linear and absolute. */
export const SKEWS = 2;
/** Slots of one skew: profit and loss, each with either discount. */
export const SLOTS_PER_SKEW = 4;
/** Columns after the cells: two skews, forward up and down, delta. */
const COLUMNS_AFTER_CELLS = 5;
/** Slots after those of the cells: eight of the skews, three of the forward contingency. */
const SLOTS_AFTER_CELLS = 11;

export type RiskLayout = {
  /** n: regular cells and tails. */
  readonly cells: number;
  /** Column of the mark: the flat cell. */
  readonly mark: number;
  readonly skew: number;
  readonly forwardUp: number;
  readonly forwardDown: number;
  readonly delta: number;
  readonly columns: number;
  readonly slots: number;
  /** Measure columns of an account: cells, skews, forward. */
  readonly measures: number;
};

export function riskLayout(model: PortfolioModel): RiskLayout {
  const cells = model.scenarios.length;
  const mark = model.scenarios.findIndex(isFlat);
  assert(mark >= 0, 'a model has a flat cell');
  return {
    cells,
    mark,
    skew: cells,
    forwardUp: cells + SKEWS,
    forwardDown: cells + SKEWS + 1,
    delta: cells + SKEWS + 2,
    columns: cells + COLUMNS_AFTER_CELLS,
    slots: 2 * cells + SLOTS_AFTER_CELLS,
    measures: cells + SKEWS + 1,
  };
}

/** Which requirement: its factor on the worst scenario, and its contingencies. */
export type Measure = 'initial' | 'maintenance';

/** Coefficients of a group's slots, and the column that each reads. */
export type SlotCoefficients = {
  readonly gain: Float64Array;
  readonly share: Float64Array;
  readonly column: Int32Array;
  /** Bounds of what one unit of value can move a slot by: as spot of the cell, as strike, as forward. */
  readonly reach: SlotReach;
};

/**
 * With F the forward and K the strike, a slot moves per lot by at most max(spot·F, strike·K,
 * forward·F): a call is worth at most its forward and a put its strike, and a value changes by no more
 * than the forward does.
 */
export type SlotReach = {
  readonly spot: number;
  readonly strike: number;
  readonly forward: number;
};

/**
 * Coefficients of an expiry. `factor` is that of the measure. The long discount must not exceed the
 * short one (parameters see to it): only then is min(long, short) the discount by sign.
 */
export function expirySlots(
  model: PortfolioModel,
  layout: RiskLayout,
  expiry: { readonly years: number; readonly rate: number; readonly discountFactor: number },
  factor: number,
): SlotCoefficients {
  const discounts = staticDiscounts(model, expiry.years, expiry);
  assert(discounts.long <= discounts.short, 'the long discount exceeds the short one');
  return slotsOf(model, layout, { discounts, forward: forwardFactor(model, expiry.years), factor });
}

/** Coefficients of the perpetual: nothing is discounted, and it has no forward to differ from. */
export function perpetualSlots(
  model: PortfolioModel,
  layout: RiskLayout,
  factor: number,
): SlotCoefficients {
  return slotsOf(model, layout, { discounts: { long: 1, short: 1 }, forward: 0, factor });
}

function slotsOf(
  model: PortfolioModel,
  layout: RiskLayout,
  of: { readonly discounts: Discounts; readonly forward: number; readonly factor: number },
): SlotCoefficients {
  const { cells, slots } = layout;
  const gain = new Float64Array(slots);
  const share = new Float64Array(slots);
  const column = new Int32Array(slots);
  const set = (slot: number, from: number, values: { gain: number; share: number }) => {
    gain[slot] = values.gain;
    share[slot] = values.share;
    column[slot] = from;
  };
  const { long, short } = of.discounts;
  model.scenarios.forEach(({ weight }, cell) => {
    const scale = of.factor * weight;
    set(cell, cell, { gain: scale * long, share: scale });
    set(cells + cell, cell, { gain: scale * short, share: scale });
  });
  const skews = [model.skew.linear, model.skew.absolute];
  skews.forEach(({ weight }, index) => {
    const scale = of.factor * weight;
    const first = 2 * cells + SLOTS_PER_SKEW * index;
    const from = layout.skew + index;
    set(first, from, { gain: scale * long, share: scale });
    set(first + 1, from, { gain: scale * short, share: scale });
    set(first + 2, from, { gain: -scale * long, share: -scale });
    set(first + 3, from, { gain: -scale * short, share: -scale });
  });
  const scale = of.factor * of.forward;
  const forward = 2 * cells + SLOTS_PER_SKEW * SKEWS;
  set(forward, layout.mark, { gain: 0, share: 0 });
  set(forward + 1, layout.forwardUp, { gain: scale, share: scale });
  set(forward + 2, layout.forwardDown, { gain: scale, share: scale });
  const weights = [...model.scenarios, { spot: 1, weight: skews[0]?.weight ?? 0 }];
  weights.push({ spot: 1, weight: skews[1]?.weight ?? 0 });
  const discount = of.factor * Math.max(1, short);
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  const reach = {
    spot: discount * most(weights.map(({ spot, weight }) => weight * Math.max(1, spot))),
    strike: discount * most(weights.map(({ weight }) => weight)),
    forward: scale * Math.max(model.forward.up - 1, 1 - model.forward.down),
  };
  return { gain, share, column, reach };
}

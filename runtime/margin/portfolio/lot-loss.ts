/**
 * The most that one lot of a series can lower an account's margin, whatever else it holds: what order
 * entry looks at first.
 *
 * Source: design/exchange.md §3 (speed): an order is accepted at once when its lots × (this and its
 * cash) fit the headroom. Every slot moves by no less than its own term of the order, and minima and
 * maxima of slots by no less than the least of these. Not for an account that is concentrated, or is
 * with the order: the wider range is not in it.
 *
 * A term of several lots is rounded as a double before it is floored, and may be one unit below the sum
 * of its lots': whoever relies on the bound leaves one unit for each order and position that changes.
 *
 * Units: risk units per lot, integers, not above 0.
 */
import type { RiskArrays } from './risk-arrays.ts';
import type { Measure } from './risk-layout.ts';

/** Change of margin by a lot bought and by a lot sold, at worst. */
export type LotLoss = { readonly bid: number; readonly ask: number };

/** The least terms of a lot over all slots, with contingencies. O(slots), ~100 ns; once per mark. */
export function lotLoss(arrays: RiskArrays, row: number, measure: Measure): LotLoss {
  const { layout, values, groups, group, isLinear } = arrays;
  const terms = groups[group[row] ?? -1]?.[measure];
  if (terms === undefined) throw new RangeError(`row ${row} is not filled`);
  const { gain, share, column } = terms.slots;
  const base = row * layout.columns;
  const mark = values[base + layout.mark] ?? 0;
  let least = 0;
  let greatest = 0;
  for (let slot = 0; slot < layout.slots; slot++) {
    const value = values[base + (column[slot] ?? 0)] ?? 0;
    const term = (gain[slot] ?? 0) * value - (share[slot] ?? 0) * mark;
    least = Math.min(least, term);
    greatest = Math.max(greatest, term);
  }
  const [charge, gross] =
    isLinear[row] === 1 ? [terms.linear, terms.linearGross] : [terms.option, terms.optionGross];
  return {
    bid: Math.floor(least) + Math.min(0, charge.low) - gross,
    ask: Math.floor(-greatest) - Math.max(0, charge.high) - gross,
  };
}

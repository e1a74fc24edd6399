/**
 * How far the marks of one expiry can have lowered accounts under portfolio margin, per lot.
 *
 * Source: docs/spec/portfolio-margin.md. The margin of positions is Σ lots × mark + the least measure
 * column − charges. A column is, expiry by expiry, a minimum (for skews also a maximum) of slots
 * ⌊gain·V − share·M⌋, V and M sums over lots of values of a row. So the margin is made by minima and
 * maxima of M + slot, summed over expiries, and changes by no more than the greatest change of one of
 * these. Where values and coefficients change, that is per lot at most
 *
 *   |gain′·(V′ − V) + (1 − share′)·(M′ − M)| + |gain′ − gain|·|V| + |share′ − share|·|M|
 *
 * Flooring adds less than a unit to an expiry, which a lot bears. Units: whole risk units per lot.
 */
import type { InstrumentId } from '../../core/units.ts';
import type { GroupTerms, RiskArrays } from '../portfolio/risk-arrays.ts';
import type { SlotCoefficients } from '../portfolio/risk-layout.ts';
import type { ExpiryRisk } from './risk-index.ts';

/** Arrays as they were: the buffers of those in force are filled anew with every mark. */
export type RiskSnapshot = {
  readonly arrays: RiskArrays;
  readonly rows: ReadonlyMap<InstrumentId, number>;
  readonly values: Float64Array;
  readonly terms: GroupTerms | undefined;
};

/** Keeps what there is. O(rows × columns). */
export function snapshotOf({ arrays, rows }: ExpiryRisk): RiskSnapshot {
  const values = arrays.values.slice(0, arrays.rows * arrays.layout.columns);
  return { arrays, rows, values, terms: arrays.groups[0]?.maintenance };
}

/** Greatest fall or rise of mark and any slot together, by a lot of one row. */
function rowRise(
  from: SlotCoefficients,
  to: SlotCoefficients,
  was: { readonly values: Float64Array; readonly base: number },
  is: { readonly values: Float64Array; readonly base: number; readonly mark: number },
): number {
  const mark = was.values[was.base + is.mark] ?? 0;
  const markChange = (is.values[is.base + is.mark] ?? 0) - mark;
  let most = 0;
  for (let slot = 0; slot < to.gain.length; slot++) {
    const column = to.column[slot] ?? 0;
    const gain = to.gain[slot] ?? 0;
    const share = to.share[slot] ?? 0;
    const value = was.values[was.base + column] ?? 0;
    const change = (is.values[is.base + column] ?? 0) - value;
    const rise =
      Math.abs(gain * change + (1 - share) * markChange) +
      Math.abs(gain - (from.gain[slot] ?? 0)) * Math.abs(value) +
      Math.abs(share - (from.share[slot] ?? 0)) * Math.abs(mark);
    if (rise > most) most = rise;
  }
  return most;
}

/** Greatest change of a charge of a lot. */
function chargeRise(from: GroupTerms, to: GroupTerms): number {
  const change = (name: 'option' | 'linear'): number =>
    Math.max(Math.abs(to[name].low - from[name].low), Math.abs(to[name].high - from[name].high));
  const gross = Math.max(
    Math.abs(to.optionGross - from.optionGross),
    Math.abs(to.linearGross - from.linearGross),
  );
  return Math.max(change('option'), change('linear')) + gross;
}

/**
 * The most that a lot of any series listed at both can have cost since a snapshot; infinite where the
 * model is another. O(rows × slots), ~0.2 µs a row.
 */
export function modeRise(from: RiskSnapshot, { arrays, rows }: ExpiryRisk): number {
  const { layout, values, model } = arrays;
  const terms = arrays.groups[0]?.maintenance;
  if (from.arrays.model !== model || from.terms === undefined || terms === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const { columns, mark } = layout;
  let most = 0;
  for (const [instrument, row] of rows) {
    const before = from.rows.get(instrument);
    if (before === undefined) continue;
    const was = { values: from.values, base: before * columns };
    const is = { values, base: row * columns, mark };
    most = Math.max(most, rowRise(from.terms.slots, terms.slots, was, is));
  }
  // One unit for what is floored.
  return Math.ceil(most) + chargeRise(from.terms, terms) + 1;
}

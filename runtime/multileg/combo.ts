/**
 * Combos: listed structures of 2 to 4 series of one underlying, traded in books of their own.
 *
 * Source: design/exchange.md §2. A combo is an instrument of kind `combo` and this row; positions
 * exist in its legs alone. Its price is net: what a buyer pays for a lot, above a zero of
 * `COMBO_ZERO_TICKS`, so that it is unsigned. Canonical: legs by (expiry, strike, call before put),
 * the first bought; so two orders of the same legs name one combo.
 */
import { STRUCTURE, type Structure } from '../actions/multileg.ts';
import { SIDE, type Side } from '../actions/order-terms.ts';
import { type Codec, container, list, u8, u32 } from '../core/ssz.ts';
import type { InstrumentId } from '../core/units.ts';
import { MAX_COMBO_LEGS, MIN_COMBO_LEGS } from '../limits.ts';
import { INSTRUMENT_KIND, type Instrument } from '../options/instrument.ts';

/** A leg as the buyer of the combo trades it: `ratio` lots for one of the combo. */
export type ComboLeg = {
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly ratio: number;
};

export type Combo = {
  /** The combo's own instrument. */
  readonly instrument: InstrumentId;
  readonly structure: Structure;
  readonly legs: ComboLeg[];
};

export const ComboCodec: Codec<Combo> = container<Combo>('Combo', {
  instrument: u32<InstrumentId>(),
  structure: u8<Structure>(),
  legs: list(
    container<ComboLeg>('ComboLeg', {
      instrument: u32<InstrumentId>(),
      side: u8<Side>(),
      ratio: u8(),
    }),
    MAX_COMBO_LEGS,
    MIN_COMBO_LEGS,
  ),
});

/** The price at which a combo costs nothing. */
export const COMBO_ZERO_TICKS = 1_000_000_000;

/** Lots of each leg, negative when sold, in canonical order. */
const RATIOS: { readonly [S in Structure]: readonly number[] } = {
  [STRUCTURE.callSpread]: [1, -1],
  [STRUCTURE.putSpread]: [1, -1],
  [STRUCTURE.straddle]: [1, 1],
  [STRUCTURE.strangle]: [1, 1],
  [STRUCTURE.riskReversal]: [1, -1],
  [STRUCTURE.calendar]: [1, -1],
  [STRUCTURE.butterfly]: [1, -2, 1],
  [STRUCTURE.condor]: [1, -1, -1, 1],
};

/** Whether a number names a structure. */
export function isStructure(structure: number): structure is Structure {
  return structure in RATIOS;
}

const { call, put } = INSTRUMENT_KIND;

/** Whether all series satisfy `holds`, each with the one before it. */
function steps(
  series: readonly Instrument[],
  holds: (before: Instrument, after: Instrument) => boolean,
): boolean {
  return series.every((after, position) => {
    const before = series[position - 1];
    return before === undefined || holds(before, after);
  });
}

/** Whether series in canonical order, of one underlying, make the structure. */
function isFormed(structure: Structure, series: readonly Instrument[]): boolean {
  const kinds = series.map(({ kind }) => kind);
  const sameExpiry = steps(series, (a, b) => a.expiry === b.expiry);
  const risingStrikes = steps(series, (a, b) => a.strike < b.strike);
  const only = (kind: number): boolean => kinds.every((each) => each === kind);
  const oneKind = only(call) || only(put);
  switch (structure) {
    case STRUCTURE.callSpread:
      return only(call) && sameExpiry && risingStrikes;
    case STRUCTURE.putSpread:
      return only(put) && sameExpiry && risingStrikes;
    case STRUCTURE.straddle:
      return sameExpiry && kinds[0] === call && kinds[1] === put && !risingStrikes;
    case STRUCTURE.strangle:
    case STRUCTURE.riskReversal:
      return sameExpiry && risingStrikes && kinds[0] === put && kinds[1] === call;
    case STRUCTURE.calendar:
      return oneKind && !sameExpiry && steps(series, (a, b) => a.strike === b.strike);
    case STRUCTURE.butterfly: {
      const [low, middle, high] = series.map(({ strike }) => strike);
      const even = (low ?? 0) + (high ?? 0) === 2 * (middle ?? 0);
      return oneKind && sameExpiry && risingStrikes && even;
    }
    case STRUCTURE.condor:
      return oneKind && sameExpiry && risingStrikes;
  }
}

/** The canonical legs of a structure over these series, or `undefined` when they do not make it. */
export function comboLegs(
  structure: Structure,
  series: readonly Instrument[],
): ComboLeg[] | undefined {
  const ratios = RATIOS[structure];
  if (series.length !== ratios.length) return undefined;
  const sorted = [...series].sort(
    (a, b) => a.expiry - b.expiry || a.strike - b.strike || a.kind - b.kind,
  );
  if (!isFormed(structure, sorted)) return undefined;
  return sorted.map(({ id }, position) => {
    const ratio = ratios[position] ?? 0;
    return {
      instrument: id,
      side: ratio > 0 ? SIDE.buy : SIDE.sell,
      ratio: ratio > 0 ? ratio : -ratio,
    };
  });
}

/** What is the same for two actions that name one combo. */
export function comboName(structure: Structure, legs: readonly ComboLeg[]): string {
  return [structure, ...legs.map(({ instrument }) => instrument)].join('-');
}

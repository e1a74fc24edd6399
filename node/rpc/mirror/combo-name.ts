/**
 * Names of combos, as Deribit's: `BTC-CS-25DEC26-100000_110000`, a calendar
 * `BTC-CCAL-25DEC26_26MAR27-100000`: structure, expiries, strikes, each once, as the legs name them.
 */
import { STRUCTURE, type Structure } from '../../../runtime/actions/multileg.ts';
import type { Combo } from '../../../runtime/multileg/combo.ts';
import { INSTRUMENT_KIND, type Instrument } from '../../../runtime/options/instrument.ts';

/** Deribit's letters, with C or P in front where a structure can be of either. */
const LETTERS: { readonly [S in Structure]: string } = {
  [STRUCTURE.callSpread]: 'CS',
  [STRUCTURE.putSpread]: 'PS',
  [STRUCTURE.straddle]: 'STRD',
  [STRUCTURE.strangle]: 'STRG',
  [STRUCTURE.riskReversal]: 'RR',
  [STRUCTURE.calendar]: 'CAL',
  [STRUCTURE.butterfly]: 'BUT',
  [STRUCTURE.condor]: 'COND',
};
const OF_EITHER: ReadonlySet<Structure> = new Set([
  STRUCTURE.calendar,
  STRUCTURE.butterfly,
  STRUCTURE.condor,
]);

/** A leg of a combo with the name of its series. */
export type NamedLeg = { readonly name: string; readonly row: Instrument };

/** The name of a combo of these legs, in the combo's order. */
export function comboInstrumentName(
  { structure }: Pick<Combo, 'structure'>,
  underlyingName: string,
  legs: readonly NamedLeg[],
): string {
  const parts = legs.map(({ name }) => {
    const words = name.split('-');
    return { expiry: words.slice(1, -2).join('-'), strike: words.at(-2) ?? '' };
  });
  const letter = legs[0]?.row.kind === INSTRUMENT_KIND.put ? 'P' : 'C';
  const letters = OF_EITHER.has(structure) ? `${letter}${LETTERS[structure]}` : LETTERS[structure];
  const expiries = [...new Set(parts.map(({ expiry }) => expiry))].join('_');
  const strikes = [...new Set(parts.map(({ strike }) => strike))].join('_');
  return `${underlyingName}-${letters}-${expiries}-${strikes}`;
}

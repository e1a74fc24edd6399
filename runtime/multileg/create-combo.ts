/**
 * The `createCombo` action: lists a structure, or finds the one already listed.
 *
 * Source: design/exchange.md §2. Anyone may ask; the legs alone decide which combo it is. Combos are
 * bounded: when all places are taken, the oldest combo without orders makes room.
 */
import type { CreateCombo } from '../actions/multileg.ts';
import type { BlockContext } from '../block-context.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type InstrumentId, instrumentId, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { MAX_COMBOS } from '../limits.ts';
import { isEmptyBook } from '../matching/book.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE, type Instrument } from '../options/instrument.ts';
import { nextInstrumentNumber } from '../options/list-series.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { metaOf, type State } from '../state/state.ts';
import { seriesRefusal } from './check-legs.ts';
import { closeCombo } from './close-combo.ts';
import { type ComboLeg, comboLegs, comboName, isStructure } from './combo.ts';
import { indexCombo } from './combo-index.ts';

/** The legs asked for, checked: those of `seriesRefusal`, mixed_underlyings, bad_structure. */
function judgeLegs(
  state: State,
  context: BlockContext,
  { structure, legs }: CreateCombo,
): Result<{ readonly series: readonly Instrument[]; readonly legs: ComboLeg[] }, Refusal> {
  for (const id of legs) {
    const problem = seriesRefusal(state, context, id);
    if (problem !== undefined) return err(problem);
  }
  const series = legs.map((id) => state.instruments.must(id));
  const [first] = series;
  const stranger = series.find(({ underlying }) => underlying !== first?.underlying);
  if (stranger !== undefined) {
    return err(refusal('mixed_underlyings', { given: stranger.underlying }));
  }
  const formed = isStructure(structure) ? comboLegs(structure, series) : undefined;
  if (formed === undefined) return err(refusal('bad_structure', { given: structure }));
  return ok({ series, legs: formed });
}

/** The oldest combo without orders, or `undefined`. O(combos). */
function idleCombo(state: State): InstrumentId | undefined {
  const { byInstrument } = state.derived.books;
  return state.combos.sortedKeys().find((id) => {
    const book = byInstrument.get(id);
    return book === undefined || isEmptyBook(book);
  });
}

/** Makes room for one more: false when every combo has orders, or numbers have run out. */
function roomRefusal(state: State): Refusal | undefined {
  if (nextInstrumentNumber(state) === undefined) {
    return refusal('too_many_combos', { given: metaOf(state).nextInstrumentId });
  }
  const isFull = state.combos.size >= MAX_COMBOS && idleCombo(state) === undefined;
  return isFull
    ? refusal('too_many_combos', { given: MAX_COMBOS, allowed: MAX_COMBOS })
    : undefined;
}

/** The combo's own instrument: it stops with the first of its legs. */
function comboInstrument(
  { timestamp }: BlockContext,
  id: InstrumentId,
  series: readonly Instrument[],
): Instrument {
  const [first] = series;
  assert(first !== undefined, 'a combo has legs');
  return {
    id,
    underlying: first.underlying,
    kind: INSTRUMENT_KIND.combo,
    expiry: timestampMs(Math.min(...series.map(({ expiry }) => expiry))),
    strike: 0,
    listedAt: timestamp,
    state: INSTRUMENT_STATE.open,
    openInterest: 0,
    deliveryPrice: 0,
  };
}

/**
 * Lists a combo. Errors in order: leg by leg unknown_instrument, not_a_series, instrument_not_open;
 * mixed_underlyings, bad_structure, too_many_combos. Cost: O(legs); O(combos) when all are taken.
 */
export function createCombo(
  state: State,
  context: BlockContext,
  action: CreateCombo,
): Result<ActionResult, Refusal> {
  const judged = judgeLegs(state, context, action);
  if (!judged.ok) return judged;
  const { series, legs } = judged.value;
  const { structure } = action;
  const known = state.derived.combos.byName.get(comboName(structure, legs));
  if (known !== undefined) {
    const value = { instrument: known, isNew: false };
    return ok({ selector: ACTION_RESULT.comboListed, value });
  }
  const noRoom = roomRefusal(state);
  if (noRoom !== undefined) return err(noRoom);

  // From here it must succeed.
  const idle = state.combos.size >= MAX_COMBOS ? idleCombo(state) : undefined;
  if (idle !== undefined) closeCombo(state, context, idle, 0);
  const meta = metaOf(state);
  const id = nextInstrumentNumber(state);
  assert(id !== undefined, 'a number for an instrument was there when the combo was checked');
  meta.nextInstrumentId = instrumentId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  const instrument = comboInstrument(context, id, series);
  const combo = { instrument: id, structure, legs };
  state.instruments.set(id, instrument);
  state.combos.set(id, combo);
  indexCombo(state, combo);
  context.events.push({ selector: EVENT.comboCreated, value: combo });
  context.events.push({ selector: EVENT.instrumentListed, value: { ...instrument } });
  return ok({ selector: ACTION_RESULT.comboListed, value: { instrument: id, isNew: true } });
}

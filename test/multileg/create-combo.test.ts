/** Combos: which series make which structure, and that the same legs are the same combo. */
import { describe, expect, test } from 'vitest';
import { STRUCTURE, type Structure } from '../../runtime/actions/multileg.ts';
import { type InstrumentId, instrumentId, timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { createCombo } from '../../runtime/multileg/create-combo.ts';
import { expireCombos } from '../../runtime/multileg/expire-combos.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { reloaded } from '../fixtures/state.ts';
import { codeOf, type Market, NEAR, seriesNamed, tablesImage } from '../matching/market.ts';
import { desk, expectPrecedence } from './desk.ts';

function create(market: Market, structure: Structure, names: readonly string[]) {
  const legs = names.map((name) => seriesNamed(market, name));
  return createCombo(market.state, market.context, { structure, legs });
}

/** Name and signed ratio of each leg. */
function legsOf(market: Market, combo: InstrumentId): string[] {
  const names = new Map(Object.entries(market.series).map(([name, id]) => [id, name]));
  return market.state.combos
    .must(combo)
    .legs.map(
      ({ instrument, side, ratio }) => `${side === 0 ? '+' : '-'}${ratio} ${names.get(instrument)}`,
    );
}

describe('createCombo', () => {
  test.each([
    ['callSpread', ['near110000C', 'near100000C'], ['+1 near100000C', '-1 near110000C']],
    ['putSpread', ['near90000P', 'near100000P'], ['+1 near90000P', '-1 near100000P']],
    ['straddle', ['near100000P', 'near100000C'], ['+1 near100000C', '+1 near100000P']],
    ['strangle', ['near110000C', 'near90000P'], ['+1 near90000P', '+1 near110000C']],
    ['riskReversal', ['near110000C', 'near90000P'], ['+1 near90000P', '-1 near110000C']],
    ['calendar', ['far100000C', 'near100000C'], ['+1 near100000C', '-1 far100000C']],
    [
      'butterfly',
      ['near100000C', 'near90000C', 'near110000C'],
      ['+1 near90000C', '-2 near100000C', '+1 near110000C'],
    ],
    [
      'condor',
      ['near90000P', 'near80000P', 'near120000P', 'near110000P'],
      ['+1 near80000P', '-1 near90000P', '-1 near110000P', '+1 near120000P'],
    ],
  ] as const)('%s', (structure, names, legs) => {
    const market = desk();
    const created = create(market, STRUCTURE[structure], names);
    if (!created.ok) throw new Error(created.error.code);
    const { instrument, isNew } = created.value.value as {
      instrument: InstrumentId;
      isNew: boolean;
    };
    expect([isNew, legsOf(market, instrument)]).toEqual([true, legs]);
    const row = market.state.instruments.must(instrument);
    expect([row.kind, row.expiry]).toEqual([INSTRUMENT_KIND.combo, NEAR]);
    const again = create(market, STRUCTURE[structure], [...names].reverse());
    expect(again.ok && again.value.value).toEqual({ instrument, isNew: false });
    expect(market.state.combos.size).toBe(1);
  });

  test.each([
    ['callSpread', ['near100000C', 'near110000P']],
    ['callSpread', ['near100000C', 'far110000C']],
    ['callSpread', ['near100000C', 'near100000C']],
    ['callSpread', ['near90000C', 'near100000C', 'near110000C']],
    ['putSpread', ['near100000C', 'near110000C']],
    ['straddle', ['near100000C', 'near110000P']],
    ['straddle', ['near100000C', 'far100000P']],
    ['strangle', ['near90000C', 'near110000P']],
    ['riskReversal', ['near100000C', 'near100000P']],
    ['calendar', ['near100000C', 'far110000C']],
    ['calendar', ['near100000C', 'far100000P']],
    ['butterfly', ['near80000C', 'near90000C', 'near110000C']],
    ['condor', ['near80000P', 'near90000P', 'near110000C', 'near120000C']],
  ] as const)('%s is not made of %j', (structure, names) => {
    expect(codeOf(create(desk(), STRUCTURE[structure], names))).toBe('bad_structure');
  });

  test('refuses in order', () => {
    const market = desk();
    const { state } = market;
    const call = state.instruments.must(seriesNamed(market, 'near110000C'));
    const put = (id: number, changes: object): InstrumentId => {
      state.instruments.set(instrumentId(id), { ...call, id: instrumentId(id), ...changes });
      return instrumentId(id);
    };
    const combo = put(900, { kind: INSTRUMENT_KIND.combo });
    const closed = put(901, { state: 1 });
    const stranger = put(902, { underlying: 2 });
    expectPrecedence(
      [
        'unknown_instrument',
        'not_a_series',
        'instrument_not_open',
        'mixed_underlyings',
        'bad_structure',
      ],
      (has) => {
        const legs = [seriesNamed(market, 'near100000C'), call.id];
        if (has('mixed_underlyings')) legs.splice(1, 1, stranger);
        if (has('instrument_not_open')) legs.splice(0, 1, closed);
        if (has('not_a_series')) legs.splice(0, 0, combo);
        if (has('unknown_instrument')) legs.splice(0, 0, instrumentId(999));
        const structure = has('bad_structure') ? (99 as Structure) : STRUCTURE.callSpread;
        const four = legs.slice(0, 4);
        return codeOf(createCombo(state, market.context, { structure, legs: four }));
      },
    );
  });

  test('a combo ends with the first of its legs, and is nothing to those that reload', () => {
    const market = desk();
    const { state } = market;
    const image = tablesImage(state);
    create(market, STRUCTURE.calendar, ['near100000C', 'far100000C']);
    create(market, STRUCTURE.straddle, ['near100000C', 'near100000P']);
    const copy = reloaded(state);
    expect(copy.derived.combos.byName).toEqual(state.derived.combos.byName);
    expect([...copy.derived.series.byExpiry.values()].flat()).not.toContain(21);
    rebuildDerived(state);
    const before = { ...market.context, timestamp: timestampMs(NEAR - 1) };
    expireCombos(state, before);
    expect(state.combos.size).toBe(2);
    const at = { ...market.context, timestamp: NEAR, events: [] };
    expireCombos(state, at);
    expect([state.combos.size, state.instruments.has(instrumentId(21))]).toEqual([0, false]);
    expect(at.events).toEqual([
      { selector: EVENT.instrumentSettled, value: { instrument: instrumentId(21) } },
      { selector: EVENT.instrumentSettled, value: { instrument: instrumentId(22) } },
    ]);
    // All that is left of them is that their numbers are not given again.
    const meta = state.meta.must(0);
    meta.nextInstrumentId = instrumentId(meta.nextInstrumentId - 2);
    expect(tablesImage(state)).toBe(image);
  });
});

/** Marks: when they are renewed, what they are worth, and that a reload finds the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import type { UnderlyingId } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { expireSeries } from '../../runtime/options/expire-series.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { listSeries } from '../../runtime/options/list-series.ts';
import { paySettlements } from '../../runtime/options/pay-settlements.ts';
import { sampleSettlements } from '../../runtime/options/sample-settlements.ts';
import { liveExpiries, seriesOf } from '../../runtime/options/series-index.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { freshMark } from '../../runtime/oracle/freshness.ts';
import type { Mark } from '../../runtime/oracle/marks.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import { updateMarks } from '../../runtime/oracle/update-marks.ts';
import { expiryKey, type State } from '../../runtime/state/state.ts';
import { CALM, type Indexes, votesOfAll } from '../fixtures/oracle.ts';
import {
  BTC,
  ETH,
  MICRO,
  nextBlock,
  reloaded,
  type TestStateOptions,
  testState,
} from '../fixtures/state.ts';

/** The scheduled work of a block, in the order of `runtime/execute.ts`. */
function scheduledWork(state: State, elapsedMs: number, indexes?: Indexes): BlockContext {
  const context = nextBlock(state, elapsedMs);
  applyOracleVotes(
    state,
    context,
    indexes === undefined ? [] : votesOfAll(state, context, indexes),
  );
  updateMarks(state, context);
  sampleSettlements(state, context);
  expireSeries(state, context);
  paySettlements(state, context);
  listSeries(state, context);
  return context;
}

/** A state two blocks in: series are listed and marked. */
function marked(options: TestStateOptions = {}): { state: State; context: BlockContext } {
  const state = testState(options);
  for (let i = 0; i < 3; i++) scheduledWork(state, 500, CALM);
  return { state, context: scheduledWork(state, 1_000, CALM) };
}

function btc(dollars: number): Indexes {
  return new Map([...CALM, [BTC.id, dollars]]);
}

function firstMark(state: State, underlying: UnderlyingId = BTC.id): Mark {
  const [expiry] = liveExpiries(state, underlying);
  const [id] = expiry === undefined ? [] : seriesOf(state, underlying, expiry);
  const mark = id === undefined ? undefined : state.derived.marks.byInstrument.get(id);
  if (mark === undefined) throw new Error('no series is marked');
  return mark;
}

function allMarks(state: State): Mark[] {
  return [...state.derived.marks.byInstrument.values()].sort((a, b) => a.instrument - b.instrument);
}

describe('marks are renewed', () => {
  test.each([
    ['not before their interval', 999, 60_000, false],
    ['at their interval', 1_000, 60_000, true],
    ['on a move of 10 bps', 40, 60_060, true],
    ['on a move of 10 bps down', 40, 59_940, true],
    ['not on less', 40, 60_059, false],
  ])('%s', (_, elapsedMs, index, renewed) => {
    const { state, context } = marked();
    expect(firstMark(state).markedAt).toBe(context.timestamp);
    const next = scheduledWork(state, elapsedMs, btc(index));
    expect(firstMark(state).markedAt).toBe(renewed ? next.timestamp : context.timestamp);
    const events = next.events.filter(({ selector }) => selector === EVENT.marks);
    // The other underlying follows the clock alone.
    const perUnderlying = liveExpiries(state, BTC.id).length;
    const expected = (renewed ? perUnderlying : 0) + (elapsedMs >= 1_000 ? perUnderlying : 0);
    expect(events.length).toBe(expected);
  });

  test('never from a stale index, and then nothing trades', () => {
    const { state, context } = marked();
    const { instrument } = firstMark(state);
    const last = scheduledWork(state, 5_000);
    expect(freshMark(state, last, instrument)).toBeDefined();
    const stale = scheduledWork(state, 1);
    expect(freshMark(state, stale, instrument)).toBeUndefined();
    expect(priceBand(state, stale, instrument)).toBeUndefined();
    expect(firstMark(state).markedAt).toBeGreaterThan(context.timestamp);
    const back = scheduledWork(state, 1_000, CALM);
    expect(freshMark(state, back, instrument)?.markedAt).toBe(back.timestamp);
  });
});

test('an expiry whose slice goes stale stops trading, though the index is fresh', () => {
  const { state } = marked();
  const { instrument } = firstMark(state);
  const indexOnly = (elapsedMs: number): BlockContext => {
    const context = nextBlock(state, elapsedMs);
    const votes = votesOfAll(state, context).map((vote) => ({
      ...vote,
      underlyings: vote.underlyings.map((of) => ({ ...of, expiries: [] })),
    }));
    applyOracleVotes(state, context, votes);
    updateMarks(state, context);
    return context;
  };
  const last = indexOnly(5_000);
  expect(freshMark(state, last, instrument)?.markedAt).toBe(last.timestamp);
  // The slice is now too old to mark from; the mark itself is good for as long again.
  expect(freshMark(state, indexOnly(5_000), instrument)).toBeDefined();
  expect(freshMark(state, indexOnly(1), instrument)).toBeUndefined();
});

test('marks keep parity, and deltas of a call and a put differ by one', () => {
  const { state } = marked();
  const marks = allMarks(state);
  expect(marks.length).toBe(2 * 3 * 18);
  expect(marks.some(({ vega }) => vega > 0)).toBe(true);
  for (const call of marks) {
    const series = state.instruments.must(call.instrument);
    if (series.kind !== INSTRUMENT_KIND.call) continue;
    const put = marks.find(({ instrument }) => instrument === call.instrument + 1);
    expect(put && state.instruments.must(put.instrument).strike).toBe(series.strike);
    if (put === undefined) continue;
    expect(Math.abs(call.price - put.price - (call.forward - series.strike))).toBeLessThanOrEqual(
      1,
    );
    expect(Math.abs(call.delta - put.delta - MICRO)).toBeLessThanOrEqual(1);
    expect(call.volatility).toBe(put.volatility);
    expect(call.vega).toBe(put.vega);
    expect(call.volatility).toBeGreaterThan(400_000);
  }
});

describe('price band', () => {
  test.each([
    { bandSpotBps: 500, bandVolBps: 2_500, tickUsd: 1 },
    // Shocks far below a tick: the least band there is.
    { bandSpotBps: 1, bandVolBps: 1, tickUsd: 100 },
  ])('holds the mark and a whole tick on both sides, from one tick up: %o', (given) => {
    const { tickUsd, ...parameters } = given;
    const coarse = { ...BTC, optionTickMicroUsd: tickUsd * MICRO };
    const { state } = marked({ parameters, underlyings: [coarse] });
    // Marks between two ticks.
    const context = scheduledWork(state, 1_000, btc(60_040));
    for (const { instrument, price } of allMarks(state)) {
      const { underlying } = state.instruments.must(instrument);
      const tick = state.underlyings.must(underlying).optionTickMicroUsd;
      const band = priceBand(state, context, instrument);
      expect(band).toBeDefined();
      if (band === undefined) continue;
      expect(band.low).toBeGreaterThanOrEqual(1);
      expect(band.low === 1 || band.low * tick <= price - tick).toBe(true);
      expect(band.high * tick).toBeGreaterThanOrEqual(price + tick);
      expect(band.high).toBeGreaterThan(band.low);
    }
  });

  test('is the mark repriced at both shocks', () => {
    // At the money with ±5 % of spot an option of minutes moves by about the move itself.
    const { state, context } = marked();
    const atm = allMarks(state).find(({ instrument }) => {
      const { underlying, strike, kind } = state.instruments.must(instrument);
      return underlying === BTC.id && strike === 60_000 * MICRO && kind === INSTRUMENT_KIND.call;
    });
    expect(atm).toBeDefined();
    if (atm === undefined) return;
    const band = priceBand(state, context, atm.instrument);
    expect(band).toMatchObject({ low: 1, high: 3_000 });
  });

  test('follows new marks and new parameters', () => {
    const { state, context } = marked();
    const { instrument } = firstMark(state);
    const before = priceBand(state, context, instrument);
    const wider = { ...context, parameters: { ...context.parameters, bandSpotBps: 1_000 } };
    expect(priceBand(state, wider, instrument)?.high).toBeGreaterThan(before?.high ?? 0);
    expect(priceBand(state, context, instrument)).toEqual(before);
    const moved = scheduledWork(state, 1_000, btc(61_000));
    expect(priceBand(state, moved, instrument)?.high).toBeGreaterThan(before?.high ?? 0);
  });
});

test('a reloaded node has the same marks and series, bit for bit, at any moment', () => {
  const step = fc.record({
    elapsedMs: fc.constantFrom(40, 500, 1_000, 4_000, 20_000, 61_000),
    btcDollars: fc.integer({ min: 55_000, max: 65_000 }),
    oracle: fc.integer({ min: 0, max: 9 }).map((n) => n > 1),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
      const state = testState({
        underlyings: [
          { ...BTC, strikesListed: 3 },
          { ...ETH, strikesListed: 3 },
        ],
      });
      for (const { elapsedMs, btcDollars, oracle } of steps) {
        scheduledWork(state, elapsedMs, oracle ? btc(btcDollars) : undefined);
      }
      const copy = reloaded(state);
      expect(allMarks(copy)).toEqual(allMarks(state));
      expect([...copy.derived.series.expiries]).toEqual([...state.derived.series.expiries]);
      const byKey = ([a]: [number, unknown], [b]: [number, unknown]): number => a - b;
      for (const index of ['byExpiry', 'strikes'] as const) {
        expect([...copy.derived.series[index]].sort(byKey)).toEqual(
          [...state.derived.series[index]].sort(byKey),
        );
      }
      expect(scheduledWork(copy, 1_000, btc(60_500)).events).toEqual(
        scheduledWork(state, 1_000, btc(60_500)).events,
      );
    }),
    { numRuns: 60 },
  );
});

test('inside the settlement window the sampled part of the mean is fixed', () => {
  const { state } = marked();
  const [expiry] = liveExpiries(state, BTC.id);
  if (expiry === undefined) throw new Error('nothing is listed');
  let context = scheduledWork(state, 1_000, CALM);
  while (context.timestamp < expiry - 30_000) context = scheduledWork(state, 1_000, CALM);
  const key = expiryKey.pack(BTC.id, expiry);
  const before = state.markInputs.must(key).forward;
  expect(before).toBe(60_000 * MICRO);
  // Half of the sixty slots hold 60,000 (one has just been filled): a jump of 2,000 moves half.
  const sampled = state.settlements.must(key).decided;
  expect(sampled).toBe(31);
  const jump = scheduledWork(state, 1_000, btc(62_000));
  const expected = (60_000 * sampled + 62_000 * (60 - sampled)) / 60;
  expect(state.markInputs.must(key).forward).toBe(Math.floor(expected * MICRO));
  const deepCall = seriesOf(state, BTC.id, expiry)[0];
  expect(deepCall).toBeDefined();
  if (deepCall === undefined) return;
  const openShare = (expiry - jump.timestamp) / 60_000;
  const delta = state.derived.marks.byInstrument.get(deepCall)?.delta;
  expect(delta).toBe(Math.floor(openShare * MICRO + 0.5));
});

/** Strikes by rule: distances, deltas, and what is listed after any history of index moves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { DAY_MS } from '../../runtime/options/calendar.ts';
import { scheduledExpiries } from '../../runtime/options/expiry-schedule.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import {
  listSeries,
  MAX_LISTED_PER_BLOCK,
  nextInstrumentNumber,
} from '../../runtime/options/list-series.ts';
import {
  coarserStep,
  nearestStep,
  ruleSteps,
  strikeInputs,
  strikesOf,
} from '../../runtime/options/strike-rule.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import { callDelta } from '../../runtime/pricing/black76.ts';
import { MAX_STRIKES_EACH_SIDE, strikesInRange } from '../../runtime/pricing/strike-range.ts';
import {
  expiryKey,
  metaOf,
  POSITION_INSTRUMENTS,
  positionKey,
  type State,
} from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, ETH, MICRO, nextBlock, reloaded, START, testState } from '../fixtures/state.ts';

const BY_RULE: Underlying = { ...BTC, strikesListed: 0, expiryIntervalMs: 0 };

describe('distances', () => {
  test.each([
    [1, 1],
    [13, 10],
    [14, 20],
    [31, 20],
    [32, 50],
    [70, 50],
    [71, 100],
    [500, 500],
    [1_399, 1_000],
  ])('nearest of 1, 2, 5 to %d is %d', (value, step) => expect(nearestStep(value)).toBe(step));

  test('the next of 1, 2, 5', () => {
    expect([1, 2, 5, 10, 200, 500].map(coarserStep)).toEqual([2, 5, 10, 20, 500, 1_000]);
  });

  // The table in the head of strike-rule.ts.
  test.each([
    [100_000, 1, 500, 1_000],
    [100_000, 7, 1_000, 2_000],
    [100_000, 30, 2_000, 5_000],
    [100_000, 180, 5_000, 10_000],
    [4_000, 2, 20, 50],
    [4_000, 14, 50, 100],
    [4_000, 62, 100, 200],
    [4_000, 63, 200, 500],
  ])('at $%d, %d days: $%d, wings $%d', (price, days, step, wingStep) => {
    expect(ruleSteps(BY_RULE, price * MICRO, days * DAY_MS)).toEqual({
      step: step * MICRO,
      wingStep: wingStep * MICRO,
    });
  });

  test('stay the same around round prices', () => {
    for (const price of [99_000, 99_999, 100_000, 101_000]) {
      expect(ruleSteps(BY_RULE, price * MICRO, DAY_MS).step).toBe(500 * MICRO);
    }
  });

  test('the underlying can fix one', () => {
    const fixed = { ...BY_RULE, strikeStepMicroUsd: 250 * MICRO };
    expect(ruleSteps(fixed, 60_000 * MICRO, DAY_MS)).toEqual({
      step: 250 * MICRO,
      wingStep: 250 * MICRO,
    });
  });
});

describe('range', () => {
  const flat = (volatility: number, days: number) => ({
    theta: Math.floor(volatility * volatility * (days / 365) * 1e12),
    u: 0,
    l: 0,
  });

  test('of a week at 50 %: what can be worked out by hand', () => {
    // σ√τ = 0.5·√(7/365) = 0.0692; N(d₁) = 0.1 at d₁ = −1.2816, ln(K/F) = 1.2816·0.0692 + 0.0024:
    // K = 109,549, and 91,726 below. Deltas 0.2 and 0.8 (0.8416): 106,252 and 94,568.
    const inputs = { ...flat(0.5, 7), forward: 100_000 * MICRO };
    const strikes = strikesInRange({ ...inputs, step: 1_000 * MICRO, wingStep: 2_000 * MICRO });
    expect(strikes.map((strike) => strike / MICRO)).toEqual([
      92_000, 94_000, 95_000, 96_000, 97_000, 98_000, 99_000, 100_000, 101_000, 102_000, 103_000,
      104_000, 105_000, 106_000, 108_000,
    ]);
  });

  test('at the money and its neighbours, however little variance is left', () => {
    const inputs = { theta: 0, u: 0, l: 0, forward: 100_240 * MICRO };
    const strikes = strikesInRange({ ...inputs, step: 500 * MICRO, wingStep: 1_000 * MICRO });
    expect(strikes.map((strike) => strike / MICRO)).toEqual([99_500, 100_000, 100_500]);
  });

  test('is bounded, and above 0, however much variance there is', () => {
    const inputs = { theta: 1e14, u: 0, l: 0, forward: 10 * MICRO };
    const strikes = strikesInRange({ ...inputs, step: MICRO, wingStep: MICRO });
    expect(strikes.length).toBeLessThanOrEqual(201);
    expect(strikes[0]).toBeGreaterThan(0);
  });

  test('holds every strike of the grid whose delta is in it, ascending, each once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 1_000_000 }),
        fc.integer({ min: 10, max: 200 }),
        fc.integer({ min: 1, max: 400 }),
        (price, percent, days) => {
          const forward = price * MICRO;
          const { step, wingStep } = ruleSteps(BY_RULE, forward, days * DAY_MS);
          const slice = flat(percent / 100, days);
          const strikes = strikesInRange({ ...slice, forward, step, wingStep });
          const deviation = Math.sqrt(slice.theta * 1e-12);
          expect([...new Set(strikes)].sort((a, b) => a - b)).toEqual(strikes);
          // So much variance that a walk meets its bound.
          fc.pre(strikes.length < MAX_STRIKES_EACH_SIDE);
          const centre = Math.round(forward / step) * step;
          const expected = new Set([centre - step, centre, centre + step]);
          const deltaOf = (strike: number): number => callDelta(forward, strike, deviation);
          for (let k = step; k < 10 * forward; k += step) {
            if (deltaOf(k) >= 0.2 && deltaOf(k) <= 0.8) expected.add(k);
          }
          for (let k = wingStep; k < 10 * forward; k += wingStep) {
            const delta = deltaOf(k);
            if (delta >= 0.1 && delta <= 0.9 && (delta < 0.2 || delta > 0.8)) expected.add(k);
          }
          const missing = [...expected].filter((strike) => !strikes.includes(strike));
          expect(missing).toEqual([]);
          // What else is listed lies between the last fine strike and the first in the wing.
          const more = strikes.filter((strike) => !expected.has(strike));
          expect(more.length).toBeLessThanOrEqual(2);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

function setIndex(state: State, underlying: Underlying, dollars: number): void {
  state.indexPrices.set(underlying.id, {
    underlying: underlying.id,
    index: dollars * MICRO,
    confidenceBps: 10_000,
    updatedAt: metaOf(state).timestamp,
  });
}

describe('listing by rule', () => {
  test('before any surface: the default volatility, every expiry of the calendar', () => {
    const state = testState({ underlyings: [BY_RULE] });
    for (let block = 0; block < 20; block++) {
      const context = nextBlock(state, 40);
      setIndex(state, BY_RULE, 100_000);
      listSeries(state, context);
    }
    const expiries = scheduledExpiries(BY_RULE, START);
    const counts = expiries.map(
      (expiry) => state.derived.series.strikes.get(expiryKey.pack(BY_RULE.id, expiry))?.size ?? 0,
    );
    // A day at 60 %: σ√τ = 3.14 %, so 96,200 to 104,200 at $500, $1,000 in the wings.
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(11);
    expect(Math.max(...counts)).toBeLessThanOrEqual(40);
  });

  test('with a surface: its forward and volatility', () => {
    const state = testState({ underlyings: [BY_RULE] });
    const [expiry] = scheduledExpiries(BY_RULE, START);
    if (expiry === undefined) throw new Error('no expiry');
    const context = nextBlock(state, 40);
    setIndex(state, BY_RULE, 100_000);
    const place = { expiry, index: 100_000 * MICRO };
    expect(strikeInputs(state, context, BY_RULE, place).forward).toBe(100_000 * MICRO);
    state.surfaceSlices.set(expiryKey.pack(BY_RULE.id, expiry), {
      underlying: BY_RULE.id,
      expiry,
      forward: 102_000 * MICRO,
      theta: 400_000_000,
      u: 0,
      l: 0,
      updatedAt: context.timestamp,
    });
    // σ√τ = 2 %: 99,455 to 104,664 by delta 0.9 and 0.1.
    const strikes = strikesOf(BY_RULE, strikeInputs(state, context, BY_RULE, place));
    expect(strikes.map((strike) => strike / MICRO)).toEqual([
      100_000, 100_500, 101_000, 101_500, 102_000, 102_500, 103_000, 103_500, 104_000,
    ]);
  });

  test('follows the surface while the index stands still', () => {
    const state = testState({ underlyings: [BY_RULE] });
    const [expiry] = scheduledExpiries(BY_RULE, START);
    if (expiry === undefined) throw new Error('no expiry');
    const key = expiryKey.pack(BY_RULE.id, expiry);
    const listedWith = (changed: { theta?: number; u?: number; l?: number }): number => {
      const slice = { theta: 100_000_000, u: 0, l: 0, ...changed };
      for (let block = 0; block < 30; block++) {
        const context = nextBlock(state, 1);
        setIndex(state, BY_RULE, 100_000);
        const at = { underlying: BY_RULE.id, expiry, forward: 100_000 * MICRO };
        state.surfaceSlices.set(key, { ...at, ...slice, updatedAt: context.timestamp });
        listSeries(state, context);
      }
      return state.derived.series.strikes.get(key)?.size ?? 0;
    };
    // σ√τ of 1 %, then 3 %, then wings that rise on both sides.
    const narrow = listedWith({});
    const wide = listedWith({ theta: 900_000_000 });
    expect(wide).toBeGreaterThan(narrow);
    expect(listedWith({ theta: 900_000_000, u: 20_000_000 })).toBeGreaterThanOrEqual(wide);
    expect(listedWith({})).toBeGreaterThanOrEqual(wide);
  });

  test('after any moves: all in range within 40 blocks, none twice, none gone, reloads alike', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 20_000, max: 200_000 }), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (prices, isCalendar) => {
          const rule = { ...BY_RULE, expiryIntervalMs: isCalendar ? 0 : 3_600_000 };
          const ladder = { ...ETH, strikesListed: 5 };
          let state = testState({ underlyings: [rule, ladder] });
          const seen = new Set<number>();
          for (const price of prices) {
            state = reloaded(state);
            let listed = -1;
            for (let block = 0; block < 40 && listed !== 0; block++) {
              const context = nextBlock(state, 1);
              setIndex(state, rule, price);
              setIndex(state, ladder, Math.floor(price / 20));
              listSeries(state, context);
              listed = context.events.length;
              expect(listed).toBeLessThanOrEqual(MAX_LISTED_PER_BLOCK);
              for (const event of context.events) {
                if (event.selector === EVENT.instrumentListed) seen.add(event.value.id);
              }
            }
            expect(listed).toBe(0);
            const context = nextBlock(state, 1);
            const after = timestampMs(context.timestamp + context.parameters.settlementWindowMs);
            for (const expiry of scheduledExpiries(rule, after)) {
              const inputs = strikeInputs(state, context, rule, { expiry, index: price * MICRO });
              const held = state.derived.series.strikes.get(expiryKey.pack(rule.id, expiry));
              for (const strike of strikesOf(rule, inputs)) expect(held?.has(strike)).toBe(true);
            }
          }
          const names = new Set<string>();
          for (const id of state.instruments.sortedKeys()) {
            const { underlying, expiry, kind, strike } = state.instruments.must(id);
            names.add(`${underlying} ${expiry} ${kind} ${strike}`);
          }
          expect(names.size).toBe(state.instruments.size);
          expect(seen.size).toBe(state.instruments.size);
        },
      ),
      { numRuns: runs(40) },
    );
  });
});

describe('instrument numbers', () => {
  test('one that an unsettled instrument has modulo 2²¹ is skipped', () => {
    const state = testState();
    const put = (id: number, settled: boolean): void => {
      state.instruments.set(id as never, {
        id: id as never,
        underlying: BTC.id,
        kind: INSTRUMENT_KIND.call,
        expiry: timestampMs(START + 1),
        strike: 1,
        listedAt: START,
        state: settled ? INSTRUMENT_STATE.settled : INSTRUMENT_STATE.open,
        openInterest: 0,
        deliveryPrice: 0,
      });
    };
    put(5, false);
    put(6, false);
    put(7, true);
    metaOf(state).nextInstrumentId = (5 + 2 * POSITION_INSTRUMENTS) as never;
    expect(nextInstrumentNumber(state)).toBe(7 + 2 * POSITION_INSTRUMENTS);
    expect(positionKey.pack(9, 7 + 2 * POSITION_INSTRUMENTS)).toBe(positionKey.pack(9, 7));
  });

  test('run out at 2³²', () => {
    const state = testState();
    metaOf(state).nextInstrumentId = (2 ** 32 - 1) as never;
    expect(nextInstrumentNumber(state)).toBe(2 ** 32 - 1);
    metaOf(state).nextInstrumentId = (2 ** 32) as never;
    expect(nextInstrumentNumber(state)).toBeUndefined();
  });
});

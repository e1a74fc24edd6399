/** What is listed when: expiries by interval and by calendar, strikes around the index. */
import { describe, expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { scheduledExpiries } from '../../runtime/options/expiry-schedule.ts';
import { listSeries, MAX_LISTED_PER_BLOCK } from '../../runtime/options/list-series.ts';
import { liveExpiries, seriesOf } from '../../runtime/options/series-index.ts';
import { strikeLadder, strikeStep } from '../../runtime/options/strike-ladder.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { BTC, ETH, MICRO, nextBlock, START, testState } from '../fixtures/state.ts';

const CALENDAR = { ...BTC, expiryIntervalMs: 0 };

function at(text: string): ReturnType<typeof timestampMs> {
  return timestampMs(new Date(`${text}Z`).getTime());
}

function dates(expiries: readonly number[]): string[] {
  return expiries.map((expiry) => new Date(expiry).toISOString().slice(0, 16));
}

describe('expiries', () => {
  test('by interval: the next multiples, strictly ahead', () => {
    expect(scheduledExpiries(BTC, START)).toEqual([1, 2, 3].map((i) => START + i * 300_000));
    expect(scheduledExpiries(BTC, timestampMs(START - 1))[0]).toBe(START);
  });

  test('by calendar: days, Fridays, last Fridays of months and quarters, at 08:00', () => {
    // A Tuesday afternoon. Dailies 9, 10, 11; Fridays 11, 18, 25; months 25 Dec, 29 Jan, 26 Feb;
    // quarters 25 Dec, 26 Mar, 25 Jun, 24 Sep.
    expect(dates(scheduledExpiries(CALENDAR, at('2026-12-08T15:00:00')))).toEqual(
      ['12-09', '12-10', '12-11', '12-18', '12-25']
        .map((day) => `2026-${day}T08:00`)
        .concat(['01-29', '02-26', '03-26', '06-25', '09-24'].map((day) => `2027-${day}T08:00`)),
    );
  });

  test('by calendar: the day itself until 08:00, not after', () => {
    const before = scheduledExpiries(CALENDAR, at('2026-12-11T07:59:59'));
    const after = scheduledExpiries(CALENDAR, at('2026-12-11T08:00:00'));
    expect(dates(before)[0]).toBe('2026-12-11T08:00');
    expect(dates(after)[0]).toBe('2026-12-12T08:00');
    // The Friday that expired makes room for the third one ahead.
    expect(dates(after)).toContain('2027-01-01T08:00');
    expect(dates(before)).not.toContain('2027-01-01T08:00');
  });

  test('by calendar: at most 13, at least 7, always ascending', () => {
    for (let day = 0; day < 800; day++) {
      const after = timestampMs(START + day * 86_400_000 + 12_345);
      const expiries = scheduledExpiries(CALENDAR, after);
      expect(expiries.length).toBeGreaterThanOrEqual(7);
      expect(expiries.length).toBeLessThanOrEqual(13);
      expect(expiries.every((expiry, i) => expiry > (expiries[i - 1] ?? after))).toBe(true);
    }
  });
});

describe('strikes', () => {
  test.each([
    [60_000, 500],
    [100_000, 1_000],
    [3_000, 20],
    [99, 0.5],
    [0.02, 0.0002],
  ])('at an index of $%d they are $%d apart', (index, step) => {
    expect(strikeStep(BTC, index * MICRO)).toBe(step * MICRO);
  });

  test('lie on the grid on which payoffs are whole, whatever the step', () => {
    expect(strikeStep({ ...BTC, strikeStepMicroUsd: 150 }, 1)).toBe(200);
    expect(strikeStep({ ...BTC, optionLotsPerCoin: 1_000 }, 3_000)).toBe(1_000);
  });

  test('surround the index and stay above 0', () => {
    expect(strikeLadder(BTC, 60_249 * MICRO).map((strike) => strike / MICRO)).toEqual([
      58_000, 58_500, 59_000, 59_500, 60_000, 60_500, 61_000, 61_500, 62_000,
    ]);
    const wide = { ...BTC, strikeStepMicroUsd: 30_000 * MICRO };
    expect(strikeLadder(wide, 60_000 * MICRO).map((strike) => strike / MICRO)).toEqual([
      30_000, 60_000, 90_000, 120_000, 150_000, 180_000,
    ]);
  });
});

/** Sets the index by hand, fresh at this block. */
function setIndex(state: State, context: BlockContext, dollars: number): void {
  state.indexPrices.set(BTC.id, {
    underlying: BTC.id,
    index: dollars * MICRO,
    confidenceBps: 10_000,
    updatedAt: context.timestamp,
  });
}

describe('listing', () => {
  test('lists calls and puts, numbered in order, says so, and then has nothing to do', () => {
    const state = testState();
    const context = nextBlock(state);
    setIndex(state, context, 60_000);
    listSeries(state, context);
    expect(state.instruments.size).toBe(3 * 9 * 2);
    expect(context.events.map(({ selector }) => selector)).toEqual(
      Array.from({ length: 54 }, () => EVENT.instrumentListed),
    );
    expect(state.instruments.sortedKeys()).toEqual(Array.from({ length: 54 }, (_, i) => i + 1));
    expect(metaOf(state).nextInstrumentId).toBe(55);
    listSeries(state, context);
    expect(state.instruments.size).toBe(54);
  });

  test('needs a fresh index', () => {
    const state = testState();
    const context = nextBlock(state);
    listSeries(state, context);
    setIndex(state, context, 60_000);
    listSeries(state, nextBlock(state, 5_001));
    expect(state.instruments.size).toBe(0);
  });

  test('adds strikes as the index moves, and delists none', () => {
    const state = testState();
    const context = nextBlock(state);
    setIndex(state, context, 60_000);
    listSeries(state, context);
    setIndex(state, context, 61_000);
    listSeries(state, context);
    expect(state.instruments.size).toBe(54 + 3 * 2 * 2);
    setIndex(state, context, 60_000);
    listSeries(state, context);
    expect(state.instruments.size).toBe(54 + 3 * 2 * 2);
  });

  test('lists nothing into an open settlement window, and the next expiry instead', () => {
    const state = testState();
    const expiry = START + 300_000;
    const early = nextBlock(state, expiry - 60_001 - START);
    setIndex(state, early, 60_000);
    listSeries(state, early);
    expect(liveExpiries(state, BTC.id)[0]).toBe(expiry);
    const open = nextBlock(state, 1);
    setIndex(state, open, 65_000);
    listSeries(state, open);
    listSeries(state, open);
    expect(seriesOf(state, BTC.id, timestampMs(expiry)).length).toBe(18);
    expect(liveExpiries(state, BTC.id).map((e) => (e - expiry) / 300_000)).toEqual([0, 1, 2, 3]);
  });

  test('spreads what is much over blocks', () => {
    const state = testState({
      underlyings: [{ ...BTC, strikesListed: 41, expiryIntervalMs: 0 }, ETH],
    });
    let listed = 0;
    for (let block = 0; block < 40; block++) {
      const context = nextBlock(state, 40);
      setIndex(state, context, 60_000);
      listSeries(state, context);
      expect(context.events.length).toBeLessThanOrEqual(MAX_LISTED_PER_BLOCK);
      listed += context.events.length;
    }
    const expiries = scheduledExpiries({ ...BTC, expiryIntervalMs: 0 }, START).length;
    expect(listed).toBe(expiries * 41 * 2);
  });
});

/** Samples of settlement windows: what rows hold, what a block writes, and that they give the price. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import { deliveryPrice, windowSums } from '../../runtime/options/delivery-price.ts';
import { expireSeries } from '../../runtime/options/expire-series.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { sampleSettlements } from '../../runtime/options/sample-settlements.ts';
import {
  SAMPLES_PER_ROW,
  SettlementSamplesCodec,
  samplesOf,
} from '../../runtime/options/settlement-samples.ts';
import { updateMarks } from '../../runtime/oracle/update-marks.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { addSeries, BTC, MICRO, nextBlock, reloaded, START, testState } from '../fixtures/state.ts';

const EXPIRY = timestampMs(START + 3_600_000);
const KEY = expiryKey.pack(BTC.id, EXPIRY);

/** A block at `time` whose index, when given, is fresh: the steps that concern a window. */
function block(state: State, time: number, microUsd: number | undefined): BlockContext {
  const context = nextBlock(state, time - metaOf(state).timestamp);
  if (microUsd !== undefined) {
    state.indexPrices.set(BTC.id, {
      underlying: BTC.id,
      index: microUsd,
      confidenceBps: 10_000,
      updatedAt: context.timestamp,
    });
  }
  updateMarks(state, context);
  sampleSettlements(state, context);
  expireSeries(state, context);
  return context;
}

function windowState(slots: number, oracleStaleMs = 1_000): State {
  const parameters = { settlementSlots: slots, settlementWindowMs: slots * 1_000, oracleStaleMs };
  const state = testState({ parameters, underlyings: [BTC] });
  const series = { underlying: BTC.id, expiry: EXPIRY, strikeUsd: 60_000 };
  addSeries(state, { ...series, kind: INSTRUMENT_KIND.call });
  return state;
}

test('1,800 slots of one second: a block writes one row of at most 64 samples', () => {
  const state = windowState(1_800);
  const opens = EXPIRY - 1_800_000;
  let largest = 0;
  for (let slot = 0; slot < 1_800; slot++) {
    block(state, opens + slot * 1_000, (60_000 + slot) * MICRO);
    const written = state.settlementSamples.takeChanges().rows;
    expect(written.length).toBe(1);
    largest = Math.max(largest, written[0]?.value?.length ?? 0);
  }
  expect(largest).toBeLessThan(600);
  expect(state.settlementSamples.size).toBe(Math.ceil(1_800 / SAMPLES_PER_ROW));
  block(state, EXPIRY, 1);
  // The mean of 60,000 to 61,799.
  expect(state.settlements.must(KEY).deliveryPrice).toBe(60_899.5 * MICRO);
});

describe('rows', () => {
  test('stand at the slot of their samples, however long nothing came', () => {
    const state = windowState(300);
    const opens = EXPIRY - 300_000;
    block(state, opens + 500, 5);
    block(state, opens + 200_000, 7);
    const rows = state.settlementSamples
      .sortedKeys()
      .map((key) => state.settlementSamples.must(key));
    expect(rows.map(({ firstSlot, samples }) => [firstSlot, samples.length])).toEqual([
      [0, 1],
      [192, 9],
    ]);
    const window = state.settlements.must(KEY);
    expect(window).toMatchObject({ decided: 201, sampled: 2, sum: 200n * 5n + 7n, lastSample: 7 });
    expect(samplesOf(state, window, 201).filter((sample) => sample > 0)).toEqual([5, 7]);
    for (const row of rows) {
      const decoded = SettlementSamplesCodec.decode(SettlementSamplesCodec.encode(row));
      expect(decoded.ok && decoded.value).toEqual(row);
    }
  });

  test('two windows of an underlying keep theirs apart', () => {
    const state = windowState(100);
    const later = timestampMs(EXPIRY + 50_000);
    addSeries(state, {
      underlying: BTC.id,
      kind: INSTRUMENT_KIND.call,
      expiry: later,
      strikeUsd: 60_000,
    });
    block(state, EXPIRY - 100_000, 5);
    block(state, EXPIRY - 50_000, 9);
    const samples = (expiry: typeof later): number[] =>
      samplesOf(state, { underlying: BTC.id, expiry }, 100).filter((sample) => sample > 0);
    expect(samples(EXPIRY)).toEqual([5, 9]);
    expect(samples(later)).toEqual([9]);
  });
});

test('whatever the blocks: the sums are those of the rows, and rows alone give the delivery price', () => {
  const step = fc.record({
    elapsedMs: fc.oneof(
      fc.integer({ min: 40, max: 2_500 }),
      fc.integer({ min: 2_500, max: 30_000 }),
    ),
    index: fc.option(fc.integer({ min: 1, max: 100_000_000 * MICRO }), { nil: undefined, freq: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 120 }),
      fc.integer({ min: 1, max: 150 }),
      fc.integer({ min: 0, max: 60 }),
      (steps, slots, reloadAfter) => {
        let state = windowState(slots);
        let time: number = EXPIRY - slots * 1_000 - 2_000;
        for (const [i, { elapsedMs, index }] of steps.entries()) {
          if (i === reloadAfter) state = reloaded(state);
          time += elapsedMs;
          block(state, time, index);
          const window = state.settlements.get(KEY);
          if (window === undefined) continue;
          const samples = samplesOf(state, window, window.slots);
          expect(window).toMatchObject(windowSums(samples, window.slots));
          if (window.deliveryPrice === 0) continue;
          const { sampled, slotsToExpiry } = window;
          const missing = slotsToExpiry - sampled;
          expect(missing * 10 <= slotsToExpiry || window.slots === 2 * slotsToExpiry).toBe(true);
          const grid = BTC.optionLotsPerCoin;
          expect(deliveryPrice(windowSums(samples, window.slots), grid)).toBe(window.deliveryPrice);
          expect(window.deliveryPrice % grid).toBe(0);
        }
      },
    ),
    { numRuns: runs(500) },
  );
});

/** Expiry and settlement: windows, delivery prices, payment over blocks, conservation. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { type InstrumentId, type PortfolioId, timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import {
  deliveryPrice,
  expectedDelivery,
  windowSums,
} from '../../runtime/options/delivery-price.ts';
import { expireSeries } from '../../runtime/options/expire-series.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { paySettlements } from '../../runtime/options/pay-settlements.ts';
import { SETTLED_EXPIRIES_KEPT } from '../../runtime/options/prune-settled.ts';
import { sampleSettlements } from '../../runtime/options/sample-settlements.ts';
import { liveExpiries } from '../../runtime/options/series-index.ts';
import type { SettlementWindow } from '../../runtime/options/settlement.ts';
import { settlementPayment } from '../../runtime/options/settlement-payment.ts';
import { samplesOf } from '../../runtime/options/settlement-samples.ts';
import { updateMarks } from '../../runtime/oracle/update-marks.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { sliceVote } from '../fixtures/oracle.ts';
import {
  addSeries,
  BTC,
  ETH,
  fundedPortfolio,
  MICRO,
  nextBlock,
  reloaded,
  START,
  type TestStateOptions,
  testState,
} from '../fixtures/state.ts';

const EXPIRY = timestampMs(START + 300_000);
const KEY = expiryKey.pack(BTC.id, EXPIRY);
/** Ten slots of one second. */
const PARAMETERS = { settlementWindowMs: 10_000, settlementSlots: 10 } as const;

/** A block at `offsetMs` from the expiry; index and slice are fresh when `dollars` are given. */
function blockAt(state: State, offsetMs: number, dollars?: number): BlockContext {
  const context = nextBlock(state, EXPIRY + offsetMs - metaOf(state).timestamp);
  if (dollars !== undefined) {
    state.indexPrices.set(BTC.id, {
      underlying: BTC.id,
      index: Math.round(dollars * MICRO),
      confidenceBps: 10_000,
      updatedAt: context.timestamp,
    });
    state.surfaceSlices.set(KEY, {
      ...sliceVote(EXPIRY, context.timestamp, Math.round(dollars * MICRO)),
      underlying: BTC.id,
      updatedAt: context.timestamp,
    });
  }
  updateMarks(state, context);
  sampleSettlements(state, context);
  expireSeries(state, context);
  paySettlements(state, context);
  return context;
}

type Setup = {
  readonly state: State;
  readonly call: InstrumentId;
  readonly put: InstrumentId;
  readonly buyer: PortfolioId;
  readonly writer: PortfolioId;
};

/** A call and a put at 60,000; the buyer holds 100 lots (one coin) of each, written by the writer. */
function setup(options: TestStateOptions['parameters'] = {}): Setup {
  const state = testState({ parameters: { ...PARAMETERS, ...options } });
  const series = { underlying: BTC.id, expiry: EXPIRY, strikeUsd: 60_000 };
  const call = addSeries(state, { ...series, kind: INSTRUMENT_KIND.call });
  const put = addSeries(state, { ...series, kind: INSTRUMENT_KIND.put });
  const buyer = fundedPortfolio(state, 1, 1_000n);
  const writer = fundedPortfolio(state, 2, 100_000n);
  // An index before any window, so that marks and margin have something to stand on.
  blockAt(state, -20_000, 60_000);
  for (const id of [call, put]) {
    changePosition(state, buyer, id, 100);
    changePosition(state, writer, id, -100);
  }
  return { state, call, put, buyer, writer };
}

function usd(state: State, portfolio: PortfolioId): number {
  return Number(balanceOf(state, portfolio, DENOMINATION.usd)) / MICRO;
}

function windowOf(state: State): SettlementWindow {
  return state.settlements.must(KEY);
}

/** The samples of the window's slots so far, 0 where there is none. */
function slotsOf(state: State): number[] {
  const window = windowOf(state);
  return samplesOf(state, window, window.decided);
}

/** One block a second from the window's opening up to the expiry, at `price(slot)`. */
function sampleAll(state: State, price: (slot: number) => number | undefined): void {
  for (let slot = 0; slot < 10; slot++) blockAt(state, (slot - 10) * 1_000, price(slot));
}

describe('window', () => {
  test('opens its length before expiry; the first fresh block of a slot fills it', () => {
    const { state } = setup();
    blockAt(state, -10_001, 60_000);
    expect(state.settlements.has(KEY)).toBe(false);
    blockAt(state, -9_700, 60_100);
    blockAt(state, -9_200, 60_200);
    blockAt(state, -8_000, 60_300);
    expect(slotsOf(state)).toEqual([60_100 * MICRO, 0, 60_300 * MICRO]);
    expect(state.instruments.must(1 as InstrumentId).state).toBe(INSTRUMENT_STATE.open);
  });

  test('a stale index fills nothing', () => {
    const { state } = setup();
    blockAt(state, -9_000, 60_000);
    blockAt(state, -3_000);
    expect(slotsOf(state)).toEqual([0, 60_000 * MICRO]);
  });

  test('a tenth missing is carried from the last; delivery is the mean', () => {
    const { state } = setup();
    sampleAll(state, (slot) => (slot === 4 ? undefined : 60_000 + slot * 10));
    // Slot 4 has a block, but the index of slot 3 is still fresh and is what the chain knows.
    const context = blockAt(state, 0, 99_999);
    expect(windowOf(state).deliveryPrice).toBe((60_000 + 44) * MICRO);
    expect(context.events.find(({ selector }) => selector === EVENT.delivery)?.value).toEqual({
      underlying: BTC.id,
      expiry: EXPIRY,
      deliveryPrice: 60_044 * MICRO,
    });
  });

  test('one missing block of ten: the slot carries the sample before it', () => {
    const { state } = setup();
    for (let slot = 0; slot < 10; slot++) {
      if (slot !== 4) blockAt(state, (slot - 10) * 1_000, 60_000 + slot * 10);
    }
    blockAt(state, 0, 60_000);
    expect(windowOf(state).deliveryPrice).toBe((60_000 + 44) * MICRO);
  });

  test('more missing: trading ends at expiry, the window is extended by what is missing', () => {
    const { state, call } = setup();
    for (let slot = 0; slot < 7; slot++) blockAt(state, (slot - 10) * 1_000, 60_000);
    blockAt(state, 0, 61_000);
    expect(windowOf(state).slots).toBe(13);
    expect(state.instruments.must(call).state).toBe(INSTRUMENT_STATE.expired);
    expect(windowOf(state).deliveryPrice).toBe(0);
    // Valued at the expected delivery meanwhile: 10 slots of 60,000, three to come.
    blockAt(state, 1_000, 61_000);
    blockAt(state, 2_000, 61_000);
    const context = blockAt(state, 3_000);
    expect(windowOf(state).decided).toBe(13);
    const mean = (10 * 60_000 + 3 * 61_000) / 13;
    expect(windowOf(state).deliveryPrice / 100).toBe(Math.round((mean * MICRO) / 100));
    expect(context.events.some(({ selector }) => selector === EVENT.delivery)).toBe(true);
  });

  test('extended to twice its length at most, then what there is decides', () => {
    const { state } = setup();
    blockAt(state, -10_000, 60_000);
    blockAt(state, 9_999);
    expect(windowOf(state).deliveryPrice).toBe(0);
    blockAt(state, 10_000);
    expect(windowOf(state).slots).toBe(20);
    expect(windowOf(state).deliveryPrice).toBe(60_000 * MICRO);
  });

  test('without any sample it waits for the next fresh index, however long', () => {
    const { state } = setup();
    blockAt(state, 3_600_000);
    expect(windowOf(state).deliveryPrice).toBe(0);
    blockAt(state, 3_601_000, 58_000);
    expect(windowOf(state).deliveryPrice).toBe(58_000 * MICRO);
  });
});

describe('delivery price', () => {
  test.each([
    ['the plain mean', [100, 200, 300, 400], 10, 250],
    ['carried in between and at the end', [100, 0, 300], 100, 200],
    ['carried back before the first', [0, 0, 100, 300], 50, 150],
    ['rounded half up to the grid', [100, 100, 100, 160], 10, 120],
    ['rounded down below the half', [100, 100, 100, 156], 10, 110],
    ['at least one step', [1, 1, 1, 1], 100, 100],
  ])('%s', (_, samples, grid, price) => {
    expect(deliveryPrice(windowSums(samples, 4), grid)).toBe(price);
  });

  test('expected: the slots so far, the forward for the rest', () => {
    expect(expectedDelivery(windowSums([], 4), 700)).toBe(700);
    // A slot that was missed in between is carried once the next sample decides it.
    expect(expectedDelivery(windowSums([100, 0, 400], 4), 200)).toBe(200);
  });
});

describe('payment', () => {
  test.each([
    // One coin of a call at 60,000 delivered at 61,000: $1,000 less 1.5 bp of $61,000.
    ['call in the money, long', INSTRUMENT_KIND.call, 61_000, 100, 1_000, 9.15],
    ['its writer pays the payoff and no fee', INSTRUMENT_KIND.call, 61_000, -100, -1_000, 0],
    ['put out of the money', INSTRUMENT_KIND.put, 61_000, 100, 0, 0],
    ['put in the money', INSTRUMENT_KIND.put, 59_000, 100, 1_000, 8.85],
    // 12.5 % of a payoff of $4 is less than 1.5 bp of $60,004.
    ['fee at its cap', INSTRUMENT_KIND.call, 60_004, 100, 4, 0.5],
    ['fee rounded up: 1.5 bp of $610.0001', INSTRUMENT_KIND.call, 61_000.01, 1, 10.0001, 0.091501],
  ])('%s', (_, kind, delivered, lots, cash, fee) => {
    const state = testState();
    const id = addSeries(state, { underlying: BTC.id, kind, expiry: EXPIRY, strikeUsd: 60_000 });
    const instrument = {
      ...state.instruments.must(id),
      deliveryPrice: Math.round(delivered * MICRO),
    };
    const payment = settlementPayment(BTC, instrument, lots);
    expect(Number(payment.cash)).toBe(Math.round(cash * MICRO));
    expect(Number(payment.fee)).toBe(Math.round(fee * MICRO));
  });

  test('a whole life: delivered, paid, fee taken, everything forgotten that must be', () => {
    const { state, call, put, buyer, writer } = setup();
    sampleAll(state, () => 61_000);
    const context = blockAt(state, 0, 61_000);
    expect(usd(state, buyer)).toBe(1_000 + 1_000 - 9.15);
    expect(usd(state, writer)).toBe(100_000 - 1_000);
    expect(usd(state, MODULE.fees)).toBe(9.15);
    expect(usd(state, MODULE.clearing)).toBe(0);
    expect(conservationProblems(state)).toEqual([]);
    for (const id of [call, put]) {
      expect(state.instruments.must(id)).toMatchObject({
        state: INSTRUMENT_STATE.settled,
        openInterest: 0,
        deliveryPrice: 61_000 * MICRO,
      });
      expect(state.derived.marks.byInstrument.has(id)).toBe(false);
    }
    expect(state.positions.size + state.markInputs.size + state.surfaceSlices.size).toBe(0);
    expect(liveExpiries(state, BTC.id)).toEqual([]);
    const selectors = context.events.map(({ selector }) => selector);
    expect(selectors.filter((s) => s === EVENT.settled).length).toBe(4);
    expect(selectors.filter((s) => s === EVENT.instrumentSettled).length).toBe(2);
  });

  test('from delivery to payment a series is marked at its payoff', () => {
    const { state, call, put } = setup({ settlementsPerBlock: 1 });
    sampleAll(state, () => 61_000);
    blockAt(state, 0, 61_000);
    expect(state.derived.marks.byInstrument.get(call)).toMatchObject({
      price: 1_000 * MICRO,
      delta: 0,
      volatility: 0,
      index: 61_000 * MICRO,
    });
    expect(state.derived.marks.byInstrument.get(put)?.price).toBe(0);
    // Later indexes change nothing.
    blockAt(state, 1_500, 70_000);
    expect(state.derived.marks.byInstrument.get(put)?.price).toBe(0);
  });

  test('several late expiries are settled in the order of their expiry', () => {
    const state = testState({ parameters: PARAMETERS });
    const add = (underlying: typeof BTC.id, expiry: number): InstrumentId =>
      addSeries(state, {
        underlying,
        kind: INSTRUMENT_KIND.call,
        expiry: timestampMs(expiry),
        strikeUsd: 100,
      });
    const late = add(BTC.id, EXPIRY + 1_000);
    const early = add(ETH.id, EXPIRY);
    const first = add(BTC.id, EXPIRY);
    for (const id of [BTC.id, ETH.id]) {
      state.indexPrices.set(id, {
        underlying: id,
        index: 100 * MICRO,
        confidenceBps: 0,
        updatedAt: timestampMs(EXPIRY + 60_000),
      });
    }
    const context = blockAt(state, 60_000);
    const settled = context.events.flatMap((event) =>
      event.selector === EVENT.instrumentSettled ? [event.value.instrument] : [],
    );
    expect(settled).toEqual([first, early, late]);
  });

  test('settled expiries are kept for a while, then forgotten', () => {
    const state = testState({ parameters: PARAMETERS, underlyings: [BTC] });
    const rounds = SETTLED_EXPIRIES_KEPT + 3;
    for (let round = 0; round < rounds; round++) {
      addSeries(state, {
        underlying: BTC.id,
        kind: INSTRUMENT_KIND.call,
        expiry: timestampMs(EXPIRY + round * 60_000),
        strikeUsd: 60_000,
      });
      blockAt(state, round * 60_000 + 30_000, 60_000);
    }
    expect(state.settlements.size).toBe(SETTLED_EXPIRIES_KEPT);
    expect(state.settlementSamples.size).toBe(SETTLED_EXPIRIES_KEPT);
    expect(state.instruments.sortedKeys()).toEqual(
      Array.from(
        { length: SETTLED_EXPIRIES_KEPT },
        (_, i) => i + 1 + rounds - SETTLED_EXPIRIES_KEPT,
      ),
    );
  });
});

test('money is conserved at every block, whatever is held, and a reload goes on alike', () => {
  const trade = fc.record({
    buyer: fc.integer({ min: 0, max: 5 }),
    writer: fc.integer({ min: 0, max: 5 }),
    series: fc.integer({ min: 0, max: 3 }),
    lots: fc.integer({ min: 1, max: 5_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(trade, { maxLength: 25 }),
      fc.integer({ min: 40_000_000_000, max: 80_000_000_000 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 0, max: 6 }),
      (trades, delivered, settlementsPerBlock, reloadAfter) => {
        let state = testState({ parameters: { ...PARAMETERS, settlementsPerBlock } });
        const ids = [50_000, 70_000].flatMap((strikeUsd) =>
          [INSTRUMENT_KIND.call, INSTRUMENT_KIND.put].map((kind) =>
            addSeries(state, { underlying: BTC.id, kind, expiry: EXPIRY, strikeUsd }),
          ),
        );
        const holders = Array.from({ length: 6 }, (_, i) => fundedPortfolio(state, i, 10_000n));
        blockAt(state, -20_000, 60_000);
        for (const { buyer, writer, series, lots } of trades) {
          const [id, long, short] = [ids[series], holders[buyer], holders[writer]];
          if (id === undefined || long === undefined || short === undefined) continue;
          changePosition(state, long, id, lots);
          changePosition(state, short, id, -lots);
        }
        sampleAll(state, () => delivered / MICRO);
        let blocks = 0;
        while (liveExpiries(state, BTC.id).length > 0) {
          if (blocks === reloadAfter) state = reloaded(state);
          const context = blockAt(state, 100 * blocks, delivered / MICRO);
          const paid = context.events.filter(({ selector }) => selector === EVENT.settled).length;
          expect(paid).toBeLessThanOrEqual(settlementsPerBlock);
          expect(conservationProblems(state)).toEqual([]);
          blocks += 1;
        }
        expect(state.positions.size).toBe(0);
        expect(balanceOf(state, MODULE.clearing, DENOMINATION.usd)).toBe(0n);
      },
    ),
    { numRuns: 60 },
  );
});

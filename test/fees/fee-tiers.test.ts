/** Tiers, volume windows, rebates. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountId, timestampMs } from '../../runtime/core/units.ts';
import {
  type FeeTier,
  feeTiersProblem,
  makerRate,
  takerRate,
  tierOfVolume,
} from '../../runtime/fees/fee-tiers.ts';
import { makerFeeOf, tradeFee } from '../../runtime/fees/trade-fee.ts';
import {
  addVolume,
  dayOf,
  notionalCents,
  recentVolumeCents,
  tierOf,
} from '../../runtime/fees/trading-volume.ts';
import { DAY_MS } from '../../runtime/options/calendar.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, MICRO, nextBlock, reloaded, START, testState } from '../fixtures/state.ts';

const TIERS: readonly FeeTier[] = [
  { fromVolumeUsd: 1_000_000, makerShareBps: 5_000, takerShareBps: 9_000 },
  { fromVolumeUsd: 10_000_000, makerShareBps: -5_000, takerShareBps: 3_333 },
];

describe('tiers', () => {
  test.each([
    [0, 0],
    [999_999, 0],
    [1_000_000, 1],
    [9_999_999, 1],
    [10_000_000, 2],
  ])('$%d is tier %d', (volume, tier) => expect(tierOfVolume(TIERS, volume)).toBe(tier));

  test('rates are shares of the base: fees rounded up, rebates down', () => {
    expect([0, 1, 2].map((tier) => makerRate(TIERS, tier, 101))).toEqual([101, 51, -50]);
    expect([0, 1, 2].map((tier) => takerRate(TIERS, tier, 300))).toEqual([300, 270, 100]);
    // A tier that the chain has no more is the base.
    expect(makerRate([], 2, 101)).toBe(101);
  });

  test.each([
    ['volumes that do not ascend', [{ fromVolumeUsd: 0, makerShareBps: 1, takerShareBps: 1 }]],
    ['a share above the base', [{ fromVolumeUsd: 1, makerShareBps: 10_001, takerShareBps: 1 }]],
    ['a rebate above the base', [{ fromVolumeUsd: 1, makerShareBps: -10_001, takerShareBps: 1 }]],
    ['a negative taker share', [{ fromVolumeUsd: 1, makerShareBps: 1, takerShareBps: -1 }]],
    [
      'a share that rises',
      [
        { fromVolumeUsd: 1, makerShareBps: 1, takerShareBps: 1 },
        { fromVolumeUsd: 2, makerShareBps: 1, takerShareBps: 2 },
      ],
    ],
    [
      'nine tiers',
      Array.from({ length: 9 }, (_, i) => ({
        fromVolumeUsd: i + 1,
        makerShareBps: 0,
        takerShareBps: 0,
      })),
    ],
  ])('refuses %s', (_, tiers) => expect(feeTiersProblem(tiers)).toBeDefined());

  test('accepts none, and those above', () => {
    expect(feeTiersProblem([])).toBeUndefined();
    expect(feeTiersProblem(TIERS)).toBeUndefined();
  });
});

describe('rebates', () => {
  const fill = { underlying: BTC, index: 100_000 * MICRO, lots: 100, premium: 5_000_000_000n };

  test('a share of notional, and never above the fee of the taker in the same fill', () => {
    // 1 BTC at $100,000: 1 bp is $10.
    expect(makerFeeOf({ ...fill, centiBps: -100 }, 30_000_000n)).toBe(-10_000_000n);
    expect(makerFeeOf({ ...fill, centiBps: -100 }, 4_000_000n)).toBe(-4_000_000n);
    expect(makerFeeOf({ ...fill, centiBps: 100 }, 4_000_000n)).toBe(10_000_000n);
    expect(makerFeeOf({ ...fill, index: 1, lots: 1, centiBps: -100 }, 9n)).toBe(-0n);
  });

  test('fees: at most the cap and the base; rebates: at most what the taker pays', () => {
    fc.assert(
      fc.property(
        fc.record({
          lots: fc.integer({ min: 1, max: 1_000_000_000 }),
          index: fc.integer({ min: 1, max: 10 ** 14 }),
          premium: fc.bigInt({ min: 0n, max: 10n ** 20n }),
        }),
        fc.constantFrom(0, 1, 2),
        fc.constantFrom(0, 1, 2),
        fc.integer({ min: 0, max: 10_000 }),
        (facts, makerTier, takerTier, base) => {
          const at = (centiBps: number) => ({ ...facts, underlying: BTC, centiBps });
          const takerFee = tradeFee(at(takerRate(TIERS, takerTier, base)));
          const makerFee = makerFeeOf(at(makerRate(TIERS, makerTier, base)), takerFee);
          const cap = (facts.premium * 1_250n + 9_999n) / 10_000n;
          const most = tradeFee(at(base));
          expect(takerFee >= 0n && takerFee <= cap && takerFee <= most).toBe(true);
          expect(makerFee <= cap && makerFee <= most && -makerFee <= takerFee).toBe(true);
          expect(makerFee + takerFee >= 0n).toBe(true);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

test.each([
  // 0.01 BTC at $100,000; at 1 micro-USD less; a cent's fraction; 10⁹ lots.
  [1, 100_000 * MICRO, 100_000],
  [1, 100_000 * MICRO - 1, 99_999],
  [3, 1_000_000, 3],
  [1_000_000_000, 100_000 * MICRO, 100_000_000_000_000],
])('notional of %d lots at %d micro-USD: %d cents', (lots, index, cents) => {
  expect(notionalCents(BTC, lots, index)).toBe(cents);
});

describe('volume', () => {
  const alice = accountId(2_000);

  test('a tier holds from the UTC day after its volume, for 30 days', () => {
    const state = testState();
    state.feeSchedule.set(SINGLETON_KEY, { tiers: [...TIERS] });
    const context = nextBlock(state);
    addVolume(state, context, alice, 1_000_000_00);
    const tierIn = (days: number): number =>
      tierOf(state, alice, timestampMs((dayOf(context.timestamp) + days) * DAY_MS));
    expect([0, 1, 2, 30, 31].map(tierIn)).toEqual([0, 1, 1, 1, 0]);
    expect(tierOf(state, accountId(2_001), context.timestamp)).toBe(0);
  });

  test('equals a naive sum over the days, whenever it is looked at, and survives a reload', () => {
    const trade = fc.record({
      afterMs: fc.oneof(
        fc.integer({ min: 0, max: DAY_MS }),
        fc.integer({ min: 0, max: 40 * DAY_MS }),
      ),
      cents: fc.integer({ min: 0, max: 10 ** 11 }),
    });
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 40 }), (trades) => {
        let state = testState();
        state.feeSchedule.set(SINGLETON_KEY, { tiers: [...TIERS] });
        const history: { day: number; cents: number }[] = [];
        for (const [i, { afterMs, cents }] of trades.entries()) {
          const context = nextBlock(state, afterMs);
          const today = dayOf(context.timestamp);
          const sum = (from: number, to: number): number =>
            history.reduce((s, t) => (t.day >= from && t.day <= to ? s + t.cents : s), 0);
          const before = Math.floor(sum(today - 30, today - 1) / 100);
          expect(tierOf(state, alice, context.timestamp)).toBe(tierOfVolume(TIERS, before));
          addVolume(state, context, alice, cents);
          history.push({ day: today, cents });
          expect(recentVolumeCents(state, alice, context.timestamp)).toBe(sum(today - 30, today));
          expect(tierOf(state, alice, context.timestamp)).toBe(tierOfVolume(TIERS, before));
          if (i % 8 === 7) state = reloaded(state);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('saturates, and stays exact for the codec', () => {
    const state = testState();
    for (let day = 0; day < 32; day++) {
      const context = nextBlock(state, DAY_MS);
      addVolume(state, context, alice, Number.MAX_SAFE_INTEGER);
    }
    const now = timestampMs(START + 32 * DAY_MS);
    expect(recentVolumeCents(state, alice, now)).toBe(31 * 2 ** 48);
    expect(recentVolumeCents(reloaded(state), alice, now)).toBe(31 * 2 ** 48);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestStrikes } from '../../devnet/bots/market-view.ts';
import { quoteFuture, quoteSeries, quoteSize } from '../../devnet/bots/quote.ts';
import type { InstrumentInfo } from '../../node/rpc/schemas/market.ts';

const call = { mark: 50, delta: 0.5, volatility: 0.6, index: 64_000, inventoryDelta: 0, tick: 1 };

describe('quotes of a perpetual', () => {
  test('stand 2 bp around the mark, moved against the inventory by ½ bp a coin, at most 20', () => {
    const flat = { mark: 100_000, inventory: 0, tick: 0.5 };
    expect(quoteFuture(flat)).toEqual({ bid: 199_960, ask: 200_040 });
    expect(quoteFuture({ ...flat, inventory: 2 })).toEqual({ bid: 199_940, ask: 200_020 });
    expect(quoteFuture({ ...flat, inventory: -1_000 })).toEqual({ bid: 200_360, ask: 200_440 });
  });
});

describe('quotes', () => {
  test('without inventory they stand about 4 % on either side of the mark', () => {
    // v = (0.6 · 64,000)² / 525,600 = 2,805 USD²; h = ½·0.001·0.25·2805 + 1000·ln(1.002) = 2.35.
    expect(quoteSeries(call)).toEqual({ bid: 47, ask: 53 });
  });

  test('a long inventory lowers calls and raises puts', () => {
    const flat = quoteSeries(call);
    const long = quoteSeries({ ...call, inventoryDelta: 4 });
    expect(long.ask).toBeLessThan(flat.ask);
    const put = { ...call, delta: -0.5 };
    expect(quoteSeries({ ...put, inventoryDelta: 4 }).bid).toBeGreaterThan(
      quoteSeries(put).bid ?? 0,
    );
  });

  test('never cross, never bid at or below zero', () => {
    const input = fc.record({
      mark: fc.double({ min: 0, max: 5_000, noNaN: true }),
      delta: fc.double({ min: -1, max: 1, noNaN: true }),
      volatility: fc.double({ min: 0, max: 3, noNaN: true }),
      index: fc.double({ min: 100, max: 200_000, noNaN: true }),
      inventoryDelta: fc.double({ min: -100, max: 100, noNaN: true }),
      tick: fc.constantFrom(1, 0.1),
    });
    fc.assert(
      fc.property(input, (given) => {
        const { bid, ask } = quoteSeries(given);
        expect(ask).toBeGreaterThanOrEqual(1);
        if (bid === undefined) return;
        expect(bid).toBeGreaterThanOrEqual(1);
        expect(bid).toBeLessThan(ask);
      }),
    );
  });

  test('sizes are those of a hundredth of the recorded levels, in bounds', () => {
    expect(quoteSize(0, 1)).toBeCloseTo(0.45);
    expect(quoteSize(-9, 1)).toBe(0.1);
    expect(quoteSize(9, 20)).toBe(30);
  });

  test('the strikes nearest to the index are followed, of every expiry', () => {
    const listed = [1, 2].flatMap((expiry) =>
      [90, 95, 100, 105, 110].flatMap((strike) =>
        ['call', 'put'].map((type) => ({
          instrument_name: `${expiry}-${strike}-${type}`,
          expiration_timestamp: expiry,
          strike,
        })),
      ),
    ) as unknown as InstrumentInfo[];
    const names = nearestStrikes(listed, 103, 1).map((one) => one.instrument_name);
    expect(names).toHaveLength(12);
    expect(names).toContain('2-110-put');
    expect(names).not.toContain('1-95-call');
  });
});

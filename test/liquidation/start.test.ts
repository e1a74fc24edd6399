/** When an account goes under auction, and when it is free again. */
import { describe, expect, test } from 'vitest';
import { EVENT } from '../../runtime/event.ts';
import { LIQUIDATION_KIND } from '../../runtime/liquidation/liquidation.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { MICRO } from '../fixtures/state.ts';
import { place, problemsOf, seriesNamed } from '../matching/market.ts';
import { type Arena, arena, markedBlock, quietBlock, rowOf } from './arena.ts';

/** One BTC of calls sold at the money: the mark is near $5,700, maintenance $9,000 above it. */
const SHORT_CALLS = { dollars: 16_000, lots: { near100000C: -100 } };

/** The kind of Alice's row, by name. */
function kindOf(market: Arena): string | undefined {
  const kind = rowOf(market, market.alice)?.kind;
  return Object.entries(LIQUIDATION_KIND).find(([, number]) => number === kind)?.[0];
}

describe('an account', () => {
  test('above maintenance is left alone', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 100_000);
    markedBlock(market, 100_000);
    expect(excessOf(market.state, market.alice).bare).toBeGreaterThan(0n);
    expect(market.state.liquidations.size).toBe(0);
  });

  test('short at one mark is watched, at the next under auction', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 104_000);
    expect(kindOf(market)).toBe('watched');
    quietBlock(market);
    expect(kindOf(market)).toBe('watched');
    markedBlock(market, 104_000);
    expect(kindOf(market)).toBe('solvent');
    expect(rowOf(market, market.alice)?.auction).toBeGreaterThan(0);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('short at one mark and not at the next is forgotten', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 104_000);
    markedBlock(market, 100_000);
    expect(kindOf(market)).toBeUndefined();
    markedBlock(market, 104_000);
    expect(kindOf(market)).toBe('watched');
  });

  test('under auction is free again at the first mark at which it is above maintenance', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 104_000);
    markedBlock(market, 104_000);
    markedBlock(market, 100_000);
    expect(kindOf(market)).toBeUndefined();
    expect(market.context.events.map(({ selector }) => selector)).toContain(EVENT.liquidationEnded);
  });

  test('of negative value is insolvent', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 120_000);
    markedBlock(market, 120_000);
    expect(kindOf(market)).toBe('insolvent');
  });

  test('loses its orders when its auction begins', () => {
    const market = arena({ ...SHORT_CALLS, dollars: 40_000 });
    const instrument = seriesNamed(market, 'near110000C');
    const { price } = market.state.derived.marks.byInstrument.get(instrument) ?? { price: 0 };
    const bid = { instrument, side: 'buy', price: Math.floor(price / MICRO), lots: 1 } as const;
    expect(place(market, market.alice, bid).ok).toBe(true);
    markedBlock(market, 128_000);
    expect(openOrdersOf(market.state, market.alice)).toHaveLength(1);
    markedBlock(market, 128_000);
    expect(kindOf(market)).toBe('solvent');
    expect(openOrdersOf(market.state, market.alice)).toEqual([]);
  });

  test('is left alone while the oracle is out, and the price of its auction stands still', () => {
    const market = arena(SHORT_CALLS);
    markedBlock(market, 104_000);
    markedBlock(market, 104_000);
    quietBlock(market, 3_000);
    quietBlock(market, 3_000);
    const pausedAt = market.context.timestamp;
    expect(rowOf(market, market.alice)?.pausedAt).toBe(pausedAt);
    quietBlock(market, 3_600_000);
    expect(rowOf(market, market.alice)?.pausedAt).toBe(pausedAt);
    markedBlock(market, 104_000);
    const row = rowOf(market, market.alice);
    expect(row?.pausedAt).toBe(0);
    // Of an hour and seven seconds the six before the outage count.
    expect(market.context.timestamp - (row?.startedAt ?? 0)).toBe(6_000);
  });
});

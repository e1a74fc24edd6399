/** Rules of a market on its orders: prices, sizes, positions, accounts, open interest. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import {
  accountId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
  subAccount,
} from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import {
  accountLots,
  rebuildOpenInterest,
  underlyingOpenInterest,
} from '../../runtime/rules/exposure.ts';
import { openInterestRise } from '../../runtime/rules/open-interest.ts';
import { clipToBand } from '../../runtime/rules/price-band.ts';
import { isOnTick } from '../../runtime/rules/tick-table.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, fundedPortfolio, reloaded } from '../fixtures/state.ts';
import { codeOf, type Market, place, seriesNamed, testMarket } from '../matching/market.ts';

function marketWith(rules: Partial<Underlying>): Market {
  const market = testMarket();
  market.state.underlyings.set(BTC.id, { ...BTC, ...rules });
  return market;
}

function trader(market: Market, n: number): PortfolioId {
  return fundedPortfolio(market.state, n, 10_000_000n);
}

/** A second sub-account of a portfolio's account, funded. */
function sibling(market: Market, portfolio: PortfolioId): PortfolioId {
  const other = portfolioId(portfolioAccount(portfolio), subAccount(1));
  mint(market.state, other, 0, 10_000_000_000_000n);
  return other;
}

const NAME = 'near100000C';
const buy = (market: Market, by: PortfolioId, lots: number, price = 5_700) =>
  place(market, by, { instrument: seriesNamed(market, NAME), side: 'buy', price, lots });
const sell = (market: Market, by: PortfolioId, lots: number, price = 5_700) =>
  place(market, by, { instrument: seriesNamed(market, NAME), side: 'sell', price, lots });

describe('prices', () => {
  const ticks = [
    { from: 0, multiple: 1 },
    { from: 500, multiple: 5 },
    { from: 5_000, multiple: 50 },
  ];

  test('off the grid: price_not_on_tick, with the next valid price below', () => {
    const market = marketWith({ optionTicks: ticks });
    const alice = trader(market, 1);
    const refused = buy(market, alice, 1, 5_730);
    expect(refused).toEqual({
      ok: false,
      error: { code: 'price_not_on_tick', given: 5_730n, allowed: 5_700n },
    });
    expect(codeOf(buy(market, alice, 1, 5_750))).toBe('ok');
  });

  test('the band ends on the grid, outside of the band without one', () => {
    const plain = testMarket();
    const market = marketWith({ optionTicks: ticks });
    for (const name of Object.keys(market.series)) {
      const id = seriesNamed(market, name);
      const fine = priceBand(plain.state, plain.context, id);
      const band = priceBand(market.state, market.context, id);
      if (band === undefined || fine === undefined) throw new Error('no band');
      expect(isOnTick(ticks, band.low) && isOnTick(ticks, band.high)).toBe(true);
      expect(band.low).toBeLessThanOrEqual(fine.low);
      expect(band.high).toBeGreaterThanOrEqual(fine.high);
    }
  });

  test('a market order is cut to the band on its own side', () => {
    const market = testMarket();
    const band = priceBand(market.state, market.context, seriesNamed(market, NAME));
    if (band === undefined) throw new Error('no band');
    expect(clipToBand(band, SIDE.buy, 1_000_000)).toBe(band.high);
    expect(clipToBand(band, SIDE.sell, 0)).toBe(band.low);
    expect(clipToBand(band, SIDE.buy, band.high - 1)).toBe(band.high - 1);
    // A bound beyond the other end stays: it meets nothing.
    expect(clipToBand(band, SIDE.buy, 1)).toBe(1);
  });
});

describe('sizes', () => {
  test('between the bounds, both allowed', () => {
    const market = marketWith({ minOrderLots: 5, maxOrderLots: 20 });
    const alice = trader(market, 1);
    expect([4, 5, 20, 21].map((lots) => codeOf(buy(market, alice, lots)))).toEqual([
      'below_min_size',
      'ok',
      'ok',
      'above_max_size',
    ]);
  });

  test('a smaller position can be closed whole', () => {
    const market = marketWith({});
    const [alice, bob] = [trader(market, 1), trader(market, 2)];
    sell(market, bob, 3);
    buy(market, alice, 3);
    market.state.underlyings.set(BTC.id, { ...BTC, minOrderLots: 5 });
    expect(codeOf(sell(market, alice, 2))).toBe('below_min_size');
    expect(codeOf(buy(market, alice, 3))).toBe('below_min_size');
    expect(codeOf(sell(market, alice, 3))).toBe('ok');
  });
});

describe('position_limit', () => {
  test('counts open orders of the side; closing is free', () => {
    const market = marketWith({ maxPositionLots: 10 });
    const [alice, bob] = [trader(market, 1), trader(market, 2)];
    expect(codeOf(buy(market, alice, 6))).toBe('ok');
    expect(buy(market, alice, 5)).toEqual({
      ok: false,
      error: { code: 'position_limit', given: 11n, allowed: 10n },
    });
    expect(codeOf(buy(market, alice, 4))).toBe('ok');
    expect(codeOf(sell(market, bob, 10))).toBe('ok');
    // Long 10: a lowered limit refuses more, not less.
    market.state.underlyings.set(BTC.id, { ...BTC, maxPositionLots: 5 });
    expect(codeOf(buy(market, alice, 1))).toBe('position_limit');
    expect(codeOf(sell(market, alice, 10))).toBe('ok');
  });
});

describe('account_limit', () => {
  test('counts positions and orders of every sub-account and series', () => {
    const market = marketWith({ maxAccountLots: 10 });
    const [alice, bob] = [trader(market, 1), trader(market, 2)];
    const second = sibling(market, alice);
    expect(codeOf(buy(market, alice, 4))).toBe('ok');
    sell(market, bob, 3);
    expect(accountLots(market.state, portfolioAccount(alice), BTC.id)).toBe(4);
    const put = {
      instrument: seriesNamed(market, 'far100000P'),
      side: 'buy',
      price: 8_000,
    } as const;
    expect(place(market, second, { ...put, lots: 7 })).toEqual({
      ok: false,
      error: { code: 'account_limit', given: 11n, allowed: 10n },
    });
    expect(codeOf(place(market, second, { ...put, lots: 6 }))).toBe('ok');
    // Full, and closing still goes.
    expect(codeOf(buy(market, alice, 1))).toBe('account_limit');
    expect(codeOf(sell(market, alice, 3, 5_800))).toBe('ok');
    // Also when the limit is below what is held.
    market.state.underlyings.set(BTC.id, { ...BTC, maxAccountLots: 1 });
    expect(codeOf(sell(market, bob, 1))).toBe('account_limit');
    expect(codeOf(buy(market, bob, 3, 5_600))).toBe('ok');
  });
});

/** Alice long 10 lots, Bob short 10. */
function full(rules: Partial<Underlying>) {
  const market = marketWith(rules);
  const [alice, bob, carol] = [1, 2, 3].map((n) => trader(market, n));
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error();
  expect(codeOf(sell(market, bob, 10))).toBe('ok');
  expect(codeOf(buy(market, alice, 10))).toBe('ok');
  return { market, alice, bob, carol };
}

describe('open interest', () => {
  test.each([
    ['open_interest_limit', { maxSeriesOpenInterestLots: 10 }],
    ['underlying_open_interest_limit', { maxOpenInterestLots: 10 }],
  ] as const)('%s: what opens on both sides is refused, all else is not', (code, rules) => {
    const { market, alice, bob, carol } = full(rules);
    expect(codeOf(sell(market, bob, 4, 5_750))).toBe('ok');
    expect(buy(market, carol, 2, 5_750)).toEqual({
      ok: false,
      error: { code, given: 12n, allowed: 10n },
    });
    // Alice sells what she has to Carol: open interest stays.
    expect(codeOf(sell(market, alice, 4))).toBe('ok');
    expect(codeOf(buy(market, carol, 4))).toBe('ok');
    expect(underlyingOpenInterest(market.state, BTC.id)).toBe(10);
    // A maker who closes may be taken by one who opens.
    expect(codeOf(buy(market, bob, 3, 5_650))).toBe('ok');
    expect(codeOf(sell(market, alice, 3, 5_650))).toBe('ok');
    expect(underlyingOpenInterest(market.state, BTC.id)).toBe(7);
    expect(codeOf(buy(market, carol, 3, 5_750))).toBe('ok');
    expect(underlyingOpenInterest(market.state, BTC.id)).toBe(10);
    // A limit below what is open: what passes a position on is still allowed.
    market.state.underlyings.set(BTC.id, {
      ...BTC,
      maxSeriesOpenInterestLots: 5,
      maxOpenInterestLots: 5,
    });
    expect(codeOf(sell(market, carol, 2, 5_650))).toBe('ok');
    expect(codeOf(buy(market, alice, 2, 5_650))).toBe('ok');
    expect(underlyingOpenInterest(market.state, BTC.id)).toBe(10);
  });
});

test('open interest that a trade raises, also by several fills of one portfolio', () => {
  const { market, alice, bob, carol } = full({});
  const instrument = market.state.instruments.must(seriesNamed(market, NAME));
  const rise = (...changes: (readonly [PortfolioId, number])[]): number =>
    openInterestRise(
      market.state,
      instrument,
      changes.map(([portfolio, lots]) => ({ portfolio, lots })),
    );
  // Alice is long 10, Bob short 10.
  expect(rise([carol, 4], [bob, -4])).toBe(4);
  expect(rise([carol, 4], [alice, -4])).toBe(0);
  expect(rise([bob, 4], [alice, -4])).toBe(-4);
  expect(rise([bob, 6], [carol, -6], [bob, 6], [carol, -6])).toBe(2);
  expect(rise([carol, 6], [alice, -6], [carol, 6], [alice, -6])).toBe(2);
});

describe('precedence', () => {
  test('each fault in turn, the earlier first', () => {
    const market = marketWith({
      optionTicks: [{ from: 0, multiple: 50 }],
      minOrderLots: 10,
      maxOrderLots: 100,
      maxPositionLots: 50,
      maxAccountLots: 20,
      maxSeriesOpenInterestLots: 10,
    });
    const [alice, bob] = [trader(market, 1), trader(market, 2)];
    const poor = portfolioId(accountId(5_000), subAccount(0));
    sell(market, bob, 15);
    const tries: readonly (readonly [PortfolioId, number, number])[] = [
      [poor, 5_730, 5],
      [poor, 50_000, 5],
      [poor, 5_700, 5],
      [poor, 5_700, 101],
      [poor, 5_700, 60],
      [poor, 5_700, 30],
      [poor, 5_700, 15],
      [poor, 5_700, 10],
      [alice, 5_700, 10],
    ];
    expect(tries.map(([by, price, lots]) => codeOf(buy(market, by, lots, price)))).toEqual([
      'price_not_on_tick',
      'price_band',
      'below_min_size',
      'above_max_size',
      'position_limit',
      'account_limit',
      'open_interest_limit',
      'insufficient_cash',
      'ok',
    ]);
  });
});

test('after any history no limit is broken, and counters equal sums over the tables', () => {
  const step = fc.record({
    by: fc.integer({ min: 0, max: 3 }),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: fc.integer({ min: 113, max: 115 }),
    lots: fc.integer({ min: 1, max: 12 }),
    series: fc.constantFrom(NAME, 'near100000P'),
  });
  const limits = { maxSeriesOpenInterestLots: 18, maxOpenInterestLots: 24, maxAccountLots: 30 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const market = marketWith({
        ...limits,
        maxPositionLots: 15,
        optionTicks: [{ from: 0, multiple: 50 }],
      });
      const first = trader(market, 1);
      const portfolios = [first, sibling(market, first), trader(market, 2), trader(market, 3)];
      for (const { by, side, price, lots, series } of steps) {
        const portfolio = portfolios[by];
        if (portfolio === undefined) continue;
        const instrument = seriesNamed(market, series);
        place(market, portfolio, { instrument, side, price: price * 50, lots });
      }
      const { state } = market;
      const held = new Map<number, number>();
      const positions = new Map<number, number>();
      const add = (portfolio: PortfolioId, lots: number): void => {
        const account = portfolioAccount(portfolio);
        held.set(account, (held.get(account) ?? 0) + lots);
      };
      for (const [, { portfolio, lots }] of state.positions.unorderedEntries()) {
        add(portfolio, Math.abs(lots));
        const account = portfolioAccount(portfolio);
        positions.set(account, (positions.get(account) ?? 0) + Math.abs(lots));
        expect(Math.abs(lots)).toBeLessThanOrEqual(15);
      }
      for (const [, { portfolio, remaining }] of state.orders.unorderedEntries()) {
        add(portfolio, remaining);
      }
      for (const portfolio of portfolios) {
        const account = portfolioAccount(portfolio);
        expect(positions.get(account) ?? 0).toBeLessThanOrEqual(30);
        expect(accountLots(state, account, BTC.id)).toBe(held.get(account) ?? 0);
        expect(accountLots(reloaded(state), account, BTC.id)).toBe(held.get(account) ?? 0);
      }
      let all = 0;
      for (const id of state.instruments.sortedKeys()) {
        const { openInterest } = state.instruments.must(id);
        let longs = 0;
        for (const portfolio of portfolios) longs += Math.max(0, positionOf(state, portfolio, id));
        expect(openInterest).toBe(longs);
        expect(openInterest).toBeLessThanOrEqual(18);
        all += openInterest;
      }
      expect(all).toBeLessThanOrEqual(24);
      expect(underlyingOpenInterest(state, BTC.id)).toBe(all);
      rebuildOpenInterest(state);
      expect(underlyingOpenInterest(state, BTC.id)).toBe(all);
    }),
    { numRuns: runs(500) },
  );
});

import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { PortfolioId } from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { transfer } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin, bidReserve } from '../../runtime/margin/requirements.ts';
import { withdrawable } from '../../runtime/margin/withdrawable.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../runtime/oracle/update-marks.ts';
import { BTC, fundedPortfolio, MICRO, nextBlock } from '../fixtures/state.ts';
import {
  advance,
  codeOf,
  type Market,
  markAt,
  NEAR,
  place,
  problemsOf,
  seriesNamed,
  testMarket,
} from '../matching/market.ts';

const usd = (dollars: number): bigint => BigInt(dollars * MICRO);

/** A market and an account with these dollars and positions, in lots of 0.01 BTC. */
function setUp(
  dollars: bigint,
  positions: Readonly<Record<string, number>> = {},
): { market: Market; alice: PortfolioId } {
  const market = testMarket();
  const alice = fundedPortfolio(market.state, 0, dollars);
  hold(market, alice, positions);
  return { market, alice };
}

function hold(market: Market, who: PortfolioId, positions: Readonly<Record<string, number>>): void {
  for (const [name, lots] of Object.entries(positions)) {
    changePosition(market.state, who, seriesNamed(market, name), lots);
    changePosition(market.state, MODULE.insurance, seriesNamed(market, name), -lots);
  }
}

function markOf(market: Market, name: string): number {
  const mark = market.state.derived.marks.byInstrument.get(seriesNamed(market, name));
  if (mark === undefined) throw new Error(`no mark of ${name}`);
  return mark.price;
}

describe('positions, index and forward at $100,000', () => {
  test('longs need nothing and give nothing', () => {
    const { market, alice } = setUp(0n, { near100000C: 100, near90000P: 100 });
    const { initial, maintenance, bareMaintenance } = accountMargin(market.state, alice);
    expect([initial, maintenance, bareMaintenance]).toEqual([0n, 0n, 0n]);
  });

  test('a vertical spread needs its worst payoff: $10,000 a BTC', () => {
    const { market, alice } = setUp(0n, { near100000C: -100, near110000C: 100 });
    const { initial, maintenance } = accountMargin(market.state, alice);
    expect([initial, maintenance]).toEqual([usd(10_000), usd(10_000)]);
  });

  test('a spread across expiries is two expiries', () => {
    const { market, alice } = setUp(0n, { near100000C: -100, far100000C: 100 });
    // At the money: the mark and 15 % of the index.
    const mark = Math.ceil(markOf(market, 'near100000C') / 100) * 100;
    expect(accountMargin(market.state, alice).initial).toBe(BigInt(mark) + usd(15_000));
  });

  test('below 55 % confidence a short needs (1 − confidence) of the index more, initially', () => {
    const { market, alice } = setUp(0n, { near100000C: -100 });
    const sure = accountMargin(market.state, alice);
    markAt(market, 100_000, 5_500);
    expect(accountMargin(market.state, alice).initial).toBe(sure.initial);
    markAt(market, 100_000, 5_000);
    const unsure = accountMargin(market.state, alice);
    expect(unsure.initial - sure.initial).toBe(usd(50_000));
    expect(unsure.maintenance).toBe(sure.maintenance);
  });
});

describe('a holding whose sums doubles would not hold exactly', () => {
  /** 20,000 BTC: $2 billion of notional, and as much in wings. */
  const huge = { near100000C: -2_000_000, near110000C: 2_000_000 };

  test('is given a bound above its requirement, the same after a restart', () => {
    const { market, alice } = setUp(1_000n, huge);
    const { initial, maintenance, bareMaintenance } = accountMargin(market.state, alice);
    // Its width: $10,000 × 20,000.
    for (const number of [initial, maintenance, bareMaintenance]) {
      expect(number).toBeGreaterThan(usd(10_000) * 20_000n);
    }
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('may not trade, and is exact again once it is smaller', () => {
    const { market, alice } = setUp(1_000n, huge);
    const instrument = seriesNamed(market, 'near100000C');
    const price = Math.floor(markOf(market, 'near100000C') / MICRO);
    const bid = { instrument, side: 'buy', price, lots: 1 } as const;
    expect(codeOf(place(market, alice, bid))).toBe('position_limit');
    hold(market, alice, { near100000C: 1_900_000, near110000C: -1_900_000 });
    expect(accountMargin(market.state, alice).initial).toBe(usd(10_000) * 1_000n);
    expect(problemsOf(market.state)).toEqual([]);
  });
});

describe('withdrawable', () => {
  test('is the cash of who holds nothing or only longs', () => {
    const { market, alice } = setUp(1_000n, { near100000C: 5 });
    expect(withdrawable(market.state, market.context, alice)).toBe(usd(1_000));
  });

  test('leaves the initial margin of shorts and the cost of bids', () => {
    const { market, alice } = setUp(100_000n, { near100000C: -100 });
    const { initial } = accountMargin(market.state, alice);
    expect(withdrawable(market.state, market.context, alice)).toBe(usd(100_000) - initial);
    const instrument = seriesNamed(market, 'near120000C');
    const price = Math.floor(markOf(market, 'near120000C') / MICRO);
    expect(codeOf(place(market, alice, { instrument, side: 'buy', price, lots: 10 }))).toBe('ok');
    const reserved = bidReserve(market.state, alice);
    // $100,000 × 0.1 × 1 bp, or 12.5 % of the premium when that is less.
    expect(reserved).toBe(usd(price) / 10n + (usd(price) < usd(80) ? usd(price) / 80n : usd(1)));
    expect(withdrawable(market.state, market.context, alice)).toBe(
      usd(100_000) - initial - reserved,
    );
  });

  test('is nothing below initial margin, and nothing while marks are stale', () => {
    const poor = setUp(10n, { near100000C: -100 });
    expect(withdrawable(poor.market.state, poor.market.context, poor.alice)).toBe(0n);
    const { market, alice } = setUp(100_000n, { near100000C: -100 });
    const later = nextBlock(market.state, 60_000);
    expect(withdrawable(market.state, later, alice)).toBe(0n);
  });
});

/** Delivers the near expiry at a price, before anybody is paid. */
function deliver(market: Market, priceUsd: number): void {
  const { state } = market;
  const price = priceUsd * MICRO;
  for (const [name, id] of Object.entries(market.series)) {
    if (!name.startsWith('near')) continue;
    const instrument = state.instruments.must(id);
    instrument.state = INSTRUMENT_STATE.expired;
    instrument.deliveryPrice = price;
  }
  advance(market);
  const values = { index: price, forward: price, theta: 0, u: 0, l: 0, windowMs: 1_800_000 };
  setMarkInputs(state, market.context, { underlying: BTC.id, expiry: NEAR }, values);
}

describe('from delivery', () => {
  test('a short needs exactly what it owes', () => {
    const { market, alice } = setUp(0n, { near100000C: -100 });
    deliver(market, 104_000);
    const { initial, maintenance, bareMaintenance } = accountMargin(market.state, alice);
    expect([initial, maintenance, bareMaintenance]).toEqual([usd(4_000), usd(4_000), usd(4_000)]);
  });

  test('a short still owes when a long of the delivery strike was paid before it', () => {
    const { market, alice } = setUp(0n, { near100000C: 100, near90000C: -100 });
    deliver(market, 100_000);
    expect(accountMargin(market.state, alice).initial).toBe(usd(10_000));
    hold(market, alice, { near100000C: -100 });
    expect(accountMargin(market.state, alice).initial).toBe(usd(10_000));
  });

  test('what is still to be paid counts towards maintenance, the greatest fee taken off', () => {
    const { market, alice } = setUp(0n, { near100000C: 100 });
    deliver(market, 104_000);
    expect(accountMargin(market.state, alice).receivable).toBe(usd(3_500));
  });
});

describe('cancelUnsupportedOrders', () => {
  const closes = (market: Market): unknown[] =>
    market.context.events.filter((event) => event.selector === EVENT.orderClosed);

  /** Short one call on thin margin, with a bid that closes it and an ask that adds. */
  function short(): ReturnType<typeof setUp> {
    const setting = setUp(30_000n, { near100000C: -100 });
    const { market, alice } = setting;
    const instrument = seriesNamed(market, 'near100000C');
    const price = Math.floor(markOf(market, 'near100000C') / MICRO);
    const wing = seriesNamed(market, 'near120000C');
    const wingPrice = Math.floor(markOf(market, 'near120000C') / MICRO);
    for (const result of [
      place(market, alice, { instrument: wing, side: 'sell', price: wingPrice, lots: 1 }),
      place(market, alice, { instrument, side: 'buy', price: price - 500, lots: 60 }),
      place(market, alice, { instrument: wing, side: 'buy', price: wingPrice - 1, lots: 1 }),
    ]) {
      expect(codeOf(result)).toBe('ok');
    }
    return setting;
  }

  test('leaves all while maintenance margin is met', () => {
    const { market } = short();
    advance(market);
    markAt(market, 101_000);
    cancelUnsupportedOrders(market.state, market.context);
    expect(closes(market)).toEqual([]);
  });

  test('cancels what adds risk, keeps what closes', () => {
    const { market, alice } = short();
    advance(market);
    markAt(market, 118_000);
    const { cash, maintenance } = accountMargin(market.state, alice);
    expect(cash).toBeLessThan(maintenance);
    cancelUnsupportedOrders(market.state, market.context);
    const value = { reason: CLOSE_REASON.margin };
    expect(closes(market)).toEqual([
      { selector: EVENT.orderClosed, value: { ...value, orderId: 1 } },
      { selector: EVENT.orderClosed, value: { ...value, orderId: 3 } },
    ]);
    expect(market.state.orders.sortedKeys()).toEqual([2]);
    expect(problemsOf(market.state)).toEqual([]);
  });

  /** Takes dollars from an account as a settlement of this block would. */
  function charge(market: Market, from: PortfolioId, dollars: number): void {
    const instrument = seriesNamed(market, 'near100000C');
    const [to, denomination, amount] = [MODULE.clearing, DENOMINATION.usd, usd(dollars)];
    transfer(market.state, { from, to, denomination, amount, reason: 'settlement' });
    const value = { portfolio: from, instrument, cash: -amount, fee: 0n };
    market.context.events.push({ selector: EVENT.settled, value });
  }

  test('cancels a closing bid that cash no longer covers', () => {
    const { market, alice } = short();
    advance(market);
    // The bid for 0.6 BTC costs about $3,000.
    charge(market, alice, 29_000);
    cancelUnsupportedOrders(market.state, market.context);
    expect(market.state.orders.size).toBe(0);
  });

  test('cancels bids that a settlement left without cash, whatever is still to come', () => {
    const { market, alice } = setUp(1_000n, { near100000C: 100 });
    const instrument = seriesNamed(market, 'far100000C');
    const price = Math.floor(markOf(market, 'far100000C') / MICRO);
    expect(codeOf(place(market, alice, { instrument, side: 'buy', price, lots: 10 }))).toBe('ok');
    deliver(market, 104_000);
    expect(accountMargin(market.state, alice).receivable).toBe(usd(3_500));
    charge(market, alice, 900);
    cancelUnsupportedOrders(market.state, market.context);
    expect(closes(market)).toHaveLength(1);
    expect(market.state.orders.size).toBe(0);
  });

  test('keeps orders while what a delivered series still pays meets maintenance', () => {
    const { market, alice } = setUp(24_000n, { near90000C: 100, far100000C: -100 });
    const instrument = seriesNamed(market, 'far120000C');
    const price = Math.floor(markOf(market, 'far120000C') / MICRO);
    // Sold at the mark: it needs margin beyond what it brings.
    const ask = { instrument, side: 'sell', price, lots: 1 } as const;
    const placed = codeOf(place(market, alice, ask));
    deliver(market, 104_000);
    charge(market, alice, 10_000);
    const { cash, maintenance, receivable } = accountMargin(market.state, alice);
    expect([placed, receivable]).toEqual(['ok', usd(12_250)]);
    expect([cash < maintenance, cash + receivable > maintenance]).toEqual([true, true]);
    cancelUnsupportedOrders(market.state, market.context);
    expect(market.state.orders.size).toBe(1);
  });

  test('looks at nobody while no mark moved and nothing settled', () => {
    const { market, alice } = short();
    markAt(market, 118_000);
    advance(market);
    cancelUnsupportedOrders(market.state, market.context);
    expect(closes(market)).toEqual([]);
    expect(accountMargin(market.state, alice).cash).toBeGreaterThan(0n);
  });
});

/** Whom deleveraging closes, how much, and at what price. */
import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { PortfolioId } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { transfer } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { excessOf, markValueOf } from '../../runtime/margin/excess.ts';
import { openOrdersOf, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { place, problemsOf, seriesNamed } from '../matching/market.ts';
import { trader } from '../multileg/desk.ts';
import { type Arena, arena, cash, hold, markedBlock, quietBlock, rowOf, usd } from './arena.ts';

const CALL = 'near100000C';

/** Alice short, Bob long, an empty fund; the index goes where she is worth less than nothing. */
function wrecked(facts: Partial<Parameters<typeof arena>[0]> = {}): Arena {
  return arena({ dollars: 170_000, lots: { [CALL]: -1_000 }, insurance: 0, ...facts });
}

/** Two marks that begin the auction, and a block in which somebody might have taken part. */
function crash(market: Arena, index = 125_000): void {
  markedBlock(market, index);
  markedBlock(market, index);
  quietBlock(market);
}

function lotsOf(market: Arena, who: PortfolioId, name = CALL): number {
  return positionOf(market.state, who, seriesNamed(market, name));
}

/** Moves all USD of one to another. */
function strip({ state }: Arena, from: PortfolioId, to: PortfolioId): void {
  const amount = cash(state, from);
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'transfer' });
}

describe('without insurance', () => {
  test('an insolvent account is closed at its bankruptcy price: nothing is left, no debt', () => {
    const market = wrecked();
    const { state, alice, bob } = market;
    const bobBefore = cash(state, bob);
    crash(market);
    expect(rowOf(market, alice)).toBeUndefined();
    expect([lotsOf(market, alice), lotsOf(market, bob)]).toEqual([0, 0]);
    // Bob has all that Alice had.
    expect(cash(state, alice)).toBe(0n);
    expect(cash(state, bob) - bobBefore).toBe(usd(170_000));
    expect(cash(state, MODULE.deficit)).toBe(0n);
    expect(problemsOf(state)).toEqual([]);
  });

  test('counterparties of one group bear it pro rata', () => {
    const market = wrecked();
    const { state, alice, bob, carol } = market;
    // As rich and as levered as Bob, with a third of his lots: another bucket would need another wealth.
    hold(market, { to: carol, from: bob, name: CALL, lots: 400 });
    crash(market);
    expect(lotsOf(market, alice)).toBe(0);
    const moves = market.context.events.flatMap((event) =>
      event.selector === EVENT.positionMoved ? [event.value] : [],
    );
    const cashOf = (who: PortfolioId): bigint =>
      moves.filter(({ to }) => to === who).reduce((sum, { cash: paid }) => sum - paid, 0n);
    const [ofBob, ofCarol] = [cashOf(bob), cashOf(carol)];
    expect(ofBob + ofCarol).toBe(usd(170_000));
    // 600 and 400 lots at one price, to the micro-USD a fill.
    expect(ofBob * 4n - ofCarol * 6n).toBeLessThanOrEqual(10n);
    expect(ofBob * 4n - ofCarol * 6n).toBeGreaterThanOrEqual(-10n);
    expect(state.liquidations.size).toBe(0);
  });

  test('the most levered winners are first, others only for the rest', () => {
    const market = wrecked();
    const { alice, bob, carol } = market;
    const dave = trader(market, 'dave', 1_000_000_000n).portfolio;
    hold(market, { to: dave, from: bob, name: CALL, lots: 500 });
    crash(market);
    // Both had to close all of it here; the order of the fills shows who was first.
    const order = market.context.events.flatMap((event) =>
      event.selector === EVENT.positionMoved ? [event.value.to] : [],
    );
    expect(order).toEqual([bob, dave]);
    expect([lotsOf(market, alice), lotsOf(market, carol)]).toEqual([0, 0]);
  });

  test('who would fall below maintenance is passed over', () => {
    const market = wrecked({ lots: { [CALL]: -1_000 } });
    const { state, alice, bob, carol } = market;
    // Bob's calls are the cover of as many that he sold to Carol.
    hold(market, { to: carol, from: bob, name: 'near110000C', lots: 1_000 });
    strip(market, bob, carol);
    expect(excessOf(state, bob).bare).toBe(0n);
    crash(market);
    expect([lotsOf(market, alice), lotsOf(market, bob)]).toEqual([-1_000, 1_000]);
    expect(excessOf(state, bob).bare).toBe(0n);
    expect(rowOf(market, alice)).toBeDefined();
    expect(problemsOf(state)).toEqual([]);
  });

  test('a long option is never closed below 0: what is left is a debt of all', () => {
    // The debt is that of a settlement; what she is short is worth next to nothing.
    const market = wrecked({ dollars: 0, lots: { near80000P: -1 } });
    const { state, alice, bob } = market;
    const amount = usd(1_000);
    const denomination = DENOMINATION.usd;
    transfer(state, { from: alice, to: bob, denomination, amount, reason: 'settlement' });
    const value = -markValueOf(state, alice);
    crash(market, 100_000);
    expect(lotsOf(market, alice)).toBe(0);
    expect(cash(state, alice)).toBe(0n);
    const debt = -cash(state, MODULE.deficit);
    expect(debt).toBe(amount);
    expect(value).toBeGreaterThan(amount);
    expect(problemsOf(state)).toEqual([]);
  });
});

describe('orders of those whose positions were closed', () => {
  test('a bid that only the closed short paid for goes with it, and carries no naked sale', () => {
    const market = wrecked();
    const { state, alice, bob } = market;
    markedBlock(market, 125_000);
    markedBlock(market, 125_000);
    // While her auction runs she may bid for what she is short of.
    const bid = { instrument: seriesNamed(market, CALL), side: 'buy' as const, price: 20_000 };
    expect(place(market, alice, { ...bid, lots: 500 }).ok).toBe(true);
    quietBlock(market);
    expect([lotsOf(market, alice), cash(state, alice)]).toEqual([0, 0n]);
    expect(openOrdersOf(state, alice)).toEqual([]);
    // Beside such a bid her sale would be judged by what the bid costs, which is more.
    const offer = { instrument: seriesNamed(market, 'near110000C'), lots: 1, price: 15_000 };
    expect(place(market, bob, { ...offer, side: 'buy' }).ok).toBe(true);
    const sale = place(market, alice, { ...offer, side: 'sell' });
    expect(sale.ok ? 'sold' : sale.error.code).toBe('insufficient_margin');
    expect(excessOf(state, alice).bare).toBe(0n);
  });

  test('of a counterparty whose long was closed, what the long covered', () => {
    const market = wrecked();
    const { state, bob } = market;
    strip(market, bob, market.carol);
    // He sells what his calls cover: nothing is needed of him.
    const ask = { instrument: seriesNamed(market, 'near110000C'), side: 'sell' as const };
    expect(place(market, bob, { ...ask, lots: 1_000, price: 3_000 }).ok).toBe(true);
    crash(market);
    expect(lotsOf(market, bob)).toBe(0);
    const { maintenance } = excessOf(state, bob);
    expect(maintenance).toBeGreaterThanOrEqual(0n);
  });
});

describe('insurance', () => {
  test('fills the hole as far as it may, before counterparties bear anything', () => {
    const market = wrecked({ insurance: 300_000 });
    const { state, bob } = market;
    const before = cash(state, bob);
    crash(market);
    expect(cash(state, MODULE.insurance)).toBe(usd(270_000));
    expect(cash(state, bob) - before).toBe(usd(200_000));
  });

  test('that can fill it waits for takers an hour, then closes at mark', () => {
    const market = wrecked({ insurance: 10_000_000 });
    const { state, alice, bob } = market;
    crash(market);
    expect(lotsOf(market, alice)).toBe(-1_000);
    for (let minute = 0; minute < 59; minute++) markedBlock(market, 125_000, 60_000);
    expect(lotsOf(market, alice)).toBe(-1_000);
    const wealth = markValueOf(state, bob);
    markedBlock(market, 125_000, 60_000);
    expect([lotsOf(market, alice), cash(state, alice)]).toEqual([0, 0n]);
    // Time has passed at the last mark: the same to a thousandth.
    const after = markValueOf(state, bob);
    expect(after).toBeGreaterThan((wealth * 999n) / 1_000n);
    expect(after).toBeLessThan((wealth * 1_001n) / 1_000n);
    expect(problemsOf(state)).toEqual([]);
  });

  test('that filled the hole: no lot more is closed than brings the account to maintenance', () => {
    const market = wrecked({ insurance: 10_000_000 });
    const { state, alice, carol } = market;
    markedBlock(market, 125_000);
    for (let minute = 0; minute < 59; minute++) markedBlock(market, 125_000, 60_000);
    markedBlock(market, 125_000, 116_000);
    expect(lotsOf(market, alice)).toBe(-1_000);
    // Paid in since the last mark: worth something again, but half of what it must have.
    const { value, bare } = { value: markValueOf(state, alice), bare: excessOf(state, alice).bare };
    const amount = -value + (value - bare) / 2n;
    const denomination = DENOMINATION.usd;
    transfer(state, { from: carol, to: alice, denomination, amount, reason: 'transfer' });
    quietBlock(market, 4_000);
    expect(rowOf(market, alice)).toBeUndefined();
    const left = -lotsOf(market, alice);
    expect(left).toBeGreaterThan(490);
    expect(left).toBeLessThan(510);
    const lot = (value - bare) / 1_000n;
    expect(excessOf(state, alice).bare).toBeGreaterThanOrEqual(0n);
    expect(excessOf(state, alice).bare).toBeLessThan(lot);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIDE } from '../../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import { type PortfolioId, priceTicks } from '../../../runtime/core/units.ts';
import { balanceOf, transfer } from '../../../runtime/ledger/ledger.ts';
import { MODULE } from '../../../runtime/ledger/module-accounts.ts';
import { cancelUnsupportedOrders } from '../../../runtime/margin/cancel-unsupported.ts';
import { isModeCovered, modeRefusal } from '../../../runtime/margin/mode/accept-mode.ts';
import { MARGIN_MODE } from '../../../runtime/margin/mode/margin-mode.ts';
import { modeMargin, modePortfolio } from '../../../runtime/margin/mode/mode-excess.ts';
import { openOrdersOf } from '../../../runtime/margin/portfolio-index.ts';
import { accountMargin, standardMargin } from '../../../runtime/margin/requirements.ts';
import { MICRO } from '../../fixtures/state.ts';
import {
  advance,
  codeOf,
  type Market,
  markAt,
  place,
  problemsOf,
  seriesNamed,
} from '../../matching/market.ts';
import { modeWorld } from './mode-world.ts';

const NAMES = ['near90000P', 'near100000C', 'near110000C', 'far100000P'] as const;

/** Sets an account's cash, in micro-USD. */
function leave(market: Market, who: PortfolioId, cash: bigint): void {
  const amount = balanceOf(market.state, who, DENOMINATION.usd) - cash;
  const denomination = DENOMINATION.usd;
  transfer(market.state, {
    from: who,
    to: MODULE.insurance,
    denomination,
    amount,
    reason: 'transfer',
  });
}

/** An account with something in every series, whose cash is what it needs and some dollars more. */
function tightWorld(positions: readonly number[], spare: number) {
  const lots = Object.fromEntries(NAMES.map((name, at) => [name, positions[at] ?? 1]));
  const { market, alice } = modeWorld(10_000_000n, lots, MARGIN_MODE.portfolio);
  const { excess } = modeMargin(market.state, modePortfolio(market.state, alice), 'initial');
  leave(market, alice, BigInt(spare) * BigInt(MICRO) - excess);
  return { market, alice };
}

const someTrade = fc.record({
  positions: fc.array(
    fc.integer({ min: -300, max: 300 }).filter((lots) => lots !== 0),
    {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    },
  ),
  spare: fc.integer({ min: 0, max: 20_000 }),
  series: fc.nat({ max: NAMES.length - 1 }),
  side: fc.constantFrom(SIDE.buy, SIDE.sell),
  price: fc.integer({ min: 1, max: 12_000 }),
  traded: fc.integer({ min: 0, max: 60 }),
  resting: fc.integer({ min: 0, max: 60 }),
});

describe('order entry in portfolio mode', () => {
  it('accepts at once only what the cells accept', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(someTrade, (t) => {
        const { market, alice } = tightWorld(t.positions, t.spare);
        const { state } = market;
        const instrument = seriesNamed(market, NAMES[t.series] ?? '');
        const held = state.derived.portfolios.byPortfolio.get(alice)?.places.get(instrument);
        if (held === undefined) throw new Error('a series that is held');
        const price = priceTicks(t.price);
        const position = t.side === SIDE.buy ? t.traded : -t.traded;
        const premium = (BigInt(-position) * BigInt(t.price) * BigInt(MICRO)) / 100n;
        const trade = { side: t.side, position, restingLots: t.resting, cash: premium };
        const covered = isModeCovered(state, alice, { ...held, price }, trade);
        const orders = t.resting > 0 ? [{ side: t.side, price, lots: t.resting }] : [];
        const refusal = modeRefusal(state, {
          portfolio: alice,
          changes: [{ instrument, position, orders }],
          cash: premium,
        });
        if (covered) accepted += 1;
        if (refusal !== undefined) refused += 1;
        expect(covered && refusal !== undefined).toBe(false);
      }),
      { numRuns: 200 },
    );
    // It is a shortcut that is taken, near refusals.
    expect(accepted).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(20);
  });

  it('needs less than standard margin for a hedged book', () => {
    // A risk reversal against the far expiry: standard margin sees every expiry alone.
    const book = { near100000C: -100, far100000C: 100, near90000P: -50, far90000P: 50 };
    const { market, alice } = modeWorld(100_000n, book, MARGIN_MODE.portfolio);
    const portfolio = accountMargin(market.state, alice);
    const standard = standardMargin(market.state, alice);
    expect(portfolio.initial * 3n).toBeLessThan(standard.initial);
    expect(portfolio.maintenance * 3n).toBeLessThan(standard.maintenance);
    expect(portfolio.maintenance).toBeLessThan(portfolio.initial);
  });

  it('refuses by cash before margin, and by number of expiries and equity before both', () => {
    const { market, alice } = modeWorld(26_000n, {}, MARGIN_MODE.portfolio);
    const instrument = seriesNamed(market, 'near100000C');
    expect(codeOf(place(market, alice, { instrument, side: 'buy', price: 5_700, lots: 500 }))).toBe(
      'insufficient_cash',
    );
    expect(
      codeOf(place(market, alice, { instrument, side: 'sell', price: 5_800, lots: 500 })),
    ).toBe('insufficient_margin');
    expect(codeOf(place(market, alice, { instrument, side: 'sell', price: 5_800, lots: 50 }))).toBe(
      'ok',
    );
    expect(problemsOf(market.state)).toEqual([]);
  });

  it('takes only reductions below $10,000 of equity', () => {
    const { market, alice } = modeWorld(40_000n, { near100000C: -100 }, MARGIN_MODE.portfolio);
    leave(market, alice, 13_000n * BigInt(MICRO));
    const instrument = seriesNamed(market, 'near100000C');
    const order = (side: 'buy' | 'sell', lots: number) =>
      codeOf(
        place(market, alice, { instrument, side, price: side === 'buy' ? 5_700 : 5_720, lots }),
      );
    expect(order('sell', 1)).toBe('equity_reduce_only');
    expect(order('buy', 101)).toBe('equity_reduce_only');
    expect(order('buy', 60)).toBe('ok');
    // Beside that order it would turn the position round.
    expect(order('buy', 41)).toBe('equity_reduce_only');
  });

  it('cancels after a mark what maintenance margin no longer carries', () => {
    const { market, alice } = modeWorld(40_000n, { near110000C: -100 }, MARGIN_MODE.portfolio);
    const { state } = market;
    const instrument = seriesNamed(market, 'near110000C');
    const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
    const price = Math.floor(mark / MICRO);
    expect(codeOf(place(market, alice, { instrument, side: 'sell', price, lots: 40 }))).toBe('ok');
    const bid = { instrument, side: 'buy', price: price - 50, lots: 40 } as const;
    expect(codeOf(place(market, alice, bid))).toBe('ok');
    const lossy = advance(market);
    markAt(market, 120_000);
    cancelUnsupportedOrders(state, lossy);
    const portfolio = state.derived.portfolios.byPortfolio.get(alice);
    // The ask would add to the short; the bid would close part of it.
    expect(openOrdersOf(state, alice).map(({ side }) => side)).toEqual([SIDE.buy]);
    expect(portfolio?.openOrders).toBe(1);
    expect(problemsOf(state)).toEqual([]);
  });
});

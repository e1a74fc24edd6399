/** Futures and perpetuals in liquidation: taken and closed at mark, costs and funding settled there. */
import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type PortfolioId, portfolioAccount, subAccount } from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { LIQUIDATION_KIND } from '../../runtime/liquidation/liquidation.ts';
import { runLiquidations } from '../../runtime/liquidation/run-liquidations.ts';
import { takeLiquidation } from '../../runtime/liquidation/take-liquidation.ts';
import { markValueOf } from '../../runtime/margin/excess.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { fundedPortfolio, nextBlock } from '../fixtures/state.ts';
import {
  cross,
  type LinearMarket,
  linearMarket,
  moneyProblems,
  nextMark,
  trade,
} from '../linear/linear-market.ts';
import { codeOf } from '../matching/market.ts';
import { cash, usd } from './arena.ts';

type Pit = LinearMarket & {
  readonly alice: PortfolioId;
  readonly bob: PortfolioId;
  readonly carol: PortfolioId;
};

/** Alice bought a BTC of the perpetual from Bob at $100,000, with $6,000; initial margin is 5 %. */
function pit(insurance: number): Pit {
  const market = linearMarket();
  const { state, perpetual } = market;
  const [alice, bob, carol] = [6_000n, 1_000_000n, 1_000_000n].map((dollars, n) =>
    fundedPortfolio(state, n, dollars),
  ) as [PortfolioId, PortfolioId, PortfolioId];
  mint(state, MODULE.insurance, DENOMINATION.usd, usd(insurance));
  cross(market, alice, bob, { instrument: perpetual, usd: 100_000, lots: 1_000 });
  return { ...market, alice, bob, carol };
}

function fall(market: Pit, indexUsd: number): void {
  for (let mark = 0; mark < 2; mark++) {
    nextMark(market, indexUsd);
    runLiquidations(market.state, market.context);
  }
}

describe('a perpetual', () => {
  test('is taken at mark: the taker gains what it did not pay, nothing is made or lost', () => {
    const market = pit(1_000_000);
    const { state, alice, carol, perpetual } = market;
    fall(market, 96_500);
    const row = state.liquidations.get(alice);
    expect(row?.kind).toBe(LIQUIDATION_KIND.solvent);
    const [value, taker] = [markValueOf(state, alice), markValueOf(state, carol)];
    const result = takeLiquidation(state, market.context, portfolioAccount(carol), {
      subAccount: subAccount(0),
      portfolio: alice,
      auction: row?.auction ?? (0 as never),
      sharePpm: 200_000,
      limit: usd(1e6),
    });
    expect(codeOf(result)).toBe('ok');
    expect([positionOf(state, alice, perpetual), positionOf(state, carol, perpetual)]).toEqual([
      800, 200,
    ]);
    // 5 % of a fifth of what Alice is worth.
    const gain = markValueOf(state, carol) - taker;
    expect(gain * 100n).toBeGreaterThanOrEqual(value - 200n);
    expect(gain * 100n).toBeLessThanOrEqual(value + 200n);
    expect(moneyProblems(state)).toEqual([]);
  });

  test('of an insolvent account is closed against its counterparty at the bankruptcy price', () => {
    const market = pit(0);
    const { state, alice, bob, perpetual } = market;
    fall(market, 92_000);
    expect(state.liquidations.get(alice)?.kind).toBe(LIQUIDATION_KIND.insolvent);
    const before = cash(state, alice) + cash(state, bob);
    market.context = nextBlock(state);
    runLiquidations(state, market.context);
    expect([positionOf(state, alice, perpetual), positionOf(state, bob, perpetual)]).toEqual([
      0, 0,
    ]);
    // Bob is paid what Alice had, not the $8,000 that the mark says; nobody else bears any.
    expect(cash(state, alice)).toBe(0n);
    expect(cash(state, bob)).toBe(before);
    expect([cash(state, MODULE.deficit), cash(state, MODULE.variation)]).toEqual([0n, 0n]);
    expect(state.liquidations.size).toBe(0);
    expect(moneyProblems(state)).toEqual([]);
  });

  test('closed at a loss by its holder leaves a debt that is found at the next mark', () => {
    const market = pit(1_000_000);
    const { state, alice, bob, perpetual } = market;
    nextMark(market, 92_000);
    const order = { instrument: perpetual, usd: 92_000, lots: 1_000 };
    expect(codeOf(trade(market, bob, { ...order, side: 'buy' }))).toBe('ok');
    expect(codeOf(trade(market, alice, { ...order, side: 'sell', ioc: true }))).toBe('ok');
    expect(positionOf(state, alice, perpetual)).toBe(0);
    expect(cash(state, alice)).toBeLessThan(0n);
    const owed = -cash(state, alice);
    nextMark(market, 92_000);
    runLiquidations(state, market.context);
    expect(cash(state, alice)).toBe(0n);
    expect(cash(state, MODULE.insurance)).toBe(usd(1_000_000) - owed);
    expect(moneyProblems(state)).toEqual([]);
  });
});

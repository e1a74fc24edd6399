/** Short accounts in a marked market, and blocks in which they are liquidated, for tests. */
import type { TakeLiquidation } from '../../runtime/actions/liquidation.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  orderId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
  subAccount,
} from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import { balanceOf, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import type { Liquidation } from '../../runtime/liquidation/liquidation.ts';
import { runLiquidations } from '../../runtime/liquidation/run-liquidations.ts';
import { takeLiquidation } from '../../runtime/liquidation/take-liquidation.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import type { ActionResult } from '../../runtime/receipt.ts';
import type { State } from '../../runtime/state/state.ts';
import { MICRO, nextBlock } from '../fixtures/state.ts';
import { type Market, markAt, seriesNamed, testMarket } from '../matching/market.ts';
import { trader } from '../multileg/desk.ts';

export const usd = (dollars: number): bigint => BigInt(Math.round(dollars * MICRO));

export type Arena = Market & {
  /** Short what a test gives it. */
  readonly alice: PortfolioId;
  /** Holds the other side of all that others hold. */
  readonly bob: PortfolioId;
  /** Rich, holds nothing: the taker. */
  readonly carol: PortfolioId;
};

/** Alice with these dollars and lots; Bob opposite her, with a million dollars unless told. */
export function arena(facts: {
  readonly dollars: number;
  readonly lots: Readonly<Record<string, number>>;
  readonly insurance?: number;
  readonly bobDollars?: number;
}): Arena {
  const market = testMarket();
  const { state } = market;
  const alice = trader(market, 'alice', BigInt(facts.dollars)).portfolio;
  const bob = trader(market, 'bob', BigInt(facts.bobDollars ?? 1_000_000)).portfolio;
  const carol = trader(market, 'carol', 1_000_000n).portfolio;
  mint(state, MODULE.insurance, DENOMINATION.usd, usd(facts.insurance ?? 1_000_000));
  const made = { ...market, alice, bob, carol };
  for (const [name, lots] of Object.entries(facts.lots))
    hold(made, { to: alice, from: bob, name, lots });
  return made;
}

/** Moves lots of a named series without money, as if they had been traded before. */
export function hold(
  market: Market,
  trade: {
    readonly to: PortfolioId;
    readonly from: PortfolioId;
    readonly name: string;
    readonly lots: number;
  },
): void {
  const instrument = seriesNamed(market, trade.name);
  changePosition(market.state, trade.to, instrument, trade.lots);
  changePosition(market.state, trade.from, instrument, -trade.lots);
}

/** The next block, marked at an index in whole dollars, and the step of liquidation in it. */
export function markedBlock(market: Market, indexUsd: number, elapsedMs = 1_000): void {
  market.context = nextBlock(market.state, elapsedMs);
  markAt(market, indexUsd);
  runLiquidations(market.state, market.context);
}

/** The next block without a mark. */
export function quietBlock(market: Market, elapsedMs = 500): void {
  market.context = nextBlock(market.state, elapsedMs);
  runLiquidations(market.state, market.context);
}

export function rowOf({ state }: Market, portfolio: PortfolioId): Liquidation | undefined {
  return state.liquidations.get(portfolio);
}

export function cash(state: State, portfolio: PortfolioId): bigint {
  return balanceOf(state, portfolio, DENOMINATION.usd);
}

/** A take by `who`; of Alice's auction as it is, whole and at any price, unless said. */
export function take(
  arena: Arena,
  who: PortfolioId,
  change: Partial<TakeLiquidation> = {},
): Result<ActionResult, Refusal> {
  const action: TakeLiquidation = {
    subAccount: subAccount(0),
    portfolio: arena.alice,
    auction: arena.state.liquidations.get(arena.alice)?.auction ?? orderId(0),
    sharePpm: 1_000_000,
    limit: usd(1_000_000),
    ...change,
  };
  return takeLiquidation(arena.state, arena.context, portfolioAccount(who), action);
}

/** Another sub-account of the same owner. */
export function sibling(portfolio: PortfolioId, sub: number): PortfolioId {
  return portfolioId(portfolioAccount(portfolio), subAccount(sub));
}

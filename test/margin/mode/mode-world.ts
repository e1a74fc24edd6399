/** A marked market with accounts in portfolio mode. */
import { ACTION } from '../../../runtime/action.ts';
import { applyAction } from '../../../runtime/apply-action.ts';
import type { Result } from '../../../runtime/core/result.ts';
import {
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
} from '../../../runtime/core/units.ts';
import type { Refusal } from '../../../runtime/error.ts';
import { MODULE } from '../../../runtime/ledger/module-accounts.ts';
import { MARGIN_MODE, type MarginMode } from '../../../runtime/margin/mode/margin-mode.ts';
import { changePosition } from '../../../runtime/margin/portfolio-index.ts';
import type { ActionResult } from '../../../runtime/receipt.ts';
import { fundedPortfolio } from '../../fixtures/state.ts';
import { type Market, seriesNamed, testMarket } from '../../matching/market.ts';

/** Gives a portfolio positions by name, in lots of 0.01 BTC, against the insurance fund. */
export function hold(
  market: Market,
  who: PortfolioId,
  positions: Readonly<Record<string, number>>,
): void {
  for (const [name, lots] of Object.entries(positions)) {
    changePosition(market.state, who, seriesNamed(market, name), lots);
    changePosition(market.state, MODULE.insurance, seriesNamed(market, name), -lots);
  }
}

/** Asks for a margin mode. */
export function setMode(
  market: Market,
  who: PortfolioId,
  mode: MarginMode,
): Result<ActionResult, Refusal> {
  const value = { subAccount: portfolioSubAccount(who), mode };
  const action = { selector: ACTION.setMarginMode, value } as const;
  return applyAction(market.state, market.context, portfolioAccount(who), action);
}

/** A market and an account with these dollars and positions, in portfolio mode if that is said. */
export function modeWorld(
  dollars: bigint,
  positions: Readonly<Record<string, number>> = {},
  mode: MarginMode = MARGIN_MODE.standard,
): { market: Market; alice: PortfolioId } {
  const market = testMarket();
  const alice = fundedPortfolio(market.state, 0, dollars);
  hold(market, alice, positions);
  if (mode === MARGIN_MODE.portfolio) {
    const entered = setMode(market, alice, mode);
    if (!entered.ok) throw new Error(`portfolio mode refused: ${entered.error.code}`);
  }
  return { market, alice };
}

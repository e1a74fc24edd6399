/**
 * Accounts that are short at the marks of this block.
 *
 * Source: design/exchange.md §6. Looked at are portfolios with a holding in an expiry marked in this
 * block: nothing but a mark or a settlement takes an account below maintenance. A bound that needs
 * no sums comes first: cash against the isolated requirements of its shorts.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, portfolioAccount } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { FIRST_ACCOUNT_ID } from '../ledger/module-accounts.ts';
import { excessOf } from '../margin/excess.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import type { State } from '../state/state.ts';
import { holdsPosition } from './move-position.ts';

/** Whether an expiry (`expiryKey`) was marked in this block. */
function isMarkedNow(state: State, context: BlockContext, expiry: number): boolean {
  return state.markInputs.get(expiry)?.markedAt === context.timestamp;
}

/** Whether a portfolio holds something that was marked in this block. O(expiries held). */
export function isRemarked(state: State, context: BlockContext, portfolio: PortfolioId): boolean {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held === undefined) return false;
  for (const key of held.expiries.keys()) if (isMarkedNow(state, context, key)) return true;
  return false;
}

/** Whether cash alone covers every short by itself, under standard margin. O(series held). */
function isSurelySound(state: State, portfolio: Portfolio): boolean {
  if (portfolio.sums !== undefined || portfolio.linear !== undefined) return false;
  let isolated = 0;
  for (const [instrument, { holding }] of portfolio.places) {
    if (holding.position >= 0) continue;
    isolated -= holding.position * seriesRisk(state, instrument).maintenance;
  }
  return balanceOf(state, portfolio.id, DENOMINATION.usd) >= isolated;
}

/** Portfolios marked in this block whose bare excess is below 0, ascending. */
export function findDistressed(state: State, context: BlockContext): PortfolioId[] {
  const { byExpiry, byPortfolio } = state.derived.portfolios;
  const seen = new Set<PortfolioId>();
  const distressed: PortfolioId[] = [];
  for (const [expiry, holders] of byExpiry) {
    if (!isMarkedNow(state, context, expiry)) continue;
    for (const id of holders) {
      if (seen.has(id) || portfolioAccount(id) < FIRST_ACCOUNT_ID) continue;
      seen.add(id);
      const portfolio = byPortfolio.get(id);
      if (portfolio === undefined || isSurelySound(state, portfolio)) continue;
      if (excessOf(state, id).bare < 0n) distressed.push(id);
    }
  }
  return distressed.sort((a, b) => a - b);
}

/** Portfolios that a settlement of this block left with a debt and no position, ascending. */
export function findDebtors(state: State, context: BlockContext): PortfolioId[] {
  const debtors = new Set<PortfolioId>();
  for (const event of context.events) {
    if (event.selector !== EVENT.settled) continue;
    const { portfolio } = event.value;
    if (portfolioAccount(portfolio) < FIRST_ACCOUNT_ID) continue;
    if (balanceOf(state, portfolio, DENOMINATION.usd) >= 0n) continue;
    if (!holdsPosition(state, portfolio)) debtors.add(portfolio);
  }
  return [...debtors].sort((a, b) => a - b);
}

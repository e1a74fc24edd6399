/**
 * Accounts that are short at the marks of this block, and those that are left with a debt.
 *
 * Source: design/exchange.md §6. An account is short when its excess over the maintenance of its
 * positions is below 0; the index leaves nobody out who could be (`health-index.ts`).
 */
import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, portfolioAccount } from '../core/units.ts';
import { FIRST_ACCOUNT_ID } from '../ledger/module-accounts.ts';
import { bareExcessOf } from '../margin/bare-excess.ts';
import type { State } from '../state/state.ts';
import { dropEmptyExpiries, isLeftAlone, takeDrifted } from './health-index.ts';
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

/** Whether anything was marked in this block, or nothing is left to be marked. O(expiries listed). */
function isMarkBlock(state: State, { timestamp }: BlockContext): boolean {
  if (state.markInputs.size === 0) return true;
  for (const [, { markedAt }] of state.markInputs.unorderedEntries()) {
    if (markedAt === timestamp) return true;
  }
  return false;
}

/**
 * Who has to be looked at, of those not yet seen: each once. In blocks without a mark nobody is: who
 * trades there is looked at with the next mark, since only a mark makes an account short.
 */
function* dueAccounts(state: State, context: BlockContext): Iterable<PortfolioId> {
  if (!isMarkBlock(state, context)) return;
  const { changed, suspects } = state.derived.health;
  const due = new Set(changed);
  changed.clear();
  for (const id of suspects) due.add(id);
  for (const expiry of state.derived.portfolios.byExpiry.keys()) {
    if (!isMarkedNow(state, context, expiry)) continue;
    for (const id of takeDrifted(state, expiry)) due.add(id);
  }
  dropEmptyExpiries(state);
  yield* due;
}

/** Accounts to be liquidated, each list ascending. */
export type Distressed = {
  /** Marked in this block, and below maintenance. */
  readonly short: readonly PortfolioId[];
  /** With a debt and no position, at a mark: after a settlement, or a loss that was realised. */
  readonly debtors: readonly PortfolioId[];
};

/** Finds them. O(accounts near maintenance, or changed in the last block), and O(series short). */
export function findDistressed(state: State, context: BlockContext): Distressed {
  const { byPortfolio } = state.derived.portfolios;
  const { suspects } = state.derived.health;
  const short: PortfolioId[] = [];
  const debtors: PortfolioId[] = [];
  for (const id of dueAccounts(state, context)) {
    const portfolio = byPortfolio.get(id);
    if (portfolio !== undefined) portfolio.isNoted = false;
    suspects.delete(id);
    if (portfolioAccount(id) < FIRST_ACCOUNT_ID) continue;
    const excess = bareExcessOf(state, id);
    if (excess >= 0n && (portfolio === undefined || isLeftAlone(state, portfolio, excess)))
      continue;
    if (!holdsPosition(state, id)) {
      if (excess < 0n) debtors.push(id);
      continue;
    }
    suspects.add(id);
    if (excess < 0n && isRemarked(state, context, id)) short.push(id);
  }
  return { short: short.sort((a, b) => a - b), debtors: debtors.sort((a, b) => a - b) };
}

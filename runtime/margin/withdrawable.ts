/**
 * What of a portfolio's USD may leave it.
 *
 * Source: design/exchange.md §3, "Cash": min(initial margin excess with long options and positive
 * variation at zero, cash).
 * The requirement covers the cost of every bid, so what bids reserve cannot leave either.
 */

import type { BlockContext } from '../block-context.ts';
import { maxBigint } from '../core/math.ts';
import type { PortfolioId } from '../core/units.ts';
import { adverseVariation } from '../linear/linear-margin.ts';
import { linearPositionsOf } from '../linear/positions-of.ts';
import { freshMark } from '../oracle/freshness.ts';
import type { State } from '../state/state.ts';
import { expiryRequirement, refreshExpiry } from './expiry-holding.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import { modeWithdrawable } from './mode/mode-withdrawable.ts';
import { accountMargin, expiriesOf } from './requirements.ts';

/** Whether every mark that a requirement rests on is fresh, or final. */
function isMarginKnown(state: State, context: BlockContext, portfolio: PortfolioId): boolean {
  for (const expiry of expiriesOf(state, portfolio).values()) {
    refreshExpiry(state, expiry);
    if (expiryRequirement(expiry).initial === 0) continue;
    for (const { instrument, risk } of expiry.series.values()) {
      if (risk.delivery === undefined && freshMark(state, context, instrument) === undefined) {
        return false;
      }
    }
  }
  return true;
}

/** Whether the marks of its futures and perpetuals are fresh, or final. */
function isVariationKnown(state: State, context: BlockContext, portfolio: PortfolioId): boolean {
  return linearPositionsOf(state, portfolio).every(({ instrument }) => {
    const { deliveryPrice } = state.instruments.must(instrument);
    return deliveryPrice > 0 || freshMark(state, context, instrument) !== undefined;
  });
}

/** Micro-USD, not negative; 0 while a mark that the portfolio's margin rests on is stale. */
export function withdrawable(state: State, context: BlockContext, portfolio: PortfolioId): bigint {
  if (isPortfolioMode(state, portfolio)) return modeWithdrawable(state, context, portfolio);
  const { cash, initial } = accountMargin(state, portfolio);
  if (initial > 0n && !isMarginKnown(state, context, portfolio)) return 0n;
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held?.linear !== undefined && !isVariationKnown(state, context, portfolio)) return 0n;
  return maxBigint(0n, cash + adverseVariation(state, held) - initial);
}

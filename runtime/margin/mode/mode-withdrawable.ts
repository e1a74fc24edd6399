/**
 * What of the USD of a portfolio in portfolio mode may leave it.
 *
 * Source: design/exchange.md §3, "Cash": min(initial excess with the value of long options and positive
 * variation at zero, cash); bids keep what they reserve.
 */
import { DENOMINATION } from '../../actions/transfer.ts';
import type { BlockContext } from '../../block-context.ts';
import { maxBigint, minBigint } from '../../core/math.ts';
import type { PortfolioId } from '../../core/units.ts';
import { balanceOf } from '../../ledger/ledger.ts';
import { freshMark } from '../../oracle/freshness.ts';
import type { State } from '../../state/state.ts';
import { bidReserve } from '../requirements.ts';
import { longValue, modeMargin, modePortfolio, variationOf } from './mode-excess.ts';

/** Whether every mark of what a portfolio holds is fresh, or final. O(series held). */
export function isHeldMarked(state: State, context: BlockContext, id: PortfolioId): boolean {
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  for (const { holding } of portfolio?.places.values() ?? []) {
    const { instrument } = holding;
    const isFinal = state.instruments.must(instrument).deliveryPrice > 0;
    if (!isFinal && freshMark(state, context, instrument) === undefined) return false;
  }
  return true;
}

/** Micro-USD, not negative; 0 while a mark that the margin rests on is stale. */
export function modeWithdrawable(state: State, context: BlockContext, id: PortfolioId): bigint {
  if (!isHeldMarked(state, context, id)) return 0n;
  const portfolio = modePortfolio(state, id);
  const cash = balanceOf(state, id, DENOMINATION.usd);
  const variation = minBigint(0n, variationOf(state, id));
  const { excess } = modeMargin(state, portfolio, 'initial');
  const beyond = cash + variation + excess - longValue(state, portfolio);
  return maxBigint(0n, minBigint(beyond, cash - bidReserve(state, id)));
}

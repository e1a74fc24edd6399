/**
 * The excess over the maintenance requirement of positions alone: the number that liquidation goes by,
 * without the two others of `excess.ts`, which look at orders.
 *
 * Source: design/exchange.md §3, "Three numbers"; §6. Equal to `excessOf(…).bare`, bit for bit.
 * Units: micro-USD.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { PortfolioId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { bareLinear } from '../linear/linear-margin.ts';
import type { State } from '../state/state.ts';
import { bareMaintenance, receivable, refreshMarks } from './expiry-holding.ts';
import { bareModeMargin } from './mode/bare-margin.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';

/**
 * Cash, variation and what is to be received, less maintenance of the positions; negative: to be
 * liquidated. O(positions), under standard margin O(positions²) of an expiry; ~1 µs for 8 options.
 */
export function bareExcessOf(state: State, id: PortfolioId): bigint {
  const cash = balanceOf(state, id, DENOMINATION.usd);
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  if (portfolio === undefined) return cash;
  const linear = bareLinear(state, portfolio);
  if (isPortfolioMode(state, id)) {
    return cash + linear.variation + bareModeMargin(state, portfolio);
  }
  let options = 0;
  for (const expiry of portfolio.expiries.values()) {
    refreshMarks(state, expiry);
    const own = receivable(expiry) - bareMaintenance(expiry);
    // Beyond what doubles hold exactly each expiry is added by itself.
    if (!Number.isSafeInteger(options + own)) return slowExcess(state, id, cash, linear);
    options += own;
  }
  return cash + linear.variation - linear.maintenance + BigInt(options);
}

/** The same where the sum of the expiries is no safe integer. */
function slowExcess(
  state: State,
  id: PortfolioId,
  cash: bigint,
  linear: { readonly variation: bigint; readonly maintenance: bigint },
): bigint {
  let excess = cash + linear.variation - linear.maintenance;
  for (const expiry of state.derived.portfolios.byPortfolio.get(id)?.expiries.values() ?? []) {
    refreshMarks(state, expiry);
    excess += BigInt(receivable(expiry)) - BigInt(bareMaintenance(expiry));
  }
  return excess;
}

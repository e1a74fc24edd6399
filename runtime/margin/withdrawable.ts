/** What of a portfolio's USD may leave it. */

import type { BlockContext } from '../block-context.ts';
import type { PortfolioId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import type { State } from '../state/state.ts';
import { DENOMINATION } from '../transaction.ts';

/** Micro-USD, not negative. */
export function withdrawable(state: State, context: BlockContext, portfolio: PortfolioId): bigint {
  void context;
  const cash = balanceOf(state, portfolio, DENOMINATION.usd);
  return cash > 0n ? cash : 0n;
}

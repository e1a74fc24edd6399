/**
 * The health of an account, whatever its margin mode and kinds of positions: what it has beyond each
 * of its three requirements, and what it would be worth at mark.
 *
 * Source: design/exchange.md §3, "Three numbers". Liquidation, withdrawals and what-if ask here alone.
 * Units: micro-USD.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { PortfolioId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { linearMargin } from '../linear/linear-margin.ts';
import type { State } from '../state/state.ts';
import { refreshMarks } from './expiry-holding.ts';
import { accountMargin, expiriesOf } from './requirements.ts';
import { payoff } from './series-risk.ts';

/** Negative: short of the requirement by so much. */
export type Excess = {
  /** Beyond initial margin with the worst fill of open orders: for new risk. */
  readonly initial: bigint;
  /** Beyond maintenance margin with the worst fill: below 0, risk-increasing orders are cancelled. */
  readonly maintenance: bigint;
  /** Beyond maintenance margin of the positions alone: below 0, the account is to be liquidated. */
  readonly bare: bigint;
};

/** The three numbers at the marks in force. O(positions × settlements) after a mark. */
export function excessOf(state: State, portfolio: PortfolioId): Excess {
  const margin = accountMargin(state, portfolio);
  const settled = margin.cash + margin.variation;
  const wealth = settled + margin.receivable;
  return {
    initial: settled - margin.initial,
    maintenance: wealth - margin.maintenance,
    bare: wealth - margin.bareMaintenance,
  };
}

/**
 * Cash and positions at mark: what the account would have if all were closed there. An option lot
 * counts its mark rounded down to whole micro-USD, from delivery on its payoff; futures and perpetuals
 * count their variation. O(series held).
 */
export function markValueOf(state: State, portfolio: PortfolioId): bigint {
  let value = balanceOf(state, portfolio, DENOMINATION.usd);
  value += linearMargin(state, state.derived.portfolios.byPortfolio.get(portfolio)).variation;
  for (const expiry of expiriesOf(state, portfolio).values()) {
    refreshMarks(state, expiry);
    for (const { position, risk } of expiry.series.values()) {
      if (risk.isLinear) continue;
      const lot = risk.delivery === undefined ? risk.markValue : payoff(risk, risk.delivery);
      value += BigInt(position) * BigInt(lot);
    }
  }
  return value;
}

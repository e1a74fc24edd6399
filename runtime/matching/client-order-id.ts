/** Client order ids: unique among a sub-account's open orders and waiting triggers. */
import type { OrderId, PortfolioId } from '../core/units.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import type { State } from '../state/state.ts';

/** The open order or waiting trigger that has the id. O(1). */
export function withClientId(
  state: State,
  portfolio: PortfolioId,
  clientOrderId: number,
): OrderId | undefined {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  return takenClientId(state, portfolio, held, clientOrderId);
}

/** `withClientId` for who has the portfolio's entry of the index. */
export function takenClientId(
  state: State,
  portfolio: PortfolioId,
  held: Portfolio | undefined,
  clientOrderId: number,
): OrderId | undefined {
  const order = held?.clientOrders.get(clientOrderId)?.id;
  const { byPortfolio } = state.derived.triggers;
  if (order !== undefined || byPortfolio.size === 0) return order;
  return byPortfolio.get(portfolio)?.clientIds.get(clientOrderId);
}

/** Client order ids: unique among a sub-account's open orders and waiting triggers. */
import type { OrderId, PortfolioId } from '../core/units.ts';
import type { State } from '../state/state.ts';

/** The open order or waiting trigger that has the id. O(1). */
export function withClientId(
  state: State,
  portfolio: PortfolioId,
  clientOrderId: number,
): OrderId | undefined {
  const { portfolios, triggers } = state.derived;
  const order = portfolios.byPortfolio.get(portfolio)?.clientOrders.get(clientOrderId);
  if (order !== undefined || triggers.byPortfolio.size === 0) return order;
  return triggers.byPortfolio.get(portfolio)?.clientIds.get(clientOrderId);
}

/** Positions, open orders and margin of one portfolio, as `answer-query.ts` reports them. */
import type { BlockContext } from '../../runtime/block-context.ts';
import { type PortfolioId, validatorIndex } from '../../runtime/core/units.ts';
import { withdrawable } from '../../runtime/margin/withdrawable.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import { MAX_ORDERS_PAGE, type PortfolioAnswer, type PositionRow } from './format.ts';

/** The context of a question: the place of the last block, with nothing to append to. */
function questionContext(state: State): BlockContext {
  const { height, timestamp, epoch } = metaOf(state);
  return {
    height,
    timestamp,
    proposer: validatorIndex(0),
    config: state.epochConfigs.must(epoch),
    parameters: parametersOf(state),
    events: [],
  };
}

/** Rows ascending by instrument and by order number. */
export function portfolioRows(
  state: State,
  portfolio: PortfolioId,
): Pick<PortfolioAnswer, 'withdrawable' | 'positions' | 'orders' | 'margin'> {
  const positions: PositionRow[] = [];
  for (const [, position] of state.positions.unorderedEntries()) {
    if (position.portfolio === portfolio) positions.push(position);
  }
  const orders: Order[] = [];
  for (const [, order] of state.orders.unorderedEntries()) {
    if (order.portfolio === portfolio) orders.push(order);
  }
  return {
    withdrawable: withdrawable(state, questionContext(state), portfolio),
    positions: positions
      .map(({ instrument, lots }) => ({ instrument, lots }))
      .sort((a, b) => a.instrument - b.instrument),
    orders: orders.sort((a, b) => a.id - b.id).slice(0, MAX_ORDERS_PAGE),
    margin: [],
  };
}

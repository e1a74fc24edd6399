/** Positions, open orders and margin of one portfolio, as `answer-query.ts` reports them. */
import type { BlockContext } from '../../runtime/block-context.ts';
import { mulDivFloor } from '../../runtime/core/math.ts';
import { type PortfolioId, positionLots, validatorIndex } from '../../runtime/core/units.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { withdrawable } from '../../runtime/margin/withdrawable.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import {
  MAX_ORDERS_PAGE,
  type MarginRow,
  type PortfolioAnswer,
  type PositionRow,
} from './format.ts';

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
    multilegWork: { spent: 0 },
  };
}

/** Value of the positions at the marks, in micro-USD, rounded down. */
function positionValue(state: State, positions: readonly PositionRow[]): bigint {
  let value = 0n;
  for (const { instrument: id, lots } of positions) {
    const { underlying } = state.instruments.must(id);
    const { optionLotsPerCoin } = state.underlyings.must(underlying);
    const price = state.derived.marks.byInstrument.get(id)?.price ?? 0;
    value += mulDivFloor(BigInt(price), BigInt(lots), BigInt(optionLotsPerCoin));
  }
  return value;
}

/** What is above each requirement, where every series held has a mark. */
function marginRow(
  state: State,
  portfolio: PortfolioId,
  positions: readonly PositionRow[],
): MarginRow {
  const { cash, receivable, initial, maintenance, bareMaintenance } = accountMargin(
    state,
    portfolio,
  );
  return {
    equity: cash + positionValue(state, positions),
    initial: cash - initial,
    orderMaintenance: cash + receivable - maintenance,
    maintenance: cash + receivable - bareMaintenance,
  };
}

/** Rows ascending by instrument and by order number. */
export function portfolioRows(
  state: State,
  portfolio: PortfolioId,
): Pick<PortfolioAnswer, 'withdrawable' | 'positions' | 'orders' | 'margin'> {
  const places = state.derived.portfolios.byPortfolio.get(portfolio)?.places.values() ?? [];
  const held = [...places].map(({ holding }) => holding);
  const positions = held
    .filter(({ position }) => position !== 0)
    .map(({ instrument, position }) => ({ instrument, lots: positionLots(position) }))
    .sort((a, b) => a.instrument - b.instrument);
  const marks = state.derived.marks.byInstrument;
  const isMarked = held.every(({ instrument }) => marks.has(instrument));
  return {
    withdrawable: isMarked ? withdrawable(state, questionContext(state), portfolio) : 0n,
    positions,
    orders: openOrdersOf(state, portfolio).slice(0, MAX_ORDERS_PAGE),
    margin: isMarked ? [marginRow(state, portfolio, positions)] : [],
  };
}

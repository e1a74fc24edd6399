/** Positions, open orders and margin of one portfolio, as `answer-query.ts` reports them. */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { mulDivFloor } from '../../runtime/core/math.ts';
import { type PortfolioId, positionLots, validatorIndex } from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { linearPositionsOf } from '../../runtime/linear/positions-of.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { withdrawable } from '../../runtime/margin/withdrawable.ts';
import { isLinearKind } from '../../runtime/options/instrument.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import {
  type LinearRow,
  MAX_ORDERS_PAGE,
  type MarginRow,
  type PortfolioAnswer,
  type PositionRow,
} from './format.ts';

/** The context of a question: the place of the last block, with nothing to append to. */
export function questionContext(state: State): BlockContext {
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
    const { underlying, kind } = state.instruments.must(id);
    // A future or a perpetual is worth its variation.
    if (isLinearKind(kind)) continue;
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
  linear: readonly LinearRow[],
): MarginRow {
  const { initial, maintenance, bare } = excessOf(state, portfolio);
  const cash = balanceOf(state, portfolio, DENOMINATION.usd);
  const variation = linear.reduce((sum, row) => sum + row.variation, 0n);
  return {
    equity: cash + positionValue(state, positions) + variation,
    initial,
    orderMaintenance: maintenance,
    maintenance: bare,
  };
}

/** Rows ascending by instrument and by order number. */
export function portfolioRows(
  state: State,
  portfolio: PortfolioId,
): Pick<PortfolioAnswer, 'withdrawable' | 'positions' | 'linear' | 'orders' | 'margin'> {
  const places = state.derived.portfolios.byPortfolio.get(portfolio)?.places.values() ?? [];
  const held = [...places].map(({ holding }) => holding);
  const positions = held
    .filter(({ position }) => position !== 0)
    .map(({ instrument, position }) => ({ instrument, lots: positionLots(position) }))
    .sort((a, b) => a.instrument - b.instrument);
  const marks = state.derived.marks.byInstrument;
  const isMarked = held.every(({ instrument }) => marks.has(instrument));
  const linear = isMarked
    ? linearPositionsOf(state, portfolio).map(({ instrument, cost, fundingOwed, variation }) => ({
        instrument,
        cost,
        fundingOwed,
        variation,
      }))
    : [];
  return {
    withdrawable: isMarked ? withdrawable(state, questionContext(state), portfolio) : 0n,
    positions,
    linear,
    orders: openOrdersOf(state, portfolio).slice(0, MAX_ORDERS_PAGE),
    margin: isMarked ? [marginRow(state, portfolio, positions, linear)] : [],
  };
}

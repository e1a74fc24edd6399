/**
 * What a portfolio holds in futures and perpetuals, valued at the marks in force.
 *
 * Source: design/exchange.md §3–4. Everything here is exact: marks of linear instruments lie on the
 * grid on which a lot is worth whole micro-USD.
 */
import { assert } from '../core/result.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { positionKey, type State } from '../state/state.ts';
import { unrealised } from './cost.ts';
import { fundingOwed } from './funding.ts';
import { fundingIndexOf } from './move-position.ts';

/** One position; amounts in micro-USD. */
export type HeldLinear = {
  readonly instrument: InstrumentId;
  readonly lots: number;
  readonly cost: bigint;
  readonly markPerLot: bigint;
  /** Funding not yet paid, negative: to be received. */
  readonly fundingOwed: bigint;
  /** Gain at mark and not yet realised, what is owed as funding taken off. */
  readonly variation: bigint;
};

/** Micro-USD of a lot at the mark in force. Throws `InvariantViolation` without a mark. */
export function markPerLot(state: State, instrument: InstrumentId): number {
  const mark = state.derived.marks.byInstrument.get(instrument);
  assert(mark !== undefined, 'an instrument that is traded or held has a mark');
  const { underlying } = state.instruments.must(instrument);
  const { futureLotsPerCoin } = state.underlyings.must(underlying);
  return mark.price / futureLotsPerCoin;
}

/** Values one position. */
export function heldLinear(
  state: State,
  portfolio: PortfolioId,
  instrument: InstrumentId,
  lots: number,
): HeldLinear {
  const row = state.linearPositions.must(positionKey.pack(portfolio, instrument));
  const mark = BigInt(markPerLot(state, instrument));
  const cumulative = fundingIndexOf(state, state.instruments.must(instrument));
  const owed = fundingOwed(lots, row.fundingIndex, cumulative);
  const { cost } = row;
  const variation = unrealised({ lots, cost }, mark) - owed;
  return { instrument, lots, cost, markPerLot: mark, fundingOwed: owed, variation };
}

/** The positions of a portfolio in futures and perpetuals, ascending by instrument. */
export function linearPositionsOf(state: State, portfolio: PortfolioId): HeldLinear[] {
  const groups = state.derived.portfolios.byPortfolio.get(portfolio)?.linear?.values() ?? [];
  const held: HeldLinear[] = [];
  for (const holdings of groups) {
    for (const { instrument, position } of holdings) {
      if (position !== 0) held.push(heldLinear(state, portfolio, instrument, position));
    }
  }
  return held.sort((a, b) => a.instrument - b.instrument);
}

/**
 * Changes a position in a future or a perpetual: funding, cost, cash and lots, at one price.
 *
 * Source: design/exchange.md §4. No premium is paid: what a closing trade realises, and the funding
 * owed since the position was last touched, move between the holder and `MODULE.variation`. Cash may
 * fall below 0 by them (design/exchange.md §3, "Cash").
 *
 * Invariants: `MODULE.variation` holds Σ (lots × fundingIndex − cost) over all positions, to the
 * micro-USD, while a delivery is part-paid less the lots paid at the delivery price
 * (`variationProblems`); a row of `linearPositions` exists exactly where the position is
 * not 0.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { changePosition, type Place, positionOf } from '../margin/portfolio-index.ts';
import { INSTRUMENT_KIND, type Instrument, isLinearKind } from '../options/instrument.ts';
import { positionKey, type State } from '../state/state.ts';
import { changeCost } from './cost.ts';
import { fundingOwed } from './funding.ts';

/** Signed lots of one portfolio at one price. */
export type LinearTrade = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  /** Bought; negative: sold. */
  readonly lots: number;
  /** Micro-USD. */
  readonly pricePerLot: bigint;
};

/** The cumulative funding of a perpetual at its mark; 0 of a future. O(1). */
export function fundingIndexOf(state: State, { kind, underlying }: Instrument): number {
  if (kind !== INSTRUMENT_KIND.perpetual) return 0;
  return state.perpetuals.get(underlying)?.cumulative ?? 0;
}

/** Moves cash between a holder and the other holders, in micro-USD; negative: the holder pays. */
function payVariation(
  state: State,
  portfolio: PortfolioId,
  amount: bigint,
  reason: 'variation' | 'funding',
): void {
  const denomination = DENOMINATION.usd;
  const { variation } = MODULE;
  if (amount < 0n) {
    transfer(state, { from: portfolio, to: variation, denomination, amount: -amount, reason });
  } else transfer(state, { from: variation, to: portfolio, denomination, amount, reason });
}

/** Cash that a holder received, negative when paid, in micro-USD. */
export type VariationCash = { readonly realised: bigint; readonly funding: bigint };

/**
 * One side of a trade without its event: for `moveLinearPosition`, and for delivery, which has an event
 * of its own. The other side is the caller's. O(1).
 */
export function changeLinearPosition(
  state: State,
  trade: LinearTrade,
  known?: Place,
): VariationCash {
  const { portfolio, instrument: id, lots, pricePerLot } = trade;
  const fundingIndex = fundingIndexOf(state, state.instruments.must(id));
  const key = positionKey.pack(portfolio, id);
  const held = positionOf(state, portfolio, id);
  const row = state.linearPositions.edit(key);
  assert((row === undefined) === (held === 0), 'a linear position has a row of its cost');
  const funding = -fundingOwed(held, row?.fundingIndex ?? fundingIndex, fundingIndex);
  const after = changeCost({ lots: held, cost: row?.cost ?? 0n }, lots, pricePerLot);
  payVariation(state, portfolio, funding, 'funding');
  payVariation(state, portfolio, after.realised, 'variation');
  if (after.lots === 0) {
    assert(after.cost === 0n, 'a closed position has no cost left');
    state.linearPositions.delete(key);
  } else if (row === undefined) {
    state.linearPositions.set(key, { cost: after.cost, fundingIndex });
  } else {
    row.cost = after.cost;
    row.fundingIndex = fundingIndex;
  }
  changePosition(state, portfolio, id, lots, known);
  return { realised: after.realised, funding };
}

/**
 * Carries out one side of a trade; the caller carries out the other at the same price. Returns the
 * cash that the holder received, negative when paid. `known` as for `changePosition`. O(1).
 */
export function moveLinearPosition(
  state: State,
  context: BlockContext,
  trade: LinearTrade,
  known?: Place,
): bigint {
  const { realised, funding } = changeLinearPosition(state, trade, known);
  if (funding !== 0n || realised !== 0n) {
    const { portfolio, instrument } = trade;
    const value = { portfolio, instrument, realised, funding };
    context.events.push({ selector: EVENT.variation, value });
  }
  return realised + funding;
}

/**
 * What breaks the accounts of futures and perpetuals: rows of costs against positions, and the
 * variation account against them. Empty when all holds. O(positions): tests and audits.
 */
export function variationProblems(state: State): string[] {
  const problems: string[] = [];
  let owed = 0n;
  for (const [key, { cost, fundingIndex }] of state.linearPositions.unorderedEntries()) {
    const position = state.positions.get(key);
    if (position === undefined) problems.push(`cost ${key} has no position`);
    else owed += BigInt(position.lots) * BigInt(fundingIndex) - cost;
  }
  // A delivery is paid position by position: those paid have sold at the price, the others not yet.
  for (const [
    ,
    { paidLots, cursorInstrument, deliveryPrice },
  ] of state.settlements.unorderedEntries()) {
    const instrument = paidLots === 0 ? undefined : state.instruments.get(cursorInstrument);
    if (instrument === undefined || !isLinearKind(instrument.kind)) continue;
    const { futureLotsPerCoin } = state.underlyings.must(instrument.underlying);
    owed -= BigInt(paidLots) * BigInt(deliveryPrice / futureLotsPerCoin);
  }
  const held = balanceOf(state, MODULE.variation, DENOMINATION.usd);
  if (held !== owed) problems.push(`variation holds ${held}, positions owe ${owed}`);
  return problems.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

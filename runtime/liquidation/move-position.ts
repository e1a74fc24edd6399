/**
 * A position in liquidation: what its lots are worth, how much they weigh, and how they move.
 *
 * All that liquidation does with a position goes through these functions, so that a kind of instrument
 * whose positions have a cost needs to be known here alone. Units: micro-USD, signed lots.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { transfer } from '../ledger/ledger.ts';
import { changePosition } from '../margin/portfolio-index.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import { isBeforeExpiry } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import type { MoveCause } from './events.ts';

/** A position that can be taken or closed. */
export type LivePosition = {
  readonly instrument: InstrumentId;
  readonly lots: number;
  /** Notional of one lot at the index: what positions of different series are compared by. */
  readonly lotNotional: bigint;
};

/** Positions of a portfolio in instruments before expiry, ascending. O(n log n) of those held. */
export function livePositions(state: State, portfolio: PortfolioId): LivePosition[] {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held === undefined) return [];
  const live: LivePosition[] = [];
  for (const [instrument, { holding }] of held.places) {
    if (holding.position === 0) continue;
    // What is delivered is being paid: a position that is paid must not come back.
    if (!isBeforeExpiry(state.instruments.must(instrument))) continue;
    const lotNotional = BigInt(seriesRisk(state, instrument).index);
    live.push({ instrument, lots: holding.position, lotNotional });
  }
  return live.sort((a, b) => a.instrument - b.instrument);
}

/** Whether a portfolio holds a position, delivered or not. O(series held). */
export function holdsPosition(state: State, portfolio: PortfolioId): boolean {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held === undefined) return false;
  for (const { holding } of held.places.values()) if (holding.position !== 0) return true;
  return false;
}

/** What signed lots of the portfolio's position add to `markValueOf`. */
export function lotsValue(
  state: State,
  _portfolio: PortfolioId,
  instrument: InstrumentId,
  lots: number,
): bigint {
  return BigInt(lots) * BigInt(seriesRisk(state, instrument).markValue);
}

/** Lots that go from one portfolio to another, and what the other pays for them. */
export type PositionMove = {
  readonly from: PortfolioId;
  readonly to: PortfolioId;
  readonly instrument: InstrumentId;
  /** Signed: what `to` gets and `from` gives. */
  readonly lots: number;
  /** Paid by `to`; negative: paid to it. */
  readonly cash: bigint;
  readonly cause: MoveCause;
};

/** Moves lots and money, and says so. Judges nothing: whether both can carry it is the caller's. */
export function movePosition(state: State, context: BlockContext, move: PositionMove): void {
  const { from, to, instrument, lots, cash } = move;
  const [payer, payee] = cash < 0n ? [from, to] : [to, from];
  const amount = cash < 0n ? -cash : cash;
  const denomination = DENOMINATION.usd;
  transfer(state, { from: payer, to: payee, denomination, amount, reason: 'liquidation' });
  changePosition(state, from, instrument, -lots);
  changePosition(state, to, instrument, lots);
  context.events.push({ selector: EVENT.positionMoved, value: { ...move } });
}

/**
 * A position in liquidation: what its lots are worth, how much they weigh, and how they move.
 *
 * All that liquidation does with a position goes through these functions, so that kinds of instruments
 * are known here alone. Futures and perpetuals move at mark: both sides settle their costs and funding
 * there. Units: micro-USD, signed lots.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { maxBigint, minBigint } from '../core/math.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { transfer } from '../ledger/ledger.ts';
import { moveLinearPosition } from '../linear/move-position.ts';
import { heldLinear, markPerLot } from '../linear/positions-of.ts';
import { changePosition } from '../margin/portfolio-index.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import { closeIdleReduceOnly } from '../matching/close-idle.ts';
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

/**
 * What is paid for signed lots at mark: of an option its mark, of a future or a perpetual nothing, as
 * both sides realise what they gained and lost up to there.
 */
export function lotsValue(state: State, instrument: InstrumentId, lots: number): bigint {
  const { isLinear, markValue } = seriesRisk(state, instrument);
  return isLinear ? 0n : BigInt(lots) * BigInt(markValue);
}

/**
 * What a holder has gained by signed lots of its position, not below 0. Option rows keep no cost: what
 * an option draws from the other side at mark counts as its gain, all of it for a long, nothing for a
 * short.
 */
export function gainOf(
  state: State,
  portfolio: PortfolioId,
  instrument: InstrumentId,
  lots: number,
): bigint {
  const gain = seriesRisk(state, instrument).isLinear
    ? heldLinear(state, portfolio, instrument, lots).variation
    : lotsValue(state, instrument, lots);
  return maxBigint(0n, gain);
}

/** The most by which closing signed lots can be worse than the mark: no option is sold below 0. */
export function boundLoss(
  state: State,
  instrument: InstrumentId,
  lots: number,
  loss: bigint,
): bigint {
  if (lots > 0 || seriesRisk(state, instrument).isLinear) return loss;
  return minBigint(loss, -lotsValue(state, instrument, lots));
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
  if (seriesRisk(state, instrument).isLinear) {
    const pricePerLot = BigInt(markPerLot(state, instrument));
    moveLinearPosition(state, context, { portfolio: from, instrument, lots: -lots, pricePerLot });
    moveLinearPosition(state, context, { portfolio: to, instrument, lots, pricePerLot });
  } else {
    changePosition(state, from, instrument, -lots);
    changePosition(state, to, instrument, lots);
  }
  context.events.push({ selector: EVENT.positionMoved, value: { ...move } });
  if (state.derived.orders.reduceOnly.size === 0) return;
  closeIdleReduceOnly(state, context, from, instrument);
  closeIdleReduceOnly(state, context, to, instrument);
}

/**
 * What of an auction's trades fits the limits of open interest.
 *
 * An order is judged at its entry as filled whole against somebody who opens; of many that enter one
 * auction each may pass and all together not. So the trades are cut at the clearing, in the order in
 * which they are made: lots that close a side's position always trade, those that open on both sides
 * while there is room. What a cut leaves crossing is closed with the auction (`leftCrossing`).
 *
 * Invariant: after each trade open interest is at most its limit, or not above what it was.
 */
import type { PortfolioId } from '../core/units.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import type { Instrument } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import { underlyingOpenInterest } from '../rules/exposure.ts';
import { isOpenInterestNear } from '../rules/open-interest.ts';
import type { State } from '../state/state.ts';
import type { AuctionTrade } from './pair-trades.ts';

/** Lots that open interest may yet rise by; negative where a limit was lowered. */
function roomOf(state: State, underlying: Underlying, { openInterest }: Instrument): number {
  const { maxSeriesOpenInterestLots: ofSeries, maxOpenInterestLots: ofAll } = underlying;
  const inSeries = ofSeries === 0 ? Number.MAX_SAFE_INTEGER : ofSeries - openInterest;
  if (ofAll === 0) return inSeries;
  return Math.min(inSeries, ofAll - underlyingOpenInterest(state, underlying.id));
}

/** The trades, cut where a limit is met. One comparison where none is near, else O(trades). */
export function clipOpenInterest(
  state: State,
  underlying: Underlying,
  instrument: Instrument,
  trades: readonly AuctionTrade[],
): readonly AuctionTrade[] {
  const all = trades.reduce((sum, { lots }) => sum + lots, 0);
  if (!isOpenInterestNear(state, underlying, instrument, all)) return trades;
  const positions = new Map<PortfolioId, number>();
  const held = (id: PortfolioId): number =>
    positions.get(id) ?? positionOf(state, id, instrument.id);
  let room = roomOf(state, underlying, instrument);
  const clipped: AuctionTrade[] = [];
  for (const { buyer, seller, lots: wanted } of trades) {
    const bought = held(buyer.portfolio);
    const sold = held(seller.portfolio);
    // Open interest rises by the lots less those that the buyer's short and the seller's long close.
    const closed = Math.max(0, -bought) + Math.max(0, sold);
    const lots = Math.min(wanted, closed + Math.max(0, room));
    if (lots === 0) continue;
    const rise = lots - Math.min(lots, Math.max(0, -bought)) - Math.min(lots, Math.max(0, sold));
    room -= rise;
    positions.set(buyer.portfolio, bought + lots);
    positions.set(seller.portfolio, sold - lots);
    clipped.push({ buyer, seller, lots });
  }
  return clipped;
}

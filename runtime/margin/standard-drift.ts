/**
 * How far the marks of one expiry can have lowered accounts under standard margin, per lot.
 *
 * Source: docs/spec/margin.md. Of an expiry the maintenance is the lesser of I = Σ short lots × what a
 * lot needs and L = the worst payoff + net short calls × ν. Payoffs at settlements do not depend on a
 * mark, so between two marks I rises per short lot by at most the greatest rise of what a lot needs, and
 * L by at most that of ν; the lesser of the two by no more than the greater rise. A future or a
 * perpetual changes its variation by its mark and funding, and its requirement, while the notional is
 * below `MOST_NOTIONAL`, by less than the index moves. Units: micro-USD per lot.
 */
import type { InstrumentId } from '../core/units.ts';
import { fundingIndexOf } from '../linear/move-position.ts';
import type { State } from '../state/state.ts';
import { type SeriesRisk, seriesRisk } from './series-risk.ts';

/**
 * Notional of futures and perpetuals up to which 0.6 × d(N × max(5 %, 2 % + 0.5 % × N ÷ $1M)) ÷ dN is
 * below 1: at $50M it is 0.31.
 */
export const MOST_NOTIONAL = 50_000_000_000_000;

/** What of a series a lot's margin depends on. */
export type LotTerms = { readonly risk: SeriesRisk; readonly funding: number };

/** The terms of a series at the mark in force. */
export function lotTerms(state: State, instrument: InstrumentId): LotTerms {
  const risk = seriesRisk(state, instrument);
  const funding = risk.isLinear ? fundingIndexOf(state, state.instruments.must(instrument)) : 0;
  return { risk, funding };
}

/** The most that a lot can have cost from one mark to another; infinite over a delivery. */
export function lotRise(before: LotTerms, after: LotTerms): number {
  const { risk: from } = before;
  const { risk: to } = after;
  if (from.delivery !== to.delivery) return Number.POSITIVE_INFINITY;
  if (to.isLinear) {
    const moved = Math.abs(to.markValue - from.markValue) + Math.abs(to.index - from.index);
    return moved + Math.abs(after.funding - before.funding);
  }
  return Math.max(
    0,
    to.maintenance - from.maintenance,
    to.nakedMaintenance - from.nakedMaintenance,
  );
}

/** What a portfolio would hold with positions added: expiry holdings of its own, for what-if alone. */
import type { InstrumentId, PortfolioId } from '../../runtime/core/units.ts';
import {
  type ExpiryHolding,
  emptyExpiryHolding,
  refreshExpiry,
} from '../../runtime/margin/expiry-holding.ts';
import { expiryOf } from '../../runtime/margin/portfolio-index.ts';
import { emptySeriesHolding, type SeriesHolding } from '../../runtime/margin/series-holding.ts';
import { seriesRisk } from '../../runtime/margin/series-risk.ts';
import type { State } from '../../runtime/state/state.ts';

export type AddedLots = { readonly instrument: InstrumentId; readonly lots: number };

function holdingIn(
  state: State,
  expiries: Map<number, ExpiryHolding>,
  instrument: InstrumentId,
): SeriesHolding {
  const key = expiryOf(state, instrument);
  const expiry = expiries.get(key) ?? emptyExpiryHolding(key);
  expiries.set(key, expiry);
  const known = expiry.series.get(instrument);
  if (known !== undefined) return known;
  const holding = emptySeriesHolding(instrument, seriesRisk(state, instrument));
  expiry.series.set(instrument, holding);
  return holding;
}

/**
 * Expiries of a portfolio, `undefined` for one that holds nothing, with lots added; its open orders
 * stay. `undefined` where an instrument has no mark or is not known. The state stays as it is.
 */
export function simulatedHolding(
  state: State,
  portfolio: PortfolioId | undefined,
  added: readonly AddedLots[],
): Map<number, ExpiryHolding> | undefined {
  const marks = state.derived.marks.byInstrument;
  const expiries = new Map<number, ExpiryHolding>();
  const held =
    portfolio === undefined ? undefined : state.derived.portfolios.byPortfolio.get(portfolio);
  for (const { holding } of held?.places.values() ?? []) {
    if (!marks.has(holding.instrument)) return undefined;
    const copy = holdingIn(state, expiries, holding.instrument);
    copy.position = holding.position;
    copy.orders.push(...holding.orders);
  }
  for (const { instrument, lots } of added) {
    if (!marks.has(instrument)) return undefined;
    holdingIn(state, expiries, instrument).position += lots;
  }
  for (const [key, expiry] of expiries) {
    for (const [id, { position, orders }] of expiry.series) {
      if (position === 0 && orders.length === 0) expiry.series.delete(id);
    }
    if (expiry.series.size === 0) expiries.delete(key);
    else refreshExpiry(state, expiry);
  }
  return expiries;
}

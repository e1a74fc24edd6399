/**
 * Where an order may be priced: limits inside the band, market orders cut to it.
 *
 * Source: design/exchange.md §2, "reject outside, clip market orders". Both sides are held to both
 * ends: a bid far below the mark does no harm by trading, but it is state that nobody can trade with,
 * and a margin model cannot value what it would cost after a jump.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import { type PriceTicks, priceTicks } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import type { PriceBand } from '../oracle/price-band.ts';

/** `price_band`; allowed: the end of the band that the price is beyond. */
export function bandRefusal(band: PriceBand, price: number): Refusal | undefined {
  if (price < band.low) return refusal('price_band', { given: price, allowed: band.low });
  if (price > band.high) return refusal('price_band', { given: price, allowed: band.high });
  return undefined;
}

/**
 * The worst price at which a market order may trade: its own bound, cut to the band. A bound beyond
 * the other end of the band stays: it trades with nothing.
 */
export function clipToBand(band: PriceBand, side: Side, bound: number): PriceTicks {
  return priceTicks(side === SIDE.buy ? Math.min(bound, band.high) : Math.max(bound, band.low));
}

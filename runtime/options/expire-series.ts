/**
 * Ends the trading of series at their expiry, and fixes the delivery price when the window is over.
 *
 * Source: design/exchange.md §5. From expiry a series is valued at delivery, whether or not its
 * positions have been paid: until the delivery price is fixed at the expected one, then at it.
 */
import { expireInstrument } from '../auction/change-state.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { MAX_EXPIRY_CLOSES } from '../limits.ts';
import { deliveryGrid } from '../linear/contract-terms.ts';
import { closeOrdersOfInstrument } from '../matching/close-orders.ts';
import { setMarkInputs } from '../oracle/update-marks.ts';
import { expiryKey, type State } from '../state/state.ts';
import { deliveryPrice } from './delivery-price.ts';
import { dueExpiries, type ExpiryPlace } from './due-expiries.ts';
import { isBeforeExpiry } from './instrument.ts';
import { isWindowOver } from './sample-settlements.ts';
import { seriesOf } from './series-index.ts';
import type { SettlementWindow } from './settlement.ts';

function endTrading(
  state: State,
  context: BlockContext,
  place: ExpiryPlace,
  series: readonly InstrumentId[],
): void {
  for (const id of series) {
    const instrument = state.instruments.must(id);
    expireInstrument(state, context, instrument);
  }
  const key = expiryKey.pack(place.underlying, place.expiry);
  state.surfaceSlices.delete(key);
  state.surfaceOffsets.delete(key);
}

function fixDelivery(
  state: State,
  context: BlockContext,
  window: SettlementWindow,
  series: readonly InstrumentId[],
): void {
  const { underlying, expiry } = window;
  const price = deliveryPrice(window, deliveryGrid(state.underlyings.must(underlying)));
  window.deliveryPrice = price;
  state.settlements.touch(expiryKey.pack(underlying, expiry));
  for (const id of series) {
    state.instruments.must(id).deliveryPrice = price;
    state.instruments.touch(id);
  }
  const value = { underlying, expiry, deliveryPrice: price };
  context.events.push({ selector: EVENT.delivery, value });
  const windowMs = window.slotsToExpiry * window.slotMs;
  const values = { index: price, forward: price, theta: 0, u: 0, l: 0, windowMs };
  setMarkInputs(state, context, { underlying, expiry }, values);
}

/**
 * Expires what is due, oldest first. Orders of expired series cannot trade; at most
 * `MAX_EXPIRY_CLOSES` of them close in a block, and `paySettlements` waits for the last.
 * Cost: O(series of what is due, and orders closed).
 */
export function expireSeries(state: State, context: BlockContext): void {
  let left = MAX_EXPIRY_CLOSES;
  for (const place of dueExpiries(state, context.timestamp)) {
    const series = seriesOf(state, place.underlying, place.expiry);
    // No series is listed within its window, so those of an expiry end together.
    const first = series[0];
    if (first !== undefined && isBeforeExpiry(state.instruments.must(first))) {
      endTrading(state, context, place, series);
    }
    for (const id of series) {
      if (left === 0) break;
      left -= closeOrdersOfInstrument(state, context, id, CLOSE_REASON.expired, left);
    }
    const window = state.settlements.must(expiryKey.pack(place.underlying, place.expiry));
    if (window.deliveryPrice === 0 && isWindowOver(window, context.timestamp)) {
      fixDelivery(state, context, window, series);
    }
  }
}

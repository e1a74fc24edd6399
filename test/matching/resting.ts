/** Rows of resting orders, for tests that fill a book without placing. */
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { orderId, sizeLots, timestampMs } from '../../runtime/core/units.ts';
import type { Order } from '../../runtime/matching/order.ts';

/** A plain order of one lot, unless said. */
export function orderIn({
  side,
  ...terms
}: Pick<Order, 'id' | 'portfolio' | 'instrument' | 'price'> &
  Partial<Omit<Order, 'side'>> & { readonly side: 'buy' | 'sell' }): Order {
  const lots = terms.remaining ?? sizeLots(1);
  return {
    side: SIDE[side],
    remaining: lots,
    size: lots,
    displaySize: sizeLots(0),
    shown: lots,
    priority: terms.id,
    postOnly: false,
    reduceOnly: false,
    isQuote: false,
    auctionOnly: false,
    continuousOnly: false,
    expiresAt: timestampMs(0),
    cancelsOther: orderId(0),
    clientOrderId: 0,
    label: 0,
    placedAt: timestampMs(0),
    ...terms,
  };
}

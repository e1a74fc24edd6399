/**
 * Coinbase Exchange: the `ticker` channel of its market data feed.
 *
 * Source: docs.cdp.coinbase.com, Exchange WebSocket channels. A subscription must come within five
 * seconds of opening; `heartbeat` comes every second and product, so silence means a dead feed.
 */
import { asPrice, asText, asTime, fieldFault, jsonObject, middle } from './message-fields.ts';
import { NOTHING, type Venue } from './venue.ts';

/** A conversation with Coinbase: symbols are products, `BTC-USD`. */
export const coinbase: Venue = (markets) => ({
  opening: [
    JSON.stringify({
      type: 'subscribe',
      product_ids: markets.map(({ symbol }) => symbol),
      channels: ['ticker', 'heartbeat'],
    }),
  ],
  keepAlive: { everyMs: 15_000, message: 'ping-frame', silenceMs: 30_000 },
  read(text) {
    const message = jsonObject(text);
    const type = asText(message['type'], 'type');
    if (type === 'error') {
      throw fieldFault('type', message['reason'] ?? message['message'], 'no error');
    }
    if (type !== 'ticker') return NOTHING;
    const product = asText(message['product_id'], 'product_id');
    const market = markets.find(({ symbol }) => symbol === product);
    if (!market) return NOTHING;
    const bid = asPrice(message['best_bid'], 'best_bid');
    const price = middle(bid, asPrice(message['best_ask'], 'best_ask'), 'best_bid');
    const observedAtMs = asTime(message['time'], 'time');
    const { underlying } = market;
    return { quotes: [{ kind: 'index', underlying, price, observedAtMs }], replies: [] };
  },
});

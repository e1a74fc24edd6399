/**
 * Kraken: the `ticker` channel of WebSocket API v2, on every change of the best prices.
 *
 * Source: docs.kraken.com, spot WebSocket v2: `ticker` with `event_trigger: "bbo"` (the default,
 * trades, leaves a quiet book stale), `heartbeat` about every second, `ping` as a method.
 */
import {
  asList,
  asObject,
  asPrice,
  asText,
  asTime,
  fieldFault,
  jsonObject,
  middle,
} from './message-fields.ts';
import type { Quote } from './price-source.ts';
import { NOTHING, type Venue } from './venue.ts';

/** A conversation with Kraken: symbols are pairs, `BTC/USD`. */
export const kraken: Venue = (markets) => ({
  opening: [
    JSON.stringify({
      method: 'subscribe',
      params: {
        channel: 'ticker',
        event_trigger: 'bbo',
        symbol: markets.map(({ symbol }) => symbol),
      },
    }),
  ],
  keepAlive: {
    everyMs: 20_000,
    message: { text: JSON.stringify({ method: 'ping' }) },
    silenceMs: 30_000,
  },
  read(text, nowMs) {
    const message = jsonObject(text);
    if (message['success'] === false) {
      throw fieldFault('success', message['error'] ?? false, 'true');
    }
    if (message['channel'] !== 'ticker') return NOTHING;
    const quotes = asList(message['data'], 'data').flatMap((entry): Quote[] => {
      const data = asObject(entry, 'data[]');
      const name = asText(data['symbol'], 'data[].symbol');
      const market = markets.find(({ symbol }) => symbol === name);
      if (!market) return [];
      const bid = asPrice(data['bid'], 'data[].bid');
      const price = middle(bid, asPrice(data['ask'], 'data[].ask'), 'data[].bid');
      const time = data['timestamp'];
      const observedAtMs = time === undefined ? nowMs : asTime(time, 'data[].timestamp');
      return [{ kind: 'index', underlying: market.underlying, price, observedAtMs }];
    });
    return { quotes, replies: [] };
  },
});

/**
 * Binance: best bid and ask of spot pairs, combined streams.
 *
 * Source: Binance's web-socket streams, `<symbol>@bookTicker`; events are wrapped as
 * `{"stream", "data"}`. The venue pings every few minutes (answered by the WebSocket library), closes
 * after 24 hours (the connection is opened anew), and gives spot book tickers no time: theirs is when
 * they arrived. Checked against recorded messages of 2024-08-08.
 */
import {
  asMillis,
  asObject,
  asPrice,
  asText,
  fieldFault,
  jsonObject,
  middle,
} from './message-fields.ts';
import { NOTHING, type Venue } from './venue.ts';

/** A conversation with Binance: symbols are pairs as it writes them, `BTCUSDT`. */
export const binance: Venue = (markets) => ({
  opening: [
    JSON.stringify({
      method: 'SUBSCRIBE',
      params: markets.map(({ symbol }) => `${symbol.toLowerCase()}@bookTicker`),
      id: 1,
    }),
  ],
  keepAlive: { everyMs: 20_000, message: 'ping-frame', silenceMs: 60_000 },
  read(text, nowMs) {
    const message = jsonObject(text);
    if (message['error'] !== undefined) {
      throw fieldFault('error', message['error'], 'an answer without error');
    }
    if (message['stream'] === undefined) return NOTHING;
    const stream = asText(message['stream'], 'stream');
    if (!stream.endsWith('@bookTicker')) return NOTHING;
    const data = asObject(message['data'], 'data');
    const symbol = asText(data['s'], 'data.s');
    const market = markets.find((candidate) => candidate.symbol.toUpperCase() === symbol);
    if (!market) return NOTHING;
    const bid = asPrice(data['b'], 'data.b');
    const price = middle(bid, asPrice(data['a'], 'data.a'), 'data.b');
    const observedAtMs = data['T'] === undefined ? nowMs : asMillis(data['T'], 'data.T');
    const { underlying } = market;
    return { quotes: [{ kind: 'index', underlying, price, observedAtMs }], replies: [] };
  },
});

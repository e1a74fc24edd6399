/**
 * Deribit: index prices and option tickers by JSON-RPC 2.0 over WebSocket.
 *
 * Source: docs.deribit.com, `deribit_price_index.{index}`, `ticker.{instrument}.{interval}`,
 * `public/get_instruments`, `public/set_heartbeat` (every `test_request` must be answered by
 * `public/test` or the venue closes). Prices of options are in coins; a price of 0 is no order.
 * Checked against recorded messages of 2021-07-22.
 */
import {
  asList,
  asMillis,
  asObject,
  asOptionalPrice,
  asPrice,
  asText,
  fieldFault,
  type JsonObject,
  jsonObject,
} from './message-fields.ts';
import type { OptionQuote, Quote } from './price-source.ts';
import {
  NOTHING,
  parseDeribitOption,
  type Venue,
  type VenueAnswer,
  type VenueMarket,
} from './venue.ts';

const HEARTBEAT_S = 10;
/** Channels of one subscription. */
const CHANNELS_A_REQUEST = 250;
/** Most options read of one currency. */
const MAX_OPTIONS = 2_000;
const INTERVAL = 'agg2';
/** Listings are asked for again this often: new expiries come daily. */
const LISTING_MS = 600_000;
/** Above the ids of the opening messages: listings of market i have this plus i. */
const LISTING_ID = 1_000;

function request(id: number, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

function indexQuote(data: JsonObject, markets: readonly VenueMarket[]): Quote[] {
  const name = asText(data['index_name'], 'params.data.index_name');
  const market = markets.find(({ symbol }) => symbol === name);
  if (!market) return [];
  return [
    {
      kind: 'index',
      underlying: market.underlying,
      price: asPrice(data['price'], 'params.data.price'),
      observedAtMs: asMillis(data['timestamp'], 'params.data.timestamp'),
    },
  ];
}

function percent(data: JsonObject, name: string): number | undefined {
  const value = asOptionalPrice(data[name], `params.data.${name}`);
  return value === undefined ? undefined : value / 100;
}

function optionQuote(data: JsonObject, markets: readonly VenueMarket[]): Quote[] {
  const name = asText(data['instrument_name'], 'params.data.instrument_name');
  const option = parseDeribitOption(name);
  if (!option) return [];
  const market = markets.find(({ options }) => options === option.family);
  if (!market || (data['state'] !== undefined && data['state'] !== 'open')) return [];
  const bid = asOptionalPrice(data['best_bid_price'], 'params.data.best_bid_price');
  const ask = asOptionalPrice(data['best_ask_price'], 'params.data.best_ask_price');
  if (bid !== undefined && ask !== undefined && bid > ask) {
    throw fieldFault('params.data.best_bid_price', bid, `at most the ask, ${ask}`);
  }
  const bidVolatility = percent(data, 'bid_iv');
  const askVolatility = percent(data, 'ask_iv');
  const quote: OptionQuote = {
    kind: 'option',
    underlying: market.underlying,
    expiryMs: option.expiryMs,
    strike: option.strike,
    right: option.right,
    unit: 'coin',
    ...(bid !== undefined && { bid }),
    ...(ask !== undefined && { ask }),
    ...(bid !== undefined && bidVolatility !== undefined && { bidVolatility }),
    ...(ask !== undefined && askVolatility !== undefined && { askVolatility }),
    forward: asPrice(data['underlying_price'], 'params.data.underlying_price'),
    observedAtMs: asMillis(data['timestamp'], 'params.data.timestamp'),
  };
  return [quote];
}

/** A conversation with Deribit: symbols are index names (`btc_usd`), families currencies (`BTC`). */
export const deribit: Venue = (markets) => {
  const subscribed = new Set<string>();
  let nextId = 100;
  let listedAtMs: number | undefined;

  const listings = (): string[] =>
    markets.flatMap(({ options }, i) =>
      options === undefined
        ? []
        : [
            request(LISTING_ID + i, 'public/get_instruments', {
              currency: options,
              kind: 'option',
              expired: false,
            }),
          ],
    );

  /** Subscriptions to what a listing holds and is not subscribed to yet. */
  const subscribeListed = (result: unknown): string[] => {
    const channels: string[] = [];
    for (const entry of asList(result, 'result').slice(0, MAX_OPTIONS)) {
      const name = asText(
        asObject(entry, 'result[]')['instrument_name'],
        'result[].instrument_name',
      );
      const channel = `ticker.${name}.${INTERVAL}`;
      if (subscribed.has(channel) || !parseDeribitOption(name)) continue;
      subscribed.add(channel);
      channels.push(channel);
    }
    const messages: string[] = [];
    for (let i = 0; i < channels.length; i += CHANNELS_A_REQUEST) {
      const chunk = channels.slice(i, i + CHANNELS_A_REQUEST);
      messages.push(request(nextId++, 'public/subscribe', { channels: chunk }));
    }
    return messages;
  };

  const answerOf = (message: JsonObject, nowMs: number): VenueAnswer => {
    if (message['error'] !== undefined) {
      throw fieldFault('error', message['error'], 'an answer without error');
    }
    switch (message['method']) {
      case 'heartbeat': {
        const type = asObject(message['params'], 'params')['type'];
        const replies = type === 'test_request' ? [request(9, 'public/test', {})] : [];
        const isDue = listedAtMs !== undefined && nowMs - listedAtMs > LISTING_MS;
        if (isDue) listedAtMs = nowMs;
        return { quotes: [], replies: isDue ? [...replies, ...listings()] : replies };
      }
      case 'subscription': {
        const params = asObject(message['params'], 'params');
        const channel = asText(params['channel'], 'params.channel');
        if (channel.startsWith('deribit_price_index.')) {
          const data = asObject(params['data'], 'params.data');
          return { quotes: indexQuote(data, markets), replies: [] };
        }
        if (channel.startsWith('ticker.')) {
          const data = asObject(params['data'], 'params.data');
          return { quotes: optionQuote(data, markets), replies: [] };
        }
        return NOTHING;
      }
      case undefined:
        if (typeof message['id'] === 'number' && message['id'] >= LISTING_ID) {
          listedAtMs = nowMs;
          return { quotes: [], replies: subscribeListed(message['result']) };
        }
        return NOTHING;
      default:
        return NOTHING;
    }
  };

  return {
    opening: [
      request(1, 'public/set_heartbeat', { interval: HEARTBEAT_S }),
      request(2, 'public/subscribe', {
        channels: markets.map(({ symbol }) => `deribit_price_index.${symbol}`),
      }),
      ...listings(),
    ],
    keepAlive: { everyMs: 15_000, message: 'ping-frame', silenceMs: 45_000 },
    read: (text, nowMs) => answerOf(jsonObject(text), nowMs),
  };
};

/**
 * Adapters on messages of the venues' public formats: of our own making where nothing is recorded,
 * and on the recordings of ../shared/data where these are present.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { binance } from '../../feeder/sources/binance.ts';
import { coinbase } from '../../feeder/sources/coinbase.ts';
import { deribit } from '../../feeder/sources/deribit.ts';
import { kraken } from '../../feeder/sources/kraken.ts';
import { readMessage } from '../../feeder/sources/message-fields.ts';
import { okx } from '../../feeder/sources/okx.ts';
import type { Quote } from '../../feeder/sources/price-source.ts';
import {
  parseDeribitOption,
  parseOkxOption,
  type Venue,
  type VenueMarket,
} from '../../feeder/sources/venue.ts';

const NOW = 1_770_000_000_000;
const EXPIRY = Date.UTC(2026, 1, 6, 8);

const MARKETS: Readonly<Record<string, VenueMarket[]>> = {
  deribit: [{ underlying: 'BTC', symbol: 'btc_usd', options: 'BTC' }],
  binance: [{ underlying: 'BTC', symbol: 'BTCUSDT' }],
  coinbase: [{ underlying: 'BTC', symbol: 'BTC-USD' }],
  kraken: [{ underlying: 'BTC', symbol: 'BTC/USD' }],
  okx: [{ underlying: 'BTC', symbol: 'BTC-USDT', options: 'BTC-USD' }],
};
const VENUES: Readonly<Record<string, Venue>> = { deribit, binance, coinbase, kraken, okx };

function read(
  venue: string,
  message: unknown,
): { quotes: readonly Quote[]; replies: readonly string[] } {
  const session = VENUES[venue]?.(MARKETS[venue] ?? []);
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const answer = readMessage(() => session?.read(text, NOW));
  if (!answer.ok) throw new Error(answer.error);
  return answer.value ?? { quotes: [], replies: [] };
}

const ticker = {
  jsonrpc: '2.0',
  method: 'subscription',
  params: {
    channel: 'ticker.BTC-6FEB26-78000-P.agg2',
    data: {
      instrument_name: 'BTC-6FEB26-78000-P',
      state: 'open',
      timestamp: NOW - 5,
      underlying_price: 77_500.5,
      best_bid_price: 0.012,
      best_ask_price: 0.0125,
      bid_iv: 55.5,
      ask_iv: 57,
    },
  },
};

const index = {
  jsonrpc: '2.0',
  method: 'subscription',
  params: {
    channel: 'deribit_price_index.btc_usd',
    data: { index_name: 'btc_usd', price: 77_400.25, timestamp: NOW - 3 },
  },
};

const bookTicker = {
  stream: 'btcusdt@bookTicker',
  data: { u: 1, s: 'BTCUSDT', b: '77400.10', B: '3', a: '77400.30', A: '2' },
};

const coinbaseTicker = {
  type: 'ticker',
  product_id: 'BTC-USD',
  price: '77401.00',
  best_bid: '77400.00',
  best_ask: '77402.00',
  time: '2026-02-02T02:39:59.500000Z',
};

const krakenTicker = {
  channel: 'ticker',
  type: 'update',
  data: [
    { symbol: 'BTC/USD', bid: 77_399, ask: 77_401, last: 1, timestamp: '2026-02-02T02:39:59Z' },
  ],
};

const okxTicker = {
  arg: { channel: 'tickers', instId: 'BTC-USDT' },
  data: [{ instId: 'BTC-USDT', bidPx: '77398', askPx: '77400', ts: String(NOW - 9) }],
};

const okxSummary = {
  arg: { channel: 'opt-summary', instFamily: 'BTC-USD' },
  data: [
    {
      instId: 'BTC-USD-260206-78000-C',
      bidVol: '0.55',
      askVol: '0.57',
      markVol: '0.56',
      fwdPx: '77500',
      ts: String(NOW - 9),
    },
  ],
};

describe('prices', () => {
  test.each([
    ['deribit', index, 77_400.25, NOW - 3],
    // A spot book ticker has no time: that of arrival.
    ['binance', bookTicker, 77_400.2, NOW],
    ['coinbase', coinbaseTicker, 77_401, NOW - 500],
    ['kraken', krakenTicker, 77_400, NOW - 1_000],
    ['okx', okxTicker, 77_399, NOW - 9],
  ])('of %s are the middle of its book, or its index', (venue, message, price, observedAtMs) => {
    expect(read(venue, message).quotes).toEqual([
      { kind: 'index', underlying: 'BTC', price: expect.closeTo(price, 9), observedAtMs },
    ]);
  });

  test('of options are both sides with the forward', () => {
    expect(read('deribit', ticker).quotes).toEqual([
      {
        kind: 'option',
        underlying: 'BTC',
        expiryMs: EXPIRY,
        strike: 78_000,
        right: 'put',
        unit: 'coin',
        bid: 0.012,
        ask: 0.0125,
        bidVolatility: 0.555,
        askVolatility: 0.57,
        forward: 77_500.5,
        observedAtMs: NOW - 5,
      },
    ]);
    expect(read('okx', okxSummary).quotes).toEqual([
      {
        kind: 'option',
        underlying: 'BTC',
        expiryMs: EXPIRY,
        strike: 78_000,
        right: 'call',
        unit: 'coin',
        bidVolatility: 0.55,
        askVolatility: 0.57,
        forward: 77_500,
        observedAtMs: NOW - 9,
      },
    ]);
  });

  test('of no order at all are left out', () => {
    const { data } = ticker.params;
    const params = { ...ticker.params, data: { ...data, best_bid_price: 0, bid_iv: 0 } };
    const [quote] = read('deribit', { ...ticker, params }).quotes;
    expect(quote).not.toHaveProperty('bid');
    expect(quote).not.toHaveProperty('bidVolatility');
    expect(quote).toHaveProperty('ask', 0.0125);
  });

  test.each([
    [
      'deribit',
      {
        ...index,
        params: {
          ...index.params,
          channel: 'deribit_price_index.sol_usd',
          data: { ...index.params.data, index_name: 'sol_usd' },
        },
      },
    ],
    ['binance', { stream: 'btcusdt@trade', data: { e: 'trade' } }],
    ['binance', { result: null, id: 1 }],
    ['binance', { ...bookTicker, data: { ...bookTicker.data, s: 'SOLUSDT' } }],
    ['coinbase', { type: 'heartbeat', product_id: 'BTC-USD', time: 'x' }],
    ['coinbase', { type: 'subscriptions', channels: [] }],
    ['kraken', { channel: 'heartbeat' }],
    ['kraken', { method: 'subscribe', success: true }],
    ['okx', 'pong'],
    ['okx', { event: 'subscribe', arg: {} }],
    ['okx', { arg: { channel: 'status' }, data: [{}] }],
  ])('are not read from what %s says beside them', (venue, message) => {
    expect(read(venue, message).quotes).toEqual([]);
  });
});

describe('a message that is wrong names its field', () => {
  const inTicker = (data: object): object => ({
    ...ticker,
    params: { ...ticker.params, data: { ...ticker.params.data, ...data } },
  });
  test.each([
    ['deribit', '{"jsonrpc"', 'message: given "{\\"jsonrpc\\""; allowed: JSON'],
    ['deribit', '[]', 'message: given []; allowed: an object'],
    ['deribit', { id: 2, error: { code: 11_050, message: 'bad_request' } }, 'error: given'],
    ['deribit', inTicker({ underlying_price: null }), 'params.data.underlying_price: given null'],
    ['deribit', inTicker({ timestamp: 12 }), 'params.data.timestamp: given 12; allowed: milli'],
    ['deribit', inTicker({ best_bid_price: -1 }), 'params.data.best_bid_price: given -1'],
    ['deribit', inTicker({ best_bid_price: 0.2 }), 'best_bid_price: given 0.2; allowed: at most'],
    ['deribit', inTicker({ best_ask_price: '1e400' }), 'params.data.best_ask_price: given "1e400"'],
    ['binance', { ...bookTicker, data: { ...bookTicker.data, b: '' } }, 'data.b: given ""'],
    [
      'binance',
      { ...bookTicker, data: { ...bookTicker.data, b: '99999' } },
      'a bid not above the ask',
    ],
    ['binance', { error: { code: 2, msg: 'Invalid' }, id: 1 }, 'error: given'],
    ['coinbase', { ...coinbaseTicker, best_ask: undefined }, 'best_ask: given nothing'],
    ['coinbase', { ...coinbaseTicker, time: 'soon' }, 'time: given "soon"'],
    [
      'coinbase',
      { type: 'error', reason: 'BTCUSD is not valid' },
      'type: given "BTCUSD is not valid"',
    ],
    ['kraken', { ...krakenTicker, data: {} }, 'data: given {}; allowed: a list'],
    [
      'kraken',
      { method: 'subscribe', success: false, error: 'Currency pair not supported' },
      'success: given "Currency',
    ],
    [
      'okx',
      { ...okxTicker, data: [{ instId: 'BTC-USDT', bidPx: '0', askPx: '1', ts: '1' }] },
      'data[].bidPx: given "0"',
    ],
    ['okx', { event: 'error', code: '60018', msg: "channel doesn't exist" }, 'event: given'],
    ['okx', { ...okxTicker, arg: 7 }, 'arg: given 7; allowed: an object'],
  ])('%s %#', (venue, message, problem) => {
    expect(() => read(venue, message)).toThrow(problem);
  });
});

describe('Deribit', () => {
  const [market] = MARKETS['deribit'] ?? [];

  test('is asked for heartbeats, the index and the listing, and answers test requests', () => {
    const session = deribit(market ? [market] : []);
    expect(session.opening.map((text) => JSON.parse(text).method)).toEqual([
      'public/set_heartbeat',
      'public/subscribe',
      'public/get_instruments',
    ]);
    const test_ = JSON.stringify({
      jsonrpc: '2.0',
      method: 'heartbeat',
      params: { type: 'test_request' },
    });
    expect(session.read(test_, NOW).replies.map((text) => JSON.parse(text).method)).toEqual([
      'public/test',
    ]);
    const beat = test_.replace('test_request', 'heartbeat');
    expect(session.read(beat, NOW).replies).toEqual([]);
  });

  test('is subscribed to every listed option, once, also of a later listing', () => {
    const session = deribit(market ? [market] : []);
    const listing = (names: string[]): string =>
      JSON.stringify({ id: 1_000, result: names.map((name) => ({ instrument_name: name })) });
    const channelsOf = (texts: readonly string[]): string[] =>
      texts.flatMap((text) => JSON.parse(text).params.channels);
    const many = Array.from({ length: 300 }, (_, i) => `BTC-6FEB26-${50_000 + 100 * i}-C`);
    const first = session.read(listing([...many, 'BTC-PERPETUAL']), NOW);
    expect(first.replies).toHaveLength(2);
    expect(channelsOf(first.replies)).toEqual(many.map((name) => `ticker.${name}.agg2`));

    const beat = JSON.stringify({ method: 'heartbeat', params: { type: 'heartbeat' } });
    expect(session.read(beat, NOW + 599_000).replies).toEqual([]);
    const again = session.read(beat, NOW + 601_000).replies;
    expect(again.map((text) => JSON.parse(text).method)).toEqual(['public/get_instruments']);
    const later = session.read(listing([...many, 'BTC-7FEB26-78000-C']), NOW + 602_000);
    expect(channelsOf(later.replies)).toEqual(['ticker.BTC-7FEB26-78000-C.agg2']);
  });
});

test('names of options are read as the venues write them, and no others', () => {
  const put = { family: 'BTC', expiryMs: EXPIRY, strike: 78_000, right: 'put' };
  expect(parseDeribitOption('BTC-6FEB26-78000-P')).toEqual(put);
  expect(parseOkxOption('BTC-USD-260206-78000-P')).toEqual({ ...put, family: 'BTC-USD' });
  for (const name of [
    'BTC-31FEB26-78000-P',
    'BTC-6FOO26-78000-P',
    'BTC-6FEB26',
    'BTC-6FEB26-x-P',
  ]) {
    expect(parseDeribitOption(name)).toBeUndefined();
  }
  expect(parseOkxOption('BTC-USD-261306-78000-P')).toBeUndefined();
});

describe('recordings', () => {
  const linesOf = (path: string): string[] =>
    gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
  const deribitPath = join('..', 'shared', 'data', 'deribit_ws_2021-07-22', 'DERIBIT.ws.1.0.gz');
  test.runIf(existsSync(deribitPath))('of Deribit are read to the last message', () => {
    const session = deribit([
      { underlying: 'BTC', symbol: 'btc_usd', options: 'BTC' },
      { underlying: 'ETH', symbol: 'eth_usd', options: 'ETH' },
    ]);
    const messages = linesOf(deribitPath).flatMap(
      (line) => /^\d+\.\d+: (.*)$/.exec(line)?.[1] ?? [],
    );
    const quotes = messages.flatMap((text) => session.read(text, NOW).quotes);
    // 89 tickers, as its SOURCE.md counts them.
    expect(quotes).toHaveLength(89);
    expect(new Set(quotes.map(({ underlying }) => underlying))).toEqual(new Set(['BTC', 'ETH']));
  });

  const binancePath = join(
    '..',
    'shared',
    'data',
    'l2_binance_coinm_2024-08-08',
    'btcusd_perp_20240808_first20000.ndjson.gz',
  );
  test.runIf(existsSync(binancePath))('of Binance are read to the last message', () => {
    const session = binance([{ underlying: 'BTC', symbol: 'BTCUSD_PERP' }]);
    const quotes = linesOf(binancePath).flatMap(
      (line) => session.read(line.slice(line.indexOf(' ') + 1), NOW).quotes,
    );
    // 7,693 book tickers, as its SOURCE.md counts them.
    expect(quotes).toHaveLength(7_693);
    for (const quote of quotes) {
      expect(quote.kind === 'index' && quote.price > 60_000 && quote.price < 63_000).toBe(true);
    }
  });
});

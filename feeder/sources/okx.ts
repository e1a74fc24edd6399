/**
 * OKX: best prices of spot pairs and option summaries (volatilities and forwards), API v5.
 *
 * Source: OKX API v5, public channels `tickers` and `opt-summary`; the venue closes after 30 s
 * without traffic, so the text `ping` is sent and `pong` comes back.
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
  middle,
} from './message-fields.ts';
import type { Quote } from './price-source.ts';
import { NOTHING, parseOkxOption, type Venue, type VenueMarket } from './venue.ts';

function tickerQuote(data: JsonObject, markets: readonly VenueMarket[]): Quote[] {
  const name = asText(data['instId'], 'data[].instId');
  const market = markets.find(({ symbol }) => symbol === name);
  if (!market) return [];
  const bid = asPrice(data['bidPx'], 'data[].bidPx');
  const price = middle(bid, asPrice(data['askPx'], 'data[].askPx'), 'data[].bidPx');
  const observedAtMs = asMillis(data['ts'], 'data[].ts');
  return [{ kind: 'index', underlying: market.underlying, price, observedAtMs }];
}

function summaryQuote(data: JsonObject, markets: readonly VenueMarket[]): Quote[] {
  const option = parseOkxOption(asText(data['instId'], 'data[].instId'));
  const market = option && markets.find(({ options }) => options === option.family);
  if (!option || !market) return [];
  const bidVolatility = asOptionalPrice(data['bidVol'], 'data[].bidVol');
  const askVolatility = asOptionalPrice(data['askVol'], 'data[].askVol');
  const forward = asOptionalPrice(data['fwdPx'], 'data[].fwdPx');
  return [
    {
      kind: 'option',
      underlying: market.underlying,
      expiryMs: option.expiryMs,
      strike: option.strike,
      right: option.right,
      unit: 'coin',
      ...(bidVolatility !== undefined && { bidVolatility }),
      ...(askVolatility !== undefined && { askVolatility }),
      ...(forward !== undefined && { forward }),
      observedAtMs: asMillis(data['ts'], 'data[].ts'),
    },
  ];
}

/** A conversation with OKX: symbols are spot pairs (`BTC-USDT`), families `BTC-USD`. */
export const okx: Venue = (markets) => ({
  opening: [
    JSON.stringify({
      op: 'subscribe',
      args: markets.flatMap(({ symbol, options }) => [
        { channel: 'tickers', instId: symbol },
        ...(options === undefined ? [] : [{ channel: 'opt-summary', instFamily: options }]),
      ]),
    }),
  ],
  keepAlive: { everyMs: 15_000, message: { text: 'ping' }, silenceMs: 30_000 },
  read(text) {
    if (text === 'pong') return NOTHING;
    const message = jsonObject(text);
    if (message['event'] === 'error') {
      throw fieldFault('event', message['msg'] ?? message['code'], 'no error');
    }
    if (message['data'] === undefined) return NOTHING;
    const channel = asText(asObject(message['arg'], 'arg')['channel'], 'arg.channel');
    const read = { tickers: tickerQuote, 'opt-summary': summaryQuote }[channel];
    if (!read) return NOTHING;
    const quotes = asList(message['data'], 'data').flatMap((entry) =>
      read(asObject(entry, 'data[]'), markets),
    );
    return { quotes, replies: [] };
  },
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import { backoffMs } from '../../feeder/sources/backoff.ts';
import { coinbase } from '../../feeder/sources/coinbase.ts';
import { kraken } from '../../feeder/sources/kraken.ts';
import type { PriceSource, Quote } from '../../feeder/sources/price-source.ts';
import type { Venue } from '../../feeder/sources/venue.ts';
import { createVenueSource } from '../../feeder/sources/venue-source.ts';
import { type LocalVenue, startLocalVenue } from './local-venue.ts';

const MARKETS = [{ underlying: 'BTC', symbol: 'BTC-USD' }];
let venue: LocalVenue | undefined;
let source: PriceSource | undefined;
afterEach(async () => {
  await source?.stop();
  await venue?.close();
});

function collect() {
  const quotes: Quote[] = [];
  const faults: string[] = [];
  const states: string[] = [];
  return {
    quotes,
    faults,
    states,
    sink: {
      quote: (quote: Quote) => void quotes.push(quote),
      fault: (problem: string) => void faults.push(problem),
      state: (state: string, detail: string) => void states.push(`${state} ${detail}`),
    },
  };
}

const ticker = (bid: number, time: string) => ({
  type: 'ticker',
  product_id: 'BTC-USD',
  best_bid: `${bid}`,
  best_ask: `${bid + 2}`,
  time,
});

async function open(made: Venue = coinbase) {
  venue = await startLocalVenue();
  const { url } = venue;
  source = createVenueSource({ name: 'v', url, venue: made, markets: MARKETS, random: () => 0 });
  const seen = collect();
  source.start(seen.sink);
  await vi.waitFor(() => expect(venue?.heard.length).toBeGreaterThan(0));
  return { ...seen, venue };
}

describe('a venue', () => {
  test('is subscribed to when it opens, and its quotes come through', async () => {
    const { venue: server, quotes, states } = await open();
    expect(JSON.parse(server.heard[0] ?? '')).toMatchObject({
      type: 'subscribe',
      product_ids: ['BTC-USD'],
    });
    server.say(ticker(100, '2026-01-01T00:00:00Z'));
    await vi.waitFor(() => expect(quotes).toHaveLength(1));
    expect(quotes[0]).toMatchObject({ price: 101, observedAtMs: Date.UTC(2026, 0, 1) });
    expect(states).toEqual([`open ${server.url}`]);
  });

  test('whose clock runs ahead is not fresh for longer', async () => {
    const { venue: server, quotes } = await open();
    server.say(ticker(100, '2099-01-01T00:00:00Z'));
    await vi.waitFor(() => expect(quotes).toHaveLength(1));
    expect(quotes[0]?.observedAtMs).toBeLessThanOrEqual(Date.now());
  });

  test('that talks nonsense is counted and stays connected', async () => {
    const { venue: server, quotes, faults } = await open();
    server.say('{"type":');
    server.say({ ...ticker(100, 'x'), best_bid: 'NaN' });
    server.say(ticker(100, '2026-01-01T00:00:00Z'));
    await vi.waitFor(() => expect(quotes).toHaveLength(1));
    expect(faults).toEqual([
      expect.stringContaining('message: given'),
      expect.stringContaining('best_bid: given "NaN"; allowed: a number above 0'),
    ]);
    expect(server.connections()).toBe(1);
  });

  test('that cuts the connection is dialled and subscribed to again', async () => {
    const { venue: server, quotes, states } = await open();
    server.cut();
    await vi.waitFor(() => expect(server.heard).toHaveLength(2), { timeout: 5_000 });
    expect(states[1]).toMatch(/^closed .*; next attempt in 500 ms$/);
    server.say(ticker(100, '2026-01-01T00:00:00Z'));
    await vi.waitFor(() => expect(quotes).toHaveLength(1));
  });

  test('that falls silent is given up and dialled again; one that is pinged is not', async () => {
    const fast: Venue = (markets) => ({
      ...kraken(markets),
      keepAlive: { everyMs: 40, message: { text: '{"method":"ping"}' }, silenceMs: 100 },
    });
    const { venue: server, states } = await open(fast);
    await vi.waitFor(() => expect(states[1]).toContain('closed silent for 100 ms'));
    expect(server.heard).toContain('{"method":"ping"}');
    await vi.waitFor(() => expect(server.connections()).toBe(2), { timeout: 5_000 });

    // Ping frames are answered by pongs, which are signs of life.
    const framed: Venue = (markets) => ({
      ...kraken(markets),
      keepAlive: { everyMs: 40, message: 'ping-frame', silenceMs: 100 },
    });
    await source?.stop();
    await server.close();
    const other = await open(framed);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(other.states).toEqual([`open ${other.venue.url}`]);
  });

  test('that is not there is reported, and says nothing once stopped', async () => {
    const seen = collect();
    source = createVenueSource({
      name: 'v',
      url: 'ws://127.0.0.1:9',
      venue: coinbase,
      markets: MARKETS,
    });
    source.start(seen.sink);
    await vi.waitFor(() => expect(seen.states[0]).toContain('ECONNREFUSED'));
    await source.stop();
    const count = seen.states.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(seen.states).toHaveLength(count);
  });
});

test('waits double up to half a minute, half of each at random', () => {
  expect(backoffMs(0, 0)).toBe(250);
  expect(backoffMs(0, 0.999)).toBeLessThan(500);
  expect(backoffMs(3, 0)).toBe(2_000);
  expect(backoffMs(50, 0)).toBe(15_000);
  expect(backoffMs(1_000, 0.999)).toBeLessThan(30_000);
});

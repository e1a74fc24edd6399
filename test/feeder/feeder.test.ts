/** A feeder against venues and nodes on loopback, over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sliceVolatility } from '../../feeder/aggregate/fit-slice.ts';
import { YEAR_MS } from '../../feeder/aggregate/fit-surface.ts';
import { type FeederConfig, parseFeederConfig } from '../../feeder/config.ts';
import { createEventLog } from '../../feeder/event-log.ts';
import { type RunningFeeder, startFeeder } from '../../feeder/process.ts';
import { writeKeyFile } from '../../node/keys.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { oracleVoteDigest } from '../../runtime/oracle/vote.ts';
import { isVoteSane } from '../../runtime/oracle/vote-bounds.ts';
import { callPrice, putPrice } from '../../runtime/pricing/black76.ts';
import { ed25519Signer } from '../../wallet/client/sign.ts';
import { CHAIN_ID, type LocalNode, startLocalNode } from './local-node.ts';
import { type LocalVenue, startLocalVenue } from './local-venue.ts';

const SEED = new Uint8Array(32).fill(5);
const signer = ed25519Signer(SEED);
const EXPIRY = (Math.floor(Date.now() / 86_400_000) + 8) * 86_400_000 + 8 * 3_600_000;
const SMILE = { theta: 0.25 * 0.02, u: 0.06, l: 0.1 };

let folder: string;
let node: LocalNode;
let second: LocalNode;
let coinbase: LocalVenue;
let kraken: LocalVenue;
let deribit: LocalVenue;
let feeder: RunningFeeder | undefined;
const lines: { event: string; problem?: string }[] = [];

/** Names of Deribit's, `BTC-29NOV26-60000-C`. */
function instruments(): { name: string; strike: number; right: 'C' | 'P' }[] {
  const date = new Date(EXPIRY);
  const month = date.toUTCString().slice(8, 11).toUpperCase();
  const day = `${date.getUTCDate()}${month}${`${date.getUTCFullYear()}`.slice(2)}`;
  return Array.from({ length: 15 }, (_, i) => 52_500 + 1_000 * i).flatMap((strike) =>
    (['C', 'P'] as const).map((right) => ({
      name: `BTC-${day}-${strike}-${right}`,
      strike,
      right,
    })),
  );
}

function tickersAt(nowMs: number): object[] {
  const years = (EXPIRY - nowMs) / YEAR_MS;
  return instruments().map(({ name, strike, right }) => {
    const sigma = sliceVolatility(SMILE, Math.log(strike / 60_000), years);
    const priceAt = (v: number): number =>
      (right === 'C' ? callPrice : putPrice)(60_000, strike, v * Math.sqrt(years)) / 60_000;
    return {
      method: 'subscription',
      params: {
        channel: `ticker.${name}.agg2`,
        data: {
          instrument_name: name,
          state: 'open',
          timestamp: nowMs,
          underlying_price: 60_000,
          best_bid_price: priceAt(sigma - 0.004),
          best_ask_price: priceAt(sigma + 0.004),
        },
      },
    };
  });
}

const deribitIndex = (price: number) => ({
  method: 'subscription',
  params: {
    channel: 'deribit_price_index.btc_usd',
    data: { index_name: 'btc_usd', price, timestamp: Date.now() },
  },
});
const coinbaseTicker = (price: number) => ({
  type: 'ticker',
  product_id: 'BTC-USD',
  best_bid: `${price - 1}`,
  best_ask: `${price + 1}`,
  time: new Date().toISOString(),
});
const krakenTicker = (price: number) => ({
  channel: 'ticker',
  data: [{ symbol: 'BTC/USD', bid: price, ask: price, timestamp: new Date().toISOString() }],
});

function configOf(nodes: readonly string[]): FeederConfig {
  const source = (venue: string, url: string, market: string): string =>
    `[[sources]]\nname = "${venue}"\nvenue = "${venue}"\nurl = "${url}"\nmarkets = [{ ${market} }]\n`;
  return parseFeederConfig(
    `nodes = ${JSON.stringify(nodes)}
oracleKey = "oracle.key"
underlyings = ["BTC"]
intervalMs = 250
[aggregation]
indexStaleMs = 1500
[metrics]
port = 0
${source('coinbase', coinbase.url, 'underlying = "BTC", symbol = "BTC-USD"')}
${source('kraken', kraken.url, 'underlying = "BTC", symbol = "BTC/USD"')}
${source('deribit', deribit.url, 'underlying = "BTC", symbol = "btc_usd", options = "BTC"')}`,
    folder,
  );
}

async function start(nodes: readonly string[]): Promise<RunningFeeder> {
  const log = createEventLog('feeder', (line) => lines.push(JSON.parse(line)));
  feeder = await startFeeder(configOf(nodes), { log });
  await vi.waitFor(() => {
    for (const venue of [coinbase, kraken, deribit]) expect(venue.heard.length).toBeGreaterThan(0);
  });
  return feeder;
}

beforeEach(async () => {
  lines.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'feeder-'));
  writeKeyFile(join(folder, 'oracle.key'), SEED);
  [node, second, coinbase, kraken, deribit] = await Promise.all([
    startLocalNode(signer.publicKey),
    startLocalNode(signer.publicKey),
    startLocalVenue(),
    startLocalVenue(),
    startLocalVenue((text, socket) => {
      if (JSON.parse(text).method !== 'public/get_instruments') return;
      const result = instruments().map(({ name }) => ({ instrument_name: name }));
      socket.send(JSON.stringify({ id: 1_000, result }));
    }),
  ]);
  node.facts.expiries = [EXPIRY];
  second.facts.expiries = [EXPIRY];
});
afterEach(async () => {
  await feeder?.stop();
  feeder = undefined;
  await Promise.all([node, second, coinbase, kraken, deribit].map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

const events = (): string[] => lines.map(({ event }) => event);

test('votes the median of its sources and the fitted surface, signed, to every node', async () => {
  const { metricsUrl } = await start([node.url, second.url]);
  await vi.waitFor(() => expect(deribit.heard.some((text) => text.includes('ticker.'))).toBe(true));
  for (const ticker of tickersAt(Date.now())) deribit.say(ticker);
  deribit.say(deribitIndex(60_000));
  coinbase.say(coinbaseTicker(60_010));
  kraken.say(krakenTicker(60_020));
  await vi.waitFor(() => expect(node.votes.length).toBeGreaterThan(2), { timeout: 5_000 });
  await vi.waitFor(() => expect(second.votes.length).toBeGreaterThan(2));

  const [first] = node.votes.slice(-1);
  if (!first) throw new Error('no vote');
  const digest = oracleVoteDigest(fromHex(CHAIN_ID) ?? new Uint8Array(), first.vote);
  expect(ed25519.verify(first.signature, digest, signer.publicKey)).toBe(true);
  expect(isVoteSane(first.vote)).toBe(true);
  expect(first.vote).toMatchObject({ epoch: 3, validator: 1 });
  const [btc] = first.vote.underlyings;
  expect(btc).toMatchObject({ underlying: 1, index: 60_010_000_000 });
  expect(btc?.confidenceBps).toBeGreaterThan(9_500);
  const [expiry] = btc?.expiries ?? [];
  expect(expiry?.expiry).toBe(EXPIRY);
  expect(Math.abs((expiry?.forward ?? 0) / 60_000e6 - 1)).toBeLessThan(1e-3);
  expect(Math.abs((expiry?.theta ?? 0) / (SMILE.theta * 1e12) - 1)).toBeLessThan(0.01);
  expect(Math.abs((expiry?.u ?? 0) / (SMILE.u * 1e9) - 1)).toBeLessThan(0.05);
  expect(Math.abs((expiry?.l ?? 0) / (SMILE.l * 1e9) - 1)).toBeLessThan(0.05);

  const times = node.votes.map(({ vote }) => vote.observedAt);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
  expect(metrics).toContain('miletus_feeder_index_usd{underlying="BTC"} 60010');
  expect(metrics).toMatch(/miletus_feeder_source_open\{source="kraken"\} 1/);
});

test('goes on while enough sources live, without an underlying that has too few', async () => {
  await start([node.url]);
  const speak = (): void => {
    coinbase.say(coinbaseTicker(60_000));
    kraken.say(krakenTicker(60_001));
  };
  // Deribit never says a price and then dies; Kraken talks nonsense in between.
  speak();
  deribit.cut();
  kraken.say('nonsense');
  await vi.waitFor(() => expect(node.votes.length).toBeGreaterThan(0), { timeout: 5_000 });
  expect(node.votes[0]?.vote.underlyings[0]?.index).toBe(60_000_500_000);
  // Two of three equal weights.
  expect(node.votes[0]?.vote.underlyings[0]?.confidenceBps).toBeGreaterThan(6_000);
  expect(node.votes[0]?.vote.underlyings[0]?.confidenceBps).toBeLessThan(6_700);

  // Both fall silent: after the stale age there is no vote.
  await vi.waitFor(() => expect(events()).toContain('index of BTC fails'), { timeout: 5_000 });
  const count = node.votes.length;
  expect(lines.find(({ event }) => event === 'index of BTC fails')?.problem).toBe(
    '0 fresh sources; allowed: at least 2',
  );
  speak();
  await vi.waitFor(() => expect(node.votes.length).toBeGreaterThan(count), { timeout: 5_000 });
  expect(events()).toContain('index of BTC works again');
  expect(lines.find(({ event }) => event === 'a message of kraken fails')?.problem).toContain(
    'message: given "nonsense"; allowed: JSON',
  );
});

test('survives its nodes: one that is down costs nothing, a vote known already is taken', async () => {
  second.facts.refusal = 'duplicate_transaction';
  await start(['http://127.0.0.1:9', node.url, second.url]);
  const speaking = setInterval(() => {
    coinbase.say(coinbaseTicker(60_000));
    kraken.say(krakenTicker(60_000));
  }, 200);
  try {
    await vi.waitFor(() => expect(node.votes.length).toBeGreaterThan(1), { timeout: 5_000 });
    expect(events()).toContain('node http://127.0.0.1:9 fails');
    expect(events()).not.toContain(`node ${second.url} fails`);

    // In the next epoch the key has no place: it says so once and stays.
    node.facts.validator = '11'.repeat(32);
    node.facts.epoch = 4;
    await vi.waitFor(() => expect(events()).toContain('not a validator of this epoch'));
    const count = node.votes.length;
    node.facts.validator = configuredKey();
    node.facts.epoch = 5;
    await vi.waitFor(() => expect(node.votes.length).toBeGreaterThan(count), { timeout: 5_000 });
    expect(node.votes.at(-1)?.vote.epoch).toBe(5);
    expect(events().filter((event) => event === 'not a validator of this epoch')).toHaveLength(1);
  } finally {
    clearInterval(speaking);
  }
});

function configuredKey(): string {
  return Buffer.from(signer.publicKey).toString('hex');
}

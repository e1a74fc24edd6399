/** Recordings of our own making in every format, and those of ../shared/data where present. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fitSurface } from '../../feeder/aggregate/fit-surface.ts';
import { readRecording } from '../../feeder/replay/read-recording.ts';
import { createReplaySource } from '../../feeder/replay/replay-source.ts';
import type { Quote } from '../../feeder/sources/price-source.ts';

const T0 = Date.UTC(2026, 1, 5, 0, 0);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const bars = () =>
  write('x_spot_BTCUSDT_1m_2026.csv.gz', [
    'ts,open,high,low,close,volume',
    `${T0},1,1,1,60000,1`,
    `${T0 + 60_000},1,1,1,60600,1`,
    `${T0 + 120_000},1,1,1,,1`,
    `${T0 + 180_000},1,1,1,61200,1`,
  ]);

const CHAIN_HEAD =
  'timestamp,instrument_name,bid_price,ask_price,futures_price,currency,index_price';
const chain = () =>
  write('chain.csv', [
    CHAIN_HEAD,
    `${new Date(T0 + 60_000).toISOString()},BTC-6FEB26-60000-C,0.01,0.011,60000,BTC,60000`,
    `${new Date(T0 + 60_000).toISOString()},BTC-6FEB26-60000-P,,0.011,60000,BTC,60000`,
    `${new Date(T0 + 60_000).toISOString()},BTC-FOO,0.01,0.011,60000,BTC,60000`,
  ]);

describe('a recording', () => {
  test('of bars is a price at the end of each; a broken line is counted', () => {
    const { quotes, faults, firstFault } = readRecording(bars());
    expect(
      quotes.map((quote) => [quote.observedAtMs - T0, 'price' in quote && quote.price]),
    ).toEqual([
      [60_000, 60_000],
      [120_000, 60_600],
      [240_000, 61_200],
    ]);
    expect(faults).toBe(1);
    expect(firstFault).toContain('close  at');
  });

  test('of a chain is options and the index', () => {
    const { quotes, faults } = readRecording(chain());
    expect(quotes.map(({ kind }) => kind)).toEqual(['option', 'option', 'index']);
    expect(quotes[0]).toMatchObject({ strike: 60_000, right: 'call', bid: 0.01, forward: 60_000 });
    expect(quotes[1]).not.toHaveProperty('bid');
    expect(faults).toBe(1);
  });

  test('of a socket goes through the parser of the venue', () => {
    const book = { stream: 'btcusdt@bookTicker', data: { s: 'BTCUSDT', b: '1.5', a: '2.5' } };
    const binance = write('b.ndjson', [
      `${T0}000000 ${JSON.stringify(book)}`,
      `${T0 + 1}000000 {"stream":"btcusdt@bookTicker","data":{"s":"BTCUSDT","b":"x","a":"1"}}`,
    ]);
    expect(readRecording(binance)).toMatchObject({
      quotes: [{ kind: 'index', price: 2, observedAtMs: T0 }],
      faults: 1,
      firstFault: 'data.b: given "x"; allowed: a number above 0',
    });
    const data = {
      instrument_name: 'ETH-6FEB26-2000-C',
      timestamp: T0,
      underlying_price: 2_010,
      best_bid_price: 0.01,
      best_ask_price: 0.02,
    };
    const params = { channel: 'ticker.ETH-6FEB26-2000-C.raw', data };
    const message = JSON.stringify({ method: 'subscription', params });
    const deribit = write('d', [`${T0 / 1000}.5: ${message}`]);
    // No index in it: the shortest expiry's forward stands for it.
    expect(readRecording(deribit).quotes.map(({ kind }) => kind)).toEqual(['option', 'index']);
  });

  test('that cannot be used says why', () => {
    expect(() => readRecording(join(folder, 'none'))).toThrow('cannot be read');
    expect(() => readRecording(write('x', ['hello']))).toThrow('has no known format');
    expect(() => readRecording(write('BTCUSDT_.csv', ['ts,open,close']))).toThrow('holds no quote');
    expect(() => readRecording(write('y.csv', ['ts,open,close', '1,2,3']))).toThrow(
      'no pair such as',
    );
    expect(() =>
      readRecording(write('c.csv', [CHAIN_HEAD.replace(',currency', ''), 'x,y,1,1,1,1'])),
    ).toThrow('c.csv has no column currency');
  });
});

describe('a replay', () => {
  function play(files: readonly string[], speed: number) {
    vi.useFakeTimers({ now: 1_900_000_000_000 });
    const quotes: Quote[] = [];
    const states: string[] = [];
    const source = createReplaySource({
      name: 'replay',
      recordings: files.map(readRecording),
      speed,
      everyMs: 500,
    });
    source.start({
      quote: (quote) => void quotes.push(quote),
      fault: () => {},
      state: (state) => void states.push(state),
    });
    const price = (): number | undefined =>
      quotes.findLast((quote) => quote.kind === 'index')?.price;
    return { source, quotes, states, price };
  }

  test('runs at its speed, holds what was last, and ends', async () => {
    const { price, states, quotes } = play([bars()], 60);
    expect(price()).toBe(60_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(price()).toBe(60_600);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(price()).toBe(60_600);
    expect(quotes.at(-1)?.observedAtMs).toBe(Date.now());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(price()).toBe(61_200);
    expect(states).toEqual(['open', 'closed']);
    const count = quotes.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(quotes).toHaveLength(count);
  });

  test('moves expiries onto the wall clock with their total variance', async () => {
    const speed = 4;
    const { quotes, source } = play([chain()], speed);
    const now = Date.now();
    const option = quotes.find((quote) => quote.kind === 'option' && quote.right === 'call');
    if (option?.kind !== 'option') throw new Error('no option');
    const recordedLeft = Date.UTC(2026, 1, 6, 8) - (T0 + 60_000);
    expect(option.expiryMs - now).toBeCloseTo(recordedLeft / speed, 0);
    // The same price on a clock four times as fast is twice the volatility.
    const atOne = play([chain()], 1).quotes.find((quote) => quote.kind === 'option');
    if (atOne?.kind !== 'option') throw new Error('no option');
    expect((option.bidVolatility ?? 0) / (atOne.bidVolatility ?? 1)).toBeCloseTo(2, 6);
    await source.stop();
  });

  test('holds a chain by volatility and carry while the index moves', async () => {
    const { quotes, source } = play([bars(), chain()], 60);
    await vi.advanceTimersByTimeAsync(2_000);
    const option = quotes.findLast((quote) => quote.kind === 'option' && quote.right === 'call');
    expect(option).toMatchObject({ forward: expect.closeTo(60_600, 6) });
    expect(option).not.toHaveProperty('bid');
    await source.stop();
  });

  test('of prices and options that were not recorded at one time is refused', () => {
    const late = write('x_BTCUSDT_1m.csv', [
      'ts,open,high,low,close,volume',
      `${T0 + 86_400_000},1,1,1,60000,1`,
      `${T0 + 86_460_000},1,1,1,60000,1`,
    ]);
    const only = write('options.ndjson', [
      `${T0 / 1000}.5: ${JSON.stringify({ method: 'subscription', params: { channel: 'ticker.x', data: { instrument_name: 'BTC-6FEB26-60000-C', timestamp: T0, underlying_price: 1 } } })}`,
    ]);
    const recordings = [late, only].map(readRecording).map((recording) => ({
      ...recording,
      quotes: recording.quotes.filter(
        ({ kind }) => (recording.file === 'options.ndjson') === (kind === 'option'),
      ),
    }));
    expect(() => createReplaySource({ name: 'r', recordings, speed: 1, everyMs: 500 })).toThrow(
      'prices and options were not recorded at one time',
    );
  });
});

const shared = join('..', 'shared', 'data', 'deribit_chain_6h_2026');
test.runIf(existsSync(shared))(
  'surfaces fit recorded chains: calm below a point, the crash below two',
  () => {
    const errorsOf = (stamp: string): number[] => {
      const { quotes } = readRecording(join(shared, `deribit_options_snapshot_${stamp}.csv.gz`));
      const options = quotes.flatMap((quote) =>
        quote.kind === 'option' && quote.underlying === 'BTC' ? [{ source: 'r', quote }] : [],
      );
      return fitSurface(options, () => 1, quotes[0]?.observedAtMs ?? 0).map(
        (fit) => fit.rmsePoints,
      );
    };
    const calm = errorsOf('20251230T173115Z');
    expect(calm.length).toBeGreaterThan(9);
    expect(Math.max(...calm)).toBeLessThan(1);
    const crash = errorsOf('20260206T043012Z');
    expect(crash.length).toBeGreaterThan(9);
    expect(Math.max(...crash)).toBeLessThan(2);
  },
);

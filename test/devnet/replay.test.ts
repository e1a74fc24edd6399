import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { totalVariance, volatility } from '../../devnet/prices/essvi.ts';
import { YEAR_MS } from '../../devnet/prices/price-source.ts';
import { openReplay, positionAt } from '../../devnet/prices/replay.ts';

const START = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
let folder = '';

/** Bars that open at 0, 1, 2 minutes: their closes count at 1, 2, 3. */
function writeBars(name: string, closes: readonly number[]): void {
  const rows = closes.map((close, i) => `${i * 60_000},1,1,1,${close},0.5`);
  const csv = ['ts,open,high,low,close,volume', ...rows].join('\n');
  writeFileSync(join(folder, 'prices', name), gzipSync(csv));
}

/** A chain whose every volatility is that of one slice with `at the money` volatility `sigma`. */
function writeChain(stamp: string, sigma: number): void {
  const years = 1 / 365;
  const theta = sigma * sigma * years;
  const root = Math.sqrt(theta);
  const slice = { theta, u: 0.7 * root, l: 1.3 * root };
  const rows = ['BTC', 'ETH'].flatMap((currency) =>
    [-0.06, -0.04, -0.02, -0.01, 0, 0.01, 0.02, 0.04, 0.06].map((k) => {
      const vol = Math.sqrt(totalVariance(slice, k) / years);
      const type = k >= 0 ? 'call' : 'put';
      return `${currency},E,${type},${1000 * Math.exp(k)},${years},1000,${vol},0.3,5`;
    }),
  );
  const head =
    'currency,expiry_datetime,option_type,strike,time_to_maturity,futures_price,' +
    'implied_volatility,delta,vega';
  const file = join(folder, 'deribit_chain_6h_2026', `snapshot_${stamp}Z.csv.gz`);
  writeFileSync(file, gzipSync([head, ...rows].join('\n')));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miletus-replay-'));
  mkdirSync(join(folder, 'prices'));
  mkdirSync(join(folder, 'deribit_chain_6h_2026'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => openReplay({ folder, startedAtMs: START, expiryIntervalMs: 300_000 });

describe('replay', () => {
  test('gives the recorded index at recorded speed, between samples in proportion', () => {
    writeBars('x_BTCUSDT_1m_a.csv.gz', [100, 200, 400]);
    writeBars('x_ETHUSDT_1m_a.csv.gz', [10, 20, 40]);
    writeChain('20260101T000000', 0.5);
    const replay = open();
    const btc = (ms: number) =>
      replay.observe({ underlying: 'BTC', atMs: START + ms, expiriesMs: [] }).index;
    expect(btc(0)).toBe(100);
    expect(btc(30_000)).toBe(150);
    expect(btc(60_000)).toBe(200);
    expect(btc(90_000)).toBe(300);
    // Two minutes long: it begins anew.
    expect(btc(120_000 + 30_000)).toBe(150);
    expect(replay.citation).toContain('x_BTCUSDT_1m_a.csv.gz');
  });

  test('gives the recorded volatilities, mixed between two chains', () => {
    writeBars('x_BTCUSDT_1m_a.csv.gz', [100, 100]);
    writeBars('x_ETHUSDT_1m_a.csv.gz', [10, 10]);
    writeChain('20260101T000000', 0.4);
    writeChain('20260101T060000', 0.6);
    const replay = open();
    const vol = (ms: number): number => {
      const atMs = START + ms;
      const expiryMs = atMs + 300_000;
      const { expiries, index } = replay.observe({
        underlying: 'ETH',
        atMs,
        expiriesMs: [expiryMs],
      });
      const [slice] = expiries;
      expect(slice?.forward).toBe(index);
      return slice ? volatility(slice, 0, 300_000 / YEAR_MS) : 0;
    };
    expect(vol(0)).toBeCloseTo(0.4, 4);
    expect(vol(3 * HOUR_MS)).toBeCloseTo(0.5, 4);
    expect(vol(5.9 * HOUR_MS)).toBeCloseTo(0.6, 2);
  });

  test('says which path is missing and what belongs there', () => {
    expect(open).toThrow(/prices has no pair/);
    writeBars('x_BTCUSDT_1m_a.csv.gz', [1]);
    writeBars('x_ETHUSDT_1m_a.csv.gz', [1]);
    expect(open).toThrow(/deribit_chain_6h_2026 has no/);
    folder = join(folder, 'prices');
    expect(open).toThrow(/cannot be read/);
    folder = join(folder, '..');
  });

  test('a recording of one sample has one position', () => {
    expect(positionAt([7], 1_000)).toEqual({ index: 0, share: 0 });
  });
});

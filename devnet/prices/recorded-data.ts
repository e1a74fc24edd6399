/**
 * Reads the recorded market data that lies beside the project: price bars and option chains as
 * gzip'd CSV, in the layout that their SOURCE.md files state.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fitSlice, type SmilePoint } from './fit-slice.ts';
import type { UnderlyingName } from './price-source.ts';
import { knotOf, type Surface } from './surface.ts';

/** Where the recordings are wrong or missing: `path` and what was expected there. */
export class RecordedDataError extends Error {
  override readonly name = 'RecordedDataError';
}

/** Closes of a series of bars, ascending: parallel arrays of bar end (ms) and price (USD). */
export type BarSeries = {
  readonly file: string;
  readonly endsMs: readonly number[];
  readonly closes: readonly number[];
};

const BAR_FOLDER = 'prices';
const CHAIN_FOLDER = 'deribit_chain_6h_2026';
const MINUTE_MS = 60_000;

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (cause) {
    throw new RecordedDataError(
      `${path} cannot be read (${cause instanceof Error ? cause.message : String(cause)}); ` +
        `give a folder that holds ${BAR_FOLDER}/ and ${CHAIN_FOLDER}/`,
    );
  }
}

/** Rows of a gzip'd CSV without quoted fields, and the position of each column. */
function readCsv(path: string): { rows: string[][]; column: (name: string) => number } {
  const [head = '', ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
  const names = head.trim().split(',');
  const column = (name: string): number => {
    const at = names.indexOf(name);
    if (at < 0) throw new RecordedDataError(`${path} has no column ${name}`);
    return at;
  };
  return { rows: lines.map((line) => line.trim().split(',')), column };
}

/** The newest one-minute bars of which both BTC and ETH are recorded over the same days. */
export function readMinuteBars(folder: string): Record<UnderlyingName, BarSeries> {
  const path = join(folder, BAR_FOLDER);
  const files = listFolder(path);
  const btc = files.findLast(
    (file) =>
      /_BTCUSDT_1m_.*\.csv\.gz$/.test(file) && files.includes(file.replace('BTCUSDT', 'ETHUSDT')),
  );
  if (!btc) throw new RecordedDataError(`${path} has no pair *_BTCUSDT_1m_* and *_ETHUSDT_1m_*`);
  return {
    BTC: readBars(path, btc),
    ETH: readBars(path, btc.replace('BTCUSDT', 'ETHUSDT')),
  };
}

function readBars(path: string, file: string): BarSeries {
  const { rows, column } = readCsv(join(path, file));
  const opened = column('ts');
  const close = column('close');
  return {
    file: `${BAR_FOLDER}/${file}`,
    endsMs: rows.map((row) => Number(row[opened]) + MINUTE_MS),
    closes: rows.map((row) => Number(row[close])),
  };
}

/** A snapshot of whole option chains: when it was taken and where it lies. */
export type ChainFile = { readonly file: string; readonly path: string; readonly atMs: number };

/** Every recorded chain, ascending by time. */
export function listChains(folder: string): ChainFile[] {
  const path = join(folder, CHAIN_FOLDER);
  const chains = listFolder(path).flatMap((name): ChainFile[] => {
    const found = /_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.csv\.gz$/.exec(name);
    if (!found) return [];
    const [, y, m, d, h, min, s] = found;
    const atMs = Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
    return [{ file: `${CHAIN_FOLDER}/${name}`, path: join(path, name), atMs }];
  });
  if (chains.length === 0) throw new RecordedDataError(`${path} has no *_YYYYMMDDTHHMMSSZ.csv.gz`);
  return chains.sort((a, b) => a.atMs - b.atMs);
}

/** The longest run of chains that are at most `maxGapMs` apart. */
export function densestChains(chains: readonly ChainFile[], maxGapMs: number): ChainFile[] {
  let best: ChainFile[] = [];
  let run: ChainFile[] = [];
  for (const chain of chains) {
    const last = run.at(-1);
    run = last && chain.atMs - last.atMs > maxGapMs ? [chain] : [...run, chain];
    if (run.length > best.length) best = run;
  }
  return best;
}

/** Deltas outside carry almost no vega and stale marks. */
const MIN_ABS_DELTA = 0.03;
/** Maturities below this are mid-settlement; the recordings have none that is reliable. */
const MIN_DAYS = 0.25;
const DAYS_PER_YEAR = 365;

/** Root mean square error of a fitted expiry, in volatility points at the money. */
export type FitError = { readonly days: number; readonly volatilityPoints: number };

export type ChainSurface = {
  readonly surface: Surface;
  readonly errors: readonly FitError[];
};

/**
 * Fits one slice per expiry of a recorded chain: out-of-the-money marks, weighted by vega.
 * Each row's own forward is used, because the rows were fetched over some seconds.
 * Cost: about 40 ms for both underlyings.
 */
export function readSurfaces(chain: ChainFile): Record<UnderlyingName, ChainSurface> {
  const { rows, column } = readCsv(chain.path);
  const [currency, expiry, type, strike, years, forward, vol, delta, vega] = [
    'currency',
    'expiry_datetime',
    'option_type',
    'strike',
    'time_to_maturity',
    'futures_price',
    'implied_volatility',
    'delta',
    'vega',
  ].map(column) as [number, number, number, number, number, number, number, number, number];
  const smiles = new Map<string, { years: number; points: SmilePoint[] }>();
  for (const row of rows) {
    const tau = Number(row[years]);
    const sigma = Number(row[vol]);
    const k = Math.log(Number(row[strike]) / Number(row[forward]));
    const isOut = row[type] === 'call' ? k >= 0 : k < 0;
    const usable =
      sigma > 0 && Number(row[vega]) > 0 && Math.abs(Number(row[delta])) > MIN_ABS_DELTA;
    if (!isOut || !usable || tau * DAYS_PER_YEAR < MIN_DAYS) continue;
    const key = `${row[currency]} ${row[expiry]}`;
    const smile = smiles.get(key) ?? { years: tau, points: [] };
    smile.points.push({ k, variance: sigma * sigma * tau, weight: Number(row[vega]) });
    smiles.set(key, smile);
  }
  const build = (name: UnderlyingName): ChainSurface => {
    const fits = [...smiles]
      .filter(([key]) => key.startsWith(name))
      .toSorted(([, a], [, b]) => a.years - b.years)
      .flatMap(([, smile]) => {
        const fit = fitSlice(smile.points);
        return fit ? [{ ...fit, years: smile.years }] : [];
      });
    if (fits.length === 0) throw new RecordedDataError(`${chain.path} has no ${name} smile to fit`);
    return {
      surface: fits.map(({ slice, years: tau }) => knotOf(slice, tau * DAYS_PER_YEAR)),
      errors: fits.map(({ slice, rmse, years: tau }) => ({
        days: tau * DAYS_PER_YEAR,
        // dσ = dw / (2στ), at the money.
        volatilityPoints: (100 * rmse) / (2 * Math.sqrt(slice.theta / tau) * tau),
      })),
    };
  };
  return { BTC: build('BTC'), ETH: build('ETH') };
}

/**
 * Replays recorded markets at recorded speed: one-minute index bars of BTC and ETH, and option
 * chains taken every few hours, each interpolated between its samples.
 *
 * Both recordings start when the network first started and begin anew when they end; the two may
 * be of different days, because the surface is kept in standardised moneyness (`surface.ts`). A
 * network that was stopped finds the market where it would be by now. The recordings carry no
 * futures for expiries of minutes: the forward is the index.
 */
import type { PriceQuestion, PriceSource, UnderlyingName } from './price-source.ts';
import {
  type BarSeries,
  type ChainFile,
  densestChains,
  listChains,
  RecordedDataError,
  readMinuteBars,
  readSurfaces,
} from './recorded-data.ts';
import { mixSurfaces, type Surface, slicesAt } from './surface.ts';

/** Chains further apart than this are not one recording. */
const MAX_CHAIN_GAP_MS = 24 * 3_600_000;

export type ReplayOptions = {
  /** A folder that holds `prices/` and `deribit_chain_6h_2026/`. */
  readonly folder: string;
  /** When the network first started: where the recordings begin. */
  readonly startedAtMs: number;
  readonly expiryIntervalMs: number;
};

/** Position in a recording: the sample at or before, and the share of the way to the next. */
type Position = { readonly index: number; readonly share: number };

/** Where `elapsedMs` after the first of `timesMs` lies, beginning anew after the last. */
export function positionAt(timesMs: readonly number[], elapsedMs: number): Position {
  const first = timesMs[0];
  const last = timesMs.at(-1);
  if (first === undefined || last === undefined || last === first) return { index: 0, share: 0 };
  const at = first + (((elapsedMs % (last - first)) + (last - first)) % (last - first));
  let low = 0;
  let high = timesMs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((timesMs[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  const from = timesMs[low] ?? at;
  const to = timesMs[high] ?? at;
  return { index: low, share: (at - from) / (to - from) };
}

/** Opens the recordings. Throws `RecordedDataError` naming the path and what was expected. */
export function openReplay(options: ReplayOptions): PriceSource {
  const bars = readMinuteBars(options.folder);
  const chains = densestChains(listChains(options.folder), MAX_CHAIN_GAP_MS);
  const [first] = chains;
  const last = chains.at(-1);
  if (!first || !last) throw new RecordedDataError(`${options.folder} has no option chains`);
  const chainTimesMs = chains.map(({ atMs }) => atMs);
  const surfaceOf = keepNewest((chain: ChainFile) => readSurfaces(chain));

  const indexAt = (series: BarSeries, elapsedMs: number): number => {
    const { index, share } = positionAt(series.endsMs, elapsedMs);
    const from = series.closes[index] ?? 0;
    return from + ((series.closes[index + 1] ?? from) - from) * share;
  };
  const surfaceAt = (underlying: UnderlyingName, elapsedMs: number): Surface => {
    const { index, share } = positionAt(chainTimesMs, elapsedMs);
    const before = chains[index] ?? first;
    const after = chains[index + 1] ?? before;
    return mixSurfaces(
      surfaceOf(before)[underlying].surface,
      surfaceOf(after)[underlying].surface,
      share,
    );
  };
  return {
    kind: 'replay',
    citation:
      `replay of ${options.folder}: index ${bars.BTC.file} and ${bars.ETH.file}, ` +
      `surface ${chains.length} chains ${first.file} to ${last.file}, at recorded speed`,
    observe: ({ underlying, atMs, expiriesMs }: PriceQuestion) => {
      const elapsedMs = atMs - options.startedAtMs;
      const index = indexAt(bars[underlying], elapsedMs);
      const surface = surfaceAt(underlying, elapsedMs);
      const { expiryIntervalMs } = options;
      return {
        underlying,
        index,
        expiries: slicesAt(surface, { atMs, expiriesMs, expiryIntervalMs }).map((slice) => ({
          ...slice,
          forward: index,
        })),
      };
    },
  };
}

/** Only two chains are in use at a time; a recording of months would not fit in memory. */
const KEPT_CHAINS = 2;

function keepNewest<T>(read: (chain: ChainFile) => T): (chain: ChainFile) => T {
  const kept = new Map<string, T>();
  return (chain) => {
    const known = kept.get(chain.path);
    if (known !== undefined) return known;
    const value = read(chain);
    kept.set(chain.path, value);
    for (const path of kept.keys()) {
      if (kept.size <= KEPT_CHAINS) break;
      kept.delete(path);
    }
    return value;
  };
}

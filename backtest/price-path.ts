/**
 * Bars as a path of prices that a mark may be taken at.
 *
 * A bar tells four prices but not their order. The path goes from the open to the extreme against its
 * direction, to the other, to the close (falling bars: open, high, low, close), on straight lines of
 * the logarithm with equal times: between the extremes nothing is invented, and every extreme is hit.
 * Prices are USD, times ms since 1970.
 */
import { DataError } from './read-file.ts';

export type Bar = {
  readonly openedAtMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
};

/** Bars of one recording, ascending, all of one length. */
export type Bars = { readonly lengthMs: number; readonly bars: readonly Bar[] };

export type PricePoint = { readonly atMs: number; readonly price: number };

const COLUMNS = 'ts,open,high,low,close';

/** Bars of a CSV file that opened in [fromMs, toMs). Throws `DataError` when it is none. */
export function parseBars(name: string, text: string, fromMs: number, toMs: number): Bars {
  const lines = text.trim().split('\n');
  if (!lines[0]?.startsWith(COLUMNS)) throw new DataError(`${name}: first line is not ${COLUMNS}`);
  const times = lines.slice(1, 3).map((line) => Number(line.split(',')[0]));
  const lengthMs = (times[1] ?? 0) - (times[0] ?? 0);
  if (!(lengthMs > 0)) throw new DataError(`${name}: fewer than two bars`);
  const bars: Bar[] = [];
  for (const line of lines.slice(1)) {
    const [openedAtMs = 0, open = 0, high = 0, low = 0, close = 0] = line.split(',').map(Number);
    if (openedAtMs < fromMs || openedAtMs >= toMs) continue;
    if (!(low > 0 && high >= low))
      throw new DataError(`${name}: bar at ${openedAtMs} has no price`);
    bars.push({ openedAtMs, open, high, low, close });
  }
  return { lengthMs, bars };
}

/** Corners of a bar: four prices with their times. */
export function barCorners(
  { openedAtMs, open, high, low, close }: Bar,
  lengthMs: number,
): PricePoint[] {
  const inner = close >= open ? [low, high] : [high, low];
  return [open, ...inner, close].map((price, i) => ({
    atMs: openedAtMs + (i * lengthMs) / 3,
    price,
  }));
}

/**
 * Corners of all bars, ascending: where several recordings cover a time the first does. Throws
 * `DataError` without any.
 */
export function cornersOf(recordings: readonly Bars[]): PricePoint[] {
  const corners: PricePoint[] = [];
  let covered: { readonly from: number; readonly to: number }[] = [];
  for (const { lengthMs, bars } of recordings) {
    const own: typeof covered = [];
    for (const bar of bars) {
      const from = bar.openedAtMs;
      const to = from + lengthMs;
      if (covered.some((span) => from < span.to && to > span.from)) continue;
      own.push({ from, to });
      corners.push(...barCorners(bar, lengthMs));
    }
    covered = covered.concat(mergeSpans(own));
  }
  if (corners.length === 0) throw new DataError('no bar covers the hours asked for');
  return corners.sort((a, b) => a.atMs - b.atMs);
}

function mergeSpans(spans: readonly { readonly from: number; readonly to: number }[]) {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of spans) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** The price at a time: on the line of logarithms between two corners, at the ends theirs. */
export function priceAt(corners: readonly PricePoint[], atMs: number): number {
  let low = 0;
  let high = corners.length - 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((corners[middle]?.atMs ?? 0) <= atMs) low = middle;
    else high = middle;
  }
  const [a, b] = [corners[low], corners[high]];
  if (a === undefined || b === undefined) throw new RangeError('a path has corners');
  if (atMs <= a.atMs) return a.price;
  if (atMs >= b.atMs) return b.price;
  const share = (atMs - a.atMs) / (b.atMs - a.atMs);
  return a.price * (b.price / a.price) ** share;
}

/** When marks are taken. */
export type Pace = {
  /** Looked at so often, at least. */
  readonly lookMs: number;
  /** A mark is taken when a price moved by so much since the last, as a share, */
  readonly move: number;
  /** and after so long in any case. */
  readonly longestMs: number;
};

/** Times of marks along paths: at every corner or look where any of them moved by `pace.move`. */
export function markTimes(
  paths: readonly (readonly PricePoint[])[],
  span: { readonly fromMs: number; readonly toMs: number },
  pace: Pace,
): number[] {
  const looks = new Set<number>();
  for (let at = span.fromMs; at <= span.toMs; at += pace.lookMs) looks.add(at);
  for (const path of paths) {
    for (const { atMs } of path) {
      if (atMs >= span.fromMs && atMs <= span.toMs) looks.add(Math.round(atMs));
    }
  }
  const times: number[] = [];
  let marked: readonly number[] | undefined;
  let markedAt = 0;
  for (const at of [...looks].sort((a, b) => a - b)) {
    const prices = paths.map((path) => priceAt(path, at));
    const last = marked;
    const isMoved = prices.some((price, i) => Math.abs(price / (last?.[i] ?? 0) - 1) >= pace.move);
    // Blocks are at least a second apart.
    if (last !== undefined && at - markedAt < 1_000) continue;
    if (last !== undefined && !isMoved && at - markedAt < pace.longestMs) continue;
    times.push(at);
    marked = prices;
    markedAt = at;
  }
  return times;
}

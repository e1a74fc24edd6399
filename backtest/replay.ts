/**
 * A crash day as a function of time: index and surface of every underlying, and when to mark.
 *
 * What was recorded is read from the data folder; what was not follows stated rules: the surface by
 * `spot-volatility.ts`, its level before a day without chains by realised volatility, and the index of
 * an underlying without bars between two chains by the other's moves.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fitSurface } from '../feeder/aggregate/fit-surface.ts';
import type { SurfaceKnot } from '../feeder/aggregate/surface-at.ts';
import { readRecording } from '../feeder/replay/read-recording.ts';
import type { OptionQuote } from '../feeder/sources/price-source.ts';
import {
  CALM_CHAIN,
  CHAINS_FOLDER,
  CRASH_CHAINS,
  type CrashDay,
  UNDERLYING_NAMES,
  type UnderlyingName,
} from './crash-days.ts';
import {
  type Bars,
  cornersOf,
  markTimes,
  type Pace,
  type PricePoint,
  parseBars,
  priceAt,
} from './price-path.ts';
import { DataError, textOf } from './read-file.ts';
import {
  type Anchors,
  DAY_MS,
  fitRule,
  movedSurface,
  type RecordedSurface,
  type RuleFit,
  type SpotVolatilityRule,
  surfaceByRule,
} from './spot-volatility.ts';

const HOUR_MS = 3_600_000;
/** Realised volatility is that of hourly moves over so long before a day. */
const REALISED_MS = 9 * DAY_MS;
const HOURS_PER_YEAR = 365 * 24;
/** Level of a month's volatility before a day: realised, within these. */
const LEVEL = { least: 0.35, most: 1.5 };

/** What the market is at a moment. */
export type MarketView = {
  readonly index: number;
  /** Forward and slice of each expiry asked for that lies ahead. */
  readonly slices: readonly SurfaceKnot[];
};

export type Replay = {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly underlyings: readonly UnderlyingName[];
  /** Times of the marks, ascending. */
  readonly times: readonly number[];
  readonly at: (
    underlying: UnderlyingName,
    atMs: number,
    expiriesMs: readonly number[],
  ) => MarketView;
};

/** What is fitted once and serves every day. */
export type Fits = {
  readonly rules: { readonly [U in UnderlyingName]: RuleFit };
  /** Move of ETH for one of BTC, in logarithms, over the recorded chains. */
  readonly ethPerBtc: number;
  readonly calm: { readonly [U in UnderlyingName]: RecordedSurface };
  /** Of the crash, ascending. */
  readonly crash: { readonly [U in UnderlyingName]: readonly RecordedSurface[] };
};

type Surfaces = { readonly [U in UnderlyingName]: RecordedSurface };

function surfacesOf(path: string): Surfaces {
  const { quotes, file } = readRecording(path);
  const surface = (name: UnderlyingName): RecordedSurface => {
    const index = quotes.find((quote) => quote.kind === 'index' && quote.underlying === name);
    if (index?.kind !== 'index') throw new DataError(`${file} has no index of ${name}`);
    const atMs = index.observedAtMs;
    const options = quotes.filter(
      (quote): quote is OptionQuote =>
        quote.kind === 'option' && quote.underlying === name && quote.expiryMs > atMs,
    );
    const sourced = options.map((quote) => ({ source: 'chain', quote }));
    return { atMs, index: index.price, knots: fitSurface(sourced, () => 1, atMs) };
  };
  return { BTC: surface('BTC'), ETH: surface('ETH') };
}

/** Slope of later on earlier logarithmic moves, through the origin. */
export function movesPerMove(of: readonly number[], by: readonly number[]): number {
  let [xy, xx] = [0, 0];
  for (let i = 1; i < by.length; i++) {
    const x = Math.log((by[i] ?? 1) / (by[i - 1] ?? 1));
    const y = Math.log((of[i] ?? 1) / (of[i - 1] ?? 1));
    xy += x * y;
    xx += x * x;
  }
  return xx > 0 ? xy / xx : 1;
}

/** Fits the rules to the chains of the folder. Throws `DataError` when they are missing. */
export function fitRecordings(data: string): Fits {
  const folder = join(data, CHAINS_FOLDER);
  let names: string[];
  try {
    names = readdirSync(folder).filter((file) => CRASH_CHAINS.test(file));
  } catch {
    throw new DataError(`${folder} cannot be read: --data must name the folder of the recordings`);
  }
  const all = names.sort().map((file) => surfacesOf(join(folder, file)));
  const crash = { BTC: all.map(({ BTC }) => BTC), ETH: all.map(({ ETH }) => ETH) };
  return {
    rules: { BTC: fitRule(crash.BTC), ETH: fitRule(crash.ETH) },
    ethPerBtc: movesPerMove(
      crash.ETH.map(({ index }) => index),
      crash.BTC.map(({ index }) => index),
    ),
    calm: surfacesOf(join(folder, CALM_CHAIN)),
    crash,
  };
}

/** Annual volatility of hourly moves before a moment, within the bounds of a level. */
export function realisedVolatility(path: readonly PricePoint[], untilMs: number): number {
  const first = Math.max(path[0]?.atMs ?? untilMs, untilMs - REALISED_MS);
  let squares = 0;
  let moves = 0;
  for (let at = first + HOUR_MS; at <= untilMs; at += HOUR_MS) {
    squares += Math.log(priceAt(path, at) / priceAt(path, at - HOUR_MS)) ** 2;
    moves += 1;
  }
  const realised = moves > 0 ? Math.sqrt((squares / moves) * HOURS_PER_YEAR) : LEVEL.least;
  return Math.min(LEVEL.most, Math.max(LEVEL.least, realised));
}

/** The recorded surfaces around a moment. */
export function anchorsAt(surfaces: readonly RecordedSurface[], atMs: number): Anchors {
  const next = surfaces.findIndex((surface) => surface.atMs > atMs);
  const before = next < 0 ? surfaces.at(-1) : surfaces[Math.max(0, next - 1)];
  if (before === undefined) throw new DataError('no surface');
  const after = next > 0 ? surfaces[next] : undefined;
  return { before, after };
}

/** The index of an underlying without bars: on the line between its chains, bent by another's moves. */
function bentPath(
  own: readonly RecordedSurface[],
  other: readonly PricePoint[],
  ratio: number,
): PricePoint[] {
  return other.map(({ atMs, price }) => {
    const { before, after } = anchorsAt(own, atMs);
    const start = priceAt(other, before.atMs);
    if (after === undefined) return { atMs, price: before.index * (price / start) ** ratio };
    const share = Math.max(0, (atMs - before.atMs) / (after.atMs - before.atMs));
    const line = before.index * (after.index / before.index) ** share;
    const otherLine = start * (priceAt(other, after.atMs) / start) ** share;
    return { atMs, price: line * (price / otherLine) ** ratio };
  });
}

function pathOf(data: string, day: CrashDay, name: UnderlyingName): PricePoint[] | undefined {
  const files = day.bars[name];
  if (files.length === 0) return undefined;
  const fromMs = Date.parse(day.from) - REALISED_MS - DAY_MS;
  const toMs = Date.parse(day.to) + HOUR_MS;
  const recordings: Bars[] = files.map((file) =>
    parseBars(file, textOf(join(data, file)), fromMs, toMs),
  );
  return cornersOf(recordings);
}

/** The day as `Replay`. `rules` take the place of the fitted ones. Throws `DataError`. */
export function replayOf(
  data: string,
  day: CrashDay,
  fits: Fits,
  { pace, stress }: { readonly pace: Pace; readonly stress: number },
): Replay {
  const [fromMs, toMs] = [Date.parse(day.from), Date.parse(day.to)];
  const btc = pathOf(data, day, 'BTC');
  if (btc === undefined) throw new DataError(`${day.name} has no bars of BTC`);
  const paths = {
    BTC: btc,
    ETH: pathOf(data, day, 'ETH') ?? bentPath(fits.crash.ETH, btc, fits.ethPerBtc),
  };
  const surfaces = (name: UnderlyingName): readonly RecordedSurface[] => {
    if (day.chains) return fits.crash[name];
    const monthVolatility = realisedVolatility(paths[name], fromMs);
    const index = priceAt(paths[name], fromMs);
    return [movedSurface(fits.calm[name], { atMs: fromMs, index, monthVolatility })];
  };
  const known = { BTC: surfaces('BTC'), ETH: surfaces('ETH') };
  const rule = (name: UnderlyingName): SpotVolatilityRule => ({
    ...fits.rules[name].rule,
    betaMonth: fits.rules[name].rule.betaMonth * stress,
  });
  return {
    name: day.name,
    fromMs,
    toMs,
    underlyings: UNDERLYING_NAMES,
    times: markTimes([paths.BTC, paths.ETH], { fromMs, toMs }, pace),
    at: (name, atMs, expiriesMs) => {
      const index = priceAt(paths[name], atMs);
      const slices = surfaceByRule(rule(name), anchorsAt(known[name], atMs), {
        atMs,
        index,
        expiriesMs,
      });
      return { index, slices };
    },
  };
}

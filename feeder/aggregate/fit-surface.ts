/**
 * The surface of one underlying from the quotes of all sources: per expiry the forward and a slice,
 * from short to long, each repaired against the one before it exactly as the chain will
 * (`runtime/pricing/essvi.ts`).
 *
 * A source's points are placed by its own forward, because its options are priced against that; the
 * forward voted is the weighted median of the sources'.
 */

import { PSI_SCALE, THETA_SCALE } from '../../runtime/oracle/vote.ts';
import { repairSlice } from '../../runtime/pricing/essvi.ts';
import type { Sourced } from '../quotes.ts';
import type { OptionQuote } from '../sources/price-source.ts';
import { fitSlice, type Slice, type SliceFit, sliceVolatility } from './fit-slice.ts';
import { forwardOf } from './forward.ts';
import { weightedMedian } from './median.ts';
import { type SmilePoint, smilePoints } from './smile-points.ts';

/** Milliseconds of the year that volatilities are annualised by: 365 days, as on chain. */
export const YEAR_MS: number = 365 * 24 * 3_600_000;

export type FittedExpiry = Slice & {
  readonly expiryMs: number;
  /** USD per coin. */
  readonly forward: number;
  readonly sources: readonly string[];
  readonly points: number;
  readonly outliers: number;
  /** Error of the fit, and of what is left after the repair, in volatility points. */
  readonly rmsePoints: number;
  readonly repairedRmsePoints: number;
};

/** A slice as the chain would repair it. */
export function repaired(slice: Slice, shorter: Slice | undefined): Slice {
  const integers = ({ theta, u, l }: Slice) => ({
    theta: Math.max(1, Math.round(theta * THETA_SCALE)),
    u: Math.round(u * PSI_SCALE),
    l: Math.round(l * PSI_SCALE),
  });
  const { theta, u, l } = repairSlice(integers(slice), shorter && integers(shorter));
  return { theta: theta / THETA_SCALE, u: u / PSI_SCALE, l: l / PSI_SCALE };
}

type Expiry = {
  readonly expiryMs: number;
  readonly forward: number;
  readonly sources: readonly string[];
  readonly points: readonly SmilePoint[];
  readonly fit: SliceFit;
};

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function fitExpiry(
  quotes: readonly Sourced<OptionQuote>[],
  weightOf: (source: string) => number,
  nowMs: number,
): Expiry | undefined {
  const expiryMs = quotes[0]?.quote.expiryMs ?? 0;
  const years = (expiryMs - nowMs) / YEAR_MS;
  const seen = [...groupBy(quotes, ({ source }) => source)].flatMap(([source, own]) => {
    const options = own.map(({ quote }) => quote);
    const forward = forwardOf(options);
    const weight = weightOf(source);
    if (forward === undefined || !(weight > 0)) return [];
    const points = smilePoints(options, { forward, years }).map((point) => ({
      ...point,
      weight: point.weight * weight,
    }));
    return [{ source, forward, weight, points }];
  });
  const points = seen.flatMap((each) => each.points);
  const forward = weightedMedian(seen.map(({ forward: value, weight }) => ({ value, weight })));
  const fit = fitSlice(points, years);
  if (!fit || forward === undefined) return undefined;
  const sources = seen.filter((each) => each.points.length > 0).map(({ source }) => source);
  return { expiryMs, forward, sources, points, fit };
}

function rmseOf(slice: Slice, points: readonly SmilePoint[], years: number): number {
  let squares = 0;
  let total = 0;
  for (const { k, volatility, weight } of points) {
    squares += weight * (sliceVolatility(slice, k, years) - volatility) ** 2;
    total += weight;
  }
  return total > 0 ? 100 * Math.sqrt(squares / total) : 0;
}

/**
 * Fits every expiry that has a forward and enough points, ascending. `quotes` are of one underlying,
 * fresh, and not expired at `nowMs`. Cost: about 1 ms an expiry.
 */
export function fitSurface(
  quotes: readonly Sourced<OptionQuote>[],
  weightOf: (source: string) => number,
  nowMs: number,
): FittedExpiry[] {
  const expiries = [...groupBy(quotes, ({ quote }) => quote.expiryMs)]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, own]) => fitExpiry(own, weightOf, nowMs) ?? []);
  const fitted: FittedExpiry[] = [];
  for (const { expiryMs, forward, sources, points, fit } of expiries) {
    const slice = repaired(fit.slice, fitted.at(-1));
    fitted.push({
      ...slice,
      expiryMs,
      forward,
      sources,
      points: fit.points,
      outliers: fit.outliers,
      rmsePoints: fit.rmsePoints,
      repairedRmsePoints: rmseOf(slice, points, (expiryMs - nowMs) / YEAR_MS),
    });
  }
  return fitted;
}

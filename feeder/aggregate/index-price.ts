/**
 * The index of one underlying from several sources.
 *
 * Source: reference/options.md §3 (the rules of Deribit and Thalex): drop the stale, clamp each to
 * ±0.5 % of the median, take the weighted median. Confidence is ours: the share of the configured
 * weight that is fresh, times how close the fresh ones are to each other.
 */
import { weightedMedian } from './median.ts';

/** Furthest from the median that a source counts: further away counts as this. */
export const CLAMP = 0.005;

export type IndexInput = {
  readonly source: string;
  readonly price: number;
  readonly weight: number;
  readonly ageMs: number;
  /** Older is stale. */
  readonly staleMs: number;
};

export type IndexPrice = {
  readonly price: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly used: readonly { readonly source: string; readonly price: number }[];
  /** Sources whose price lies beyond the clamp, with how far from the median they are. */
  readonly clamped: readonly { readonly source: string; readonly away: number }[];
};

/** Why there is none: how many sources are fresh, and how many it takes. */
export type IndexProblem = {
  readonly code: 'too_few_sources';
  readonly fresh: number;
  readonly needed: number;
};

/**
 * Aggregates the sources' last prices. `totalWeight` is that of all configured sources, also of those
 * that say nothing. O(n log n).
 */
export function aggregateIndex(
  inputs: readonly IndexInput[],
  rule: { readonly minSources: number; readonly totalWeight: number },
): IndexPrice | IndexProblem {
  const fresh = inputs.filter(({ ageMs, staleMs, weight }) => ageMs <= staleMs && weight > 0);
  const { minSources, totalWeight } = rule;
  const problem = { code: 'too_few_sources', fresh: fresh.length, needed: minSources } as const;
  if (fresh.length < minSources) return problem;
  // The clamp is about the plain median, so that one heavy source cannot move it to its own side.
  const centre = weightedMedian(fresh.map(({ price }) => ({ value: price, weight: 1 })));
  if (centre === undefined) return problem;
  const used = fresh.map(({ source, price, weight }) => {
    const value = Math.min(centre * (1 + CLAMP), Math.max(centre * (1 - CLAMP), price));
    return { source, price: value, value, weight, away: price / centre - 1 };
  });
  const price = weightedMedian(used) ?? centre;
  const freshWeight = used.reduce((sum, { weight }) => sum + weight, 0);
  const distance =
    used.reduce((sum, { weight, value }) => sum + weight * Math.abs(value / price - 1), 0) /
    freshWeight;
  const nearness = Math.max(0, 1 - distance / CLAMP);
  return {
    price,
    confidence: Math.min(1, freshWeight / totalWeight) * nearness,
    used: used.map(({ source, value }) => ({ source, price: value })),
    clamped: used
      .filter(({ away }) => Math.abs(away) > CLAMP)
      .map(({ source, away }) => ({ source, away })),
  };
}

/** What the feeder sees of one underlying at one time: its index, or why there is none. */
import { fitSurface } from './aggregate/fit-surface.ts';
import { aggregateIndex, type IndexPrice, type IndexProblem } from './aggregate/index-price.ts';
import type { SurfaceKnot } from './aggregate/surface-at.ts';
import type { QuoteStore } from './quotes.ts';
import type { SurfaceView } from './surface-view.ts';

/** What a configuration says of a source. */
export type SourceRule = {
  readonly name: string;
  readonly weight: number;
  readonly underlyings: readonly string[];
};

export type ObservationRules = {
  readonly sources: readonly SourceRule[];
  readonly minSources: number;
  readonly indexStaleMs: number;
  readonly optionStaleMs: number;
};

export type Observation = {
  readonly underlying: string;
  readonly index: IndexPrice;
  readonly expiries: readonly SurfaceKnot[];
};

export type ObserveQuestion = {
  readonly underlying: string;
  readonly atMs: number;
  readonly expiriesMs: readonly number[];
};

/** The index of an underlying by the last quotes. */
export function observeIndex(
  store: QuoteStore,
  rules: ObservationRules,
  at: { readonly underlying: string; readonly atMs: number },
): IndexPrice | IndexProblem {
  const { underlying, atMs } = at;
  const ruled = rules.sources.filter(({ underlyings }) => underlyings.includes(underlying));
  const weights = new Map(ruled.map(({ name, weight }) => [name, weight]));
  const inputs = store.index(underlying).map(({ source, quote }) => ({
    source,
    price: quote.price,
    weight: weights.get(source) ?? 0,
    ageMs: Math.max(0, atMs - quote.observedAtMs),
    staleMs: rules.indexStaleMs,
  }));
  const totalWeight = ruled.reduce((sum, { weight }) => sum + weight, 0);
  return aggregateIndex(inputs, { minSources: rules.minSources, totalWeight });
}

/** Index and surface at a time; renews the view's fits when they are due. */
export function observe(
  store: QuoteStore,
  view: SurfaceView,
  rules: ObservationRules,
  question: ObserveQuestion,
): Observation | IndexProblem {
  const { underlying, atMs, expiriesMs } = question;
  const index = observeIndex(store, rules, { underlying, atMs });
  if ('code' in index) return index;
  const weights = new Map(rules.sources.map(({ name, weight }) => [name, weight]));
  view.update(atMs, index.price, () => {
    const bounds = { nowMs: atMs, oldestMs: atMs - rules.optionStaleMs };
    store.sweep(bounds);
    return fitSurface(
      store.options(underlying, bounds),
      (source) => weights.get(source) ?? 0,
      atMs,
    );
  });
  const expiries = view.at({ nowMs: atMs, index: index.price, expiriesMs });
  return { underlying, index, expiries };
}

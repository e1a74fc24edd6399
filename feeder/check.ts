/** Listens to each source for a while and says what it saw; nothing is signed or sent. */

import { type FittedExpiry, fitSurface } from './aggregate/fit-surface.ts';
import type { IndexPrice, IndexProblem } from './aggregate/index-price.ts';
import { type ObservationRules, observeIndex } from './observe.ts';
import { createQuoteStore } from './quotes.ts';
import type { PriceSource } from './sources/price-source.ts';

export type SourceReport = {
  readonly name: string;
  readonly citation: string;
  /** The last word of its connection. */
  readonly state: string;
  readonly quotes: number;
  readonly faults: number;
  readonly first_fault: string | null;
  /** Last price of each underlying, USD. */
  readonly prices: Readonly<Record<string, number>>;
  readonly options: number;
  readonly expiries: number;
};

export type UnderlyingReport = {
  readonly underlying: string;
  /** USD; null with too few sources. */
  readonly index: number | null;
  readonly confidence: number;
  readonly sources: number;
  readonly fits: readonly FittedExpiry[];
};

export type CheckReport = {
  readonly sources: readonly SourceReport[];
  readonly underlyings: readonly UnderlyingReport[];
  /** Whether every source gave a price of everything it is configured for, and every index stands. */
  readonly passed: boolean;
};

type Counts = { state: string; quotes: number; faults: number; firstFault: string | null };

function priceOf(index: IndexPrice | IndexProblem): IndexPrice | undefined {
  return 'code' in index ? undefined : index;
}

/** Runs `sources` for `forMs` and reports. Cost: `forMs`. */
export async function checkSources(options: {
  readonly sources: readonly PriceSource[];
  readonly underlyings: readonly string[];
  readonly rules: ObservationRules;
  readonly forMs: number;
}): Promise<CheckReport> {
  const { sources, underlyings, rules, forMs } = options;
  const store = createQuoteStore();
  const counts = new Map<string, Counts>();
  for (const source of sources) {
    const count: Counts = { state: 'no connection', quotes: 0, faults: 0, firstFault: null };
    counts.set(source.name, count);
    source.start({
      quote(quote) {
        count.quotes++;
        store.add(source.name, quote);
      },
      fault(problem) {
        count.faults++;
        count.firstFault ??= problem;
      },
      state(state, detail) {
        count.state = state === 'open' ? 'open' : detail;
      },
    });
  }
  await new Promise((resolve) => setTimeout(resolve, forMs));
  await Promise.all(sources.map((source) => source.stop()));

  const nowMs = Date.now();
  const bounds = { nowMs, oldestMs: nowMs - rules.optionStaleMs };
  const heard = underlyings.flatMap((underlying) => store.options(underlying, bounds));
  const reports = sources.map((source): SourceReport => {
    const own = heard.filter((option) => option.source === source.name);
    const prices = underlyings.flatMap((underlying) =>
      store
        .index(underlying)
        .filter((found) => found.source === source.name)
        .map(({ quote }) => [underlying, quote.price] as const),
    );
    const count = counts.get(source.name);
    return {
      name: source.name,
      citation: source.citation,
      state: count?.state ?? '',
      quotes: count?.quotes ?? 0,
      faults: count?.faults ?? 0,
      first_fault: count?.firstFault ?? null,
      prices: Object.fromEntries(prices),
      options: own.length,
      expiries: new Set(own.map(({ quote }) => quote.expiryMs)).size,
    };
  });
  const weights = new Map(rules.sources.map(({ name, weight }) => [name, weight]));
  const seen = underlyings.map((underlying): UnderlyingReport => {
    const index = priceOf(observeIndex(store, rules, { underlying, atMs: nowMs }));
    const quotes = store.options(underlying, bounds);
    return {
      underlying,
      index: index?.price ?? null,
      confidence: index?.confidence ?? 0,
      sources: index?.used.length ?? 0,
      fits: fitSurface(quotes, (source) => weights.get(source) ?? 0, nowMs),
    };
  });
  const isHeard = ({ name, underlyings: wanted }: ObservationRules['sources'][number]): boolean => {
    const prices = reports.find((report) => report.name === name)?.prices ?? {};
    return wanted
      .filter((underlying) => underlyings.includes(underlying))
      .every((underlying) => prices[underlying] !== undefined);
  };
  return {
    sources: reports,
    underlyings: seen,
    passed: rules.sources.every(isHeard) && seen.every(({ index }) => index !== null),
  };
}

/**
 * The last quotes of every source, by what they are of. Old ones are left out when read and dropped
 * when swept; a source cannot make it grow without bound.
 */
import type { IndexQuote, OptionQuote, Quote } from './sources/price-source.ts';

/** Options kept of one source: three times what the largest venue lists of a coin. */
const MAX_OPTIONS_A_SOURCE = 6_000;

export type Sourced<Q> = { readonly source: string; readonly quote: Q };

export type QuoteStore = {
  add(source: string, quote: Quote): void;
  /** Last index quotes of an underlying, one a source, of any age, in the order of sources. */
  index(underlying: string): readonly Sourced<IndexQuote>[];
  /** Option quotes of an underlying not older than `oldestMs`, that expire after `nowMs`. */
  options(
    underlying: string,
    bounds: { readonly nowMs: number; readonly oldestMs: number },
  ): readonly Sourced<OptionQuote>[];
  /** Drops options that expired or are older than `oldestMs`. */
  sweep(bounds: { readonly nowMs: number; readonly oldestMs: number }): void;
};

function optionKey({ underlying, expiryMs, strike, right }: OptionQuote): string {
  return `${underlying} ${expiryMs} ${strike} ${right}`;
}

export function createQuoteStore(): QuoteStore {
  const indices = new Map<string, Map<string, IndexQuote>>();
  const options = new Map<string, Map<string, OptionQuote>>();
  const within = <Q>(all: Map<string, Map<string, Q>>, source: string): Map<string, Q> => {
    const found = all.get(source) ?? new Map<string, Q>();
    all.set(source, found);
    return found;
  };
  return {
    add(source, quote) {
      if (quote.kind === 'index') {
        const held = within(indices, source);
        // Messages of a reconnection may be older than what is known.
        const last = held.get(quote.underlying);
        if (!last || quote.observedAtMs >= last.observedAtMs) held.set(quote.underlying, quote);
        return;
      }
      const held = within(options, source);
      const key = optionKey(quote);
      const last = held.get(key);
      if (!last && held.size >= MAX_OPTIONS_A_SOURCE) {
        // The one known for longest gives way: a listing that turns over does not lock itself out.
        const [oldest] = held.keys();
        if (oldest !== undefined) held.delete(oldest);
      }
      if (!last || quote.observedAtMs >= last.observedAtMs) held.set(key, quote);
    },
    index: (underlying) =>
      [...indices].flatMap(([source, held]) => {
        const quote = held.get(underlying);
        return quote ? [{ source, quote }] : [];
      }),
    options: (underlying, { nowMs, oldestMs }) =>
      [...options].flatMap(([source, held]) =>
        [...held.values()]
          .filter(
            (quote) =>
              quote.underlying === underlying &&
              quote.observedAtMs >= oldestMs &&
              quote.expiryMs > nowMs,
          )
          .map((quote) => ({ source, quote })),
      ),
    sweep({ nowMs, oldestMs }) {
      for (const held of options.values()) {
        for (const [key, { expiryMs, observedAtMs }] of held) {
          if (expiryMs <= nowMs || observedAtMs < oldestMs) held.delete(key);
        }
      }
    },
  };
}

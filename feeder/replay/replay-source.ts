/**
 * Recordings as a price source: they begin when it is started, and run at `speed` times the speed at
 * which they were recorded. What was recorded last holds until the next record, the only record of a
 * single snapshot for good; after the last of several the source falls silent.
 *
 * Times are mapped by one straight line, t ↦ start + (t − first)/speed, expiries too: an option has as
 * much total variance left as it had then, on a clock that runs `speed` times as fast, so prices of
 * captures stay as they are. A chain that holds keeps its volatilities and its carry while the index
 * moves, which its prices would not.
 */

import { YEAR_MS } from '../aggregate/fit-surface.ts';
import { quotedVolatilities } from '../aggregate/smile-points.ts';
import type { IndexQuote, OptionQuote, PriceSource, Quote } from '../sources/price-source.ts';
import { type Recording, RecordingError } from './read-recording.ts';

export type ReplayOptions = {
  readonly name: string;
  readonly recordings: readonly Recording[];
  /** 1 is as recorded. */
  readonly speed: number;
  /** Between two index quotes, wall clock. */
  readonly everyMs: number;
};

/** What holds is said again this often, so that it does not go stale. */
const OPTIONS_EVERY_MS = 2_000;

/** The options of an underlying as volatilities, and the index that they were quoted at. */
type HeldOption = { readonly quote: OptionQuote; readonly index: number | undefined };

function optionKey({ underlying, expiryMs, strike, right }: OptionQuote): string {
  return `${underlying} ${expiryMs} ${strike} ${right}`;
}

/** The same quote as volatilities; its prices when these cannot be told. */
function byVolatility(quote: OptionQuote): OptionQuote {
  const { forward, expiryMs, observedAtMs } = quote;
  if (forward === undefined) return quote;
  const years = (expiryMs - observedAtMs) / YEAR_MS;
  const sides = years > 0 ? quotedVolatilities(quote, { forward, years }) : undefined;
  if (!sides) return quote;
  const { bid: _bid, ask: _ask, ...rest } = quote;
  return { ...rest, bidVolatility: sides.bid, askVolatility: sides.ask };
}

/** The span that all recordings cover together. Throws `RecordingError` when there is none. */
export function commonSpan(recordings: readonly Recording[]): {
  readonly fromMs: number;
  readonly toMs: number;
} {
  // Files of one kind follow each other: only different kinds have to overlap.
  const spans = (['index', 'option'] as const).flatMap((kind) => {
    const times = recordings.flatMap(({ quotes }) =>
      quotes.filter((quote) => quote.kind === kind).map(({ observedAtMs }) => observedAtMs),
    );
    if (times.length === 0) return [];
    return [
      times.reduce((a, b) => ({ from: Math.min(a.from, b), to: Math.max(a.to, b) }), {
        from: Infinity,
        to: -Infinity,
      }),
    ];
  });
  const fromMs = Math.max(...spans.map(({ from }) => from));
  const toMs = Math.max(...spans.map(({ to }) => to));
  const firstEnd = Math.min(...spans.map(({ to }) => to));
  if (fromMs > firstEnd) {
    const files = recordings.map(({ file }) => file).join(', ');
    throw new RecordingError(`${files}: prices and options were not recorded at one time`);
  }
  return { fromMs, toMs };
}

export function createReplaySource(options: ReplayOptions): PriceSource {
  const { name, recordings, speed, everyMs } = options;
  const { fromMs, toMs } = commonSpan(recordings);
  const quotes = recordings
    .flatMap((recording) => recording.quotes)
    .toSorted((a, b) => a.observedAtMs - b.observedAtMs);
  const indices = new Map<string, IndexQuote>();
  const held = new Map<string, HeldOption>();
  let timer: NodeJS.Timeout | undefined;
  let next = 0;

  const readTo = (recordedMs: number): void => {
    for (; next < quotes.length; next++) {
      const quote = quotes[next];
      if (!quote || quote.observedAtMs > recordedMs) break;
      if (quote.kind === 'index') indices.set(quote.underlying, quote);
      else {
        held.set(optionKey(quote), {
          quote: byVolatility(quote),
          index: indices.get(quote.underlying)?.price,
        });
      }
    }
  };

  /** A held option as it is at `nowMs`, on the wall's clock. */
  const present = (option: HeldOption, startMs: number, nowMs: number): Quote => {
    const { quote, index } = option;
    const now = indices.get(quote.underlying)?.price;
    const move = index !== undefined && now !== undefined ? now / index : 1;
    const faster = Math.sqrt(speed);
    const { bidVolatility, askVolatility, forward, bid, ask } = quote;
    const isPriced = bid !== undefined || ask !== undefined;
    return {
      ...quote,
      expiryMs: Math.round(startMs + (quote.expiryMs - fromMs) / speed),
      // A price is of its own forward; a volatility and a carry hold as the index moves.
      ...(forward !== undefined && { forward: isPriced ? forward : forward * move }),
      ...(bidVolatility !== undefined && { bidVolatility: bidVolatility * faster }),
      ...(askVolatility !== undefined && { askVolatility: askVolatility * faster }),
      observedAtMs: nowMs,
    };
  };

  return {
    name,
    citation: `${name}: replay of ${recordings.map(({ file }) => file).join(', ')} at ${speed}×`,
    start(sink) {
      const startMs = Date.now();
      let optionsAtMs = 0;
      const emit = (): void => {
        const nowMs = Date.now();
        const recordedMs = fromMs + (nowMs - startMs) * speed;
        readTo(recordedMs);
        for (const quote of indices.values()) sink.quote({ ...quote, observedAtMs: nowMs });
        if (nowMs - optionsAtMs >= OPTIONS_EVERY_MS) {
          optionsAtMs = nowMs;
          for (const [key, option] of held) {
            const quote = present(option, startMs, nowMs);
            if (quote.kind === 'option' && quote.expiryMs <= nowMs) held.delete(key);
            else sink.quote(quote);
          }
        }
        if (recordedMs > toMs && toMs > fromMs) {
          clearInterval(timer);
          sink.state('closed', 'the recording has ended');
        }
      };
      sink.state('open', `from ${new Date(fromMs).toISOString()}`);
      timer = setInterval(emit, everyMs);
      emit();
    },
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

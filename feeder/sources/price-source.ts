/**
 * What a source of prices emits, whatever it is: a venue, a recording or a simulation.
 *
 * Units: USD per coin, except that options of some venues are quoted in coins (`unit`); volatilities
 * annualised, as fractions; times in milliseconds since 1970 UTC, by the clock of whoever observed.
 */

/** The price of a coin, as one source sees it. */
export type IndexQuote = {
  readonly kind: 'index';
  /** `BTC`. */
  readonly underlying: string;
  readonly price: number;
  readonly observedAtMs: number;
};

/**
 * The best bid and ask of one option, as prices, as volatilities, or both. A side without an order is
 * left out.
 */
export type OptionQuote = {
  readonly kind: 'option';
  readonly underlying: string;
  readonly expiryMs: number;
  readonly strike: number;
  readonly right: 'call' | 'put';
  /** What `bid` and `ask` are counted in, per coin. */
  readonly unit: 'coin' | 'usd';
  readonly bid?: number;
  readonly ask?: number;
  readonly bidVolatility?: number;
  readonly askVolatility?: number;
  /** The venue's own forward of the expiry, USD. */
  readonly forward?: number;
  readonly observedAtMs: number;
};

export type Quote = IndexQuote | OptionQuote;

/** Where a source writes. Calls never throw. */
export type SourceSink = {
  readonly quote: (quote: Quote) => void;
  /** A message that could not be used: which field, what it held, what is allowed. */
  readonly fault: (problem: string) => void;
  /** What became of the connection, in words. */
  readonly state: (state: 'open' | 'closed', detail: string) => void;
};

export interface PriceSource {
  readonly name: string;
  /** One line for people: what it is and where its numbers come from. */
  readonly citation: string;
  start(sink: SourceSink): void;
  /** Ends connections and timers; nothing is written to the sink afterwards. */
  stop(): Promise<void>;
}

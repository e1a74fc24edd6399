/**
 * What a feeder sees: the index of each underlying and, per listed expiry, a forward and an eSSVI
 * slice, as floating-point numbers in their natural units. `feeder.ts` turns them into votes.
 *
 * Invariant: a source is a function of time alone, so that all feeders of a network see one market.
 */

export const UNDERLYING_NAMES = ['BTC', 'ETH'] as const;
export type UnderlyingName = (typeof UNDERLYING_NAMES)[number];

/** An eSSVI slice: θ total variance at the money, u = ψ(1+ρ), l = ψ(1−ρ). */
export type Slice = { readonly theta: number; readonly u: number; readonly l: number };

export type ExpiryPrices = Slice & {
  /** Milliseconds since 1970 UTC. */
  readonly expiryMs: number;
  /** USD per coin. */
  readonly forward: number;
};

export type UnderlyingPrices = {
  readonly underlying: UnderlyingName;
  /** USD per coin. */
  readonly index: number;
  /** One for each expiry asked for that lies ahead, ascending. */
  readonly expiries: readonly ExpiryPrices[];
};

export type PriceQuestion = {
  readonly underlying: UnderlyingName;
  readonly atMs: number;
  readonly expiriesMs: readonly number[];
};

export interface PriceSource {
  readonly kind: 'replay' | 'simulation';
  /** One line for people: what runs and where its numbers come from. */
  readonly citation: string;
  /** Prices at a time not before the network's first start. */
  observe(question: PriceQuestion): UnderlyingPrices;
}

/** Milliseconds of the year that volatilities are annualised by: 365 days, as on chain. */
export const YEAR_MS: number = 365 * 24 * 3_600_000;

/**
 * What a market maker quotes in one series: Avellaneda and Stoikov 2008, with the inventory measured
 * in coins of delta, since all options of an underlying share its risk (Stoikov and Sağlam 2009):
 *
 *     reservation r = mark − δ·(q·γ·v)          v = variance of the index over HORIZON, USD²
 *     half spread h = ½·γ·δ²·v + (1/γ)·ln(1 + γ/k),   1/k = SPREAD_SHARE · mark
 *
 * Parameters: γ = 0.001 per USD and coin; horizon one minute; 1/k = 4 % of the mark, which makes a
 * spread of 8 % where γ is small: the median of 7,289 recorded Deribit BTC put books of June and
 * July 2026 is 8.3 % at deltas 0.2–0.3 and 10.3 % at 0.1–0.2.
 */

/** Risk aversion γ, per USD and coin. */
export const RISK_AVERSION = 0.001;
/** Horizon of the index's variance. */
export const HORIZON_MS = 60_000;
/** 1/k as a share of the mark: half the recorded relative spread. */
export const SPREAD_SHARE = 0.04;

const YEAR_MS = 365 * 24 * 3_600_000;

export type QuoteInput = {
  /** USD per coin. */
  readonly mark: number;
  /** Per coin, −1 to 1. */
  readonly delta: number;
  /** Annualised, 0.5 is 50 %. */
  readonly volatility: number;
  /** USD per coin. */
  readonly index: number;
  /** Delta of the whole inventory in this underlying, in coins. */
  readonly inventoryDelta: number;
  /** USD per coin of one tick. */
  readonly tick: number;
};

/** Prices in ticks; `bid` undefined when it would not be above zero. */
export type Quote = { readonly bid: number | undefined; readonly ask: number };

/** Bid and ask around the reservation price, at least one tick from each other. */
export function quoteSeries(input: QuoteInput): Quote {
  const { mark, delta, volatility, index, inventoryDelta, tick } = input;
  const variance = (volatility * index) ** 2 * (HORIZON_MS / YEAR_MS);
  const reservation = mark - delta * inventoryDelta * RISK_AVERSION * variance;
  const k = 1 / Math.max(tick, SPREAD_SHARE * mark);
  const half =
    0.5 * RISK_AVERSION * delta ** 2 * variance + Math.log(1 + RISK_AVERSION / k) / RISK_AVERSION;
  const bid = Math.floor((reservation - half) / tick);
  const ask = Math.max(1, bid + 1, Math.ceil((reservation + half) / tick));
  return { bid: bid >= 1 ? bid : undefined, ask };
}

/** Half spread of a future or a perpetual, and what a coin of inventory moves its quotes by: of the mark. */
export const FUTURE_SPREAD_SHARE = 0.000_2;
const FUTURE_SKEW_SHARE = 0.000_05;
/** The quotes move by at most this: the mark is within 0.5 % of the index. */
const FUTURE_MAX_SKEW_SHARE = 0.002;

/**
 * Quotes of a future or a perpetual, moved against the inventory, so that it is hedged where somebody
 * takes them. `inventory`: delta in coins worth about a BTC.
 */
export function quoteFuture(input: {
  readonly mark: number;
  readonly inventory: number;
  readonly tick: number;
}): Quote {
  const { mark, inventory, tick } = input;
  const most = FUTURE_MAX_SKEW_SHARE;
  const skew = Math.max(-most, Math.min(most, inventory * FUTURE_SKEW_SHARE));
  const reservation = mark * (1 - skew);
  const half = Math.max(tick, mark * FUTURE_SPREAD_SHARE);
  const bid = Math.floor((reservation - half) / tick);
  const ask = Math.max(1, bid + 1, Math.ceil((reservation + half) / tick));
  return { bid: bid >= 1 ? bid : undefined, ask };
}

/** Median and spread of ln(size) of recorded best levels, scaled to accounts of a million dollars. */
const SIZE_MEDIAN_COINS = 0.45;
const SIZE_DEVIATION = 0.8;
/** A recorded top level of the median size holds 45 BTC: a hundredth of it here. */
const SMALLEST_COINS = 0.1;
const LARGEST_COINS = 1.5;

/**
 * Coins of a quote, from a standard normal number. Recorded best levels of the same books: a tenth
 * below 0.3 BTC, median 45, a tenth above 145. `scale`: coins per BTC of equal worth.
 */
export function quoteSize(normal: number, scale: number): number {
  const coins = SIZE_MEDIAN_COINS * Math.exp(SIZE_DEVIATION * normal);
  return scale * Math.min(LARGEST_COINS, Math.max(SMALLEST_COINS, coins));
}

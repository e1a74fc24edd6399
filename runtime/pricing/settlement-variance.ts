/**
 * What averaging does to an option near its expiry: settlement is the mean of the index over the
 * last W, so less variance is left than the calendar says.
 *
 * Source: design/exchange.md §5: σ²(τ − 2W/3) before the window, σ²(τ/3)(τ/W)² inside; delta decays
 * with the share of the mean that is still open. All times in milliseconds; τ to the window's end.
 */

/** A year of 365 days, the unit of annualised volatility. */
export const YEAR_MS: number = 365 * 24 * 3_600_000;

/** Variance time in ms: annual variance × this ÷ `YEAR_MS` is the variance of the mean. */
export function effectiveVarianceMs(timeToExpiryMs: number, windowMs: number): number {
  if (timeToExpiryMs <= 0) return 0;
  if (timeToExpiryMs >= windowMs) return timeToExpiryMs - (2 * windowMs) / 3;
  const open = timeToExpiryMs / windowMs;
  return (timeToExpiryMs / 3) * open * open;
}

/** Share of the mean that is still open, 0 to 1: how much of a move of the index reaches it. */
export function openShare(timeToExpiryMs: number, windowMs: number): number {
  if (timeToExpiryMs <= 0) return 0;
  return timeToExpiryMs >= windowMs ? 1 : timeToExpiryMs / windowMs;
}

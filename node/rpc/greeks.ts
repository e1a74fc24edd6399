/**
 * Gamma, vega and theta of a series, for display only; price, volatility and delta are the chain's.
 *
 * Per coin: gamma per USD, vega in USD per point of volatility, theta in USD per day.
 */
import { greeks } from '../../runtime/pricing/greeks.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const DAYS_PER_YEAR = 365;
const POINTS = 100;

export type DisplayGreeks = {
  readonly gamma: number;
  readonly vega: number;
  readonly theta: number;
};

/** `undefined` at expiry or without volatility. Prices in USD, volatility annual (0.5 = 50 %). */
export function displayGreeks(inputs: {
  readonly forward: number;
  readonly strike: number;
  readonly volatility: number;
  readonly timeToExpiryMs: number;
}): DisplayGreeks | undefined {
  const { forward, strike, volatility, timeToExpiryMs } = inputs;
  if (!(volatility > 0 && timeToExpiryMs > 0 && forward > 0 && strike > 0)) return undefined;
  // The three are the same for a call and a put.
  const years = timeToExpiryMs / YEAR_MS;
  const { gamma, vega, theta } = greeks({ kind: 'call', forward, strike, volatility, years });
  return { gamma, vega: vega / POINTS, theta: theta / DAYS_PER_YEAR };
}

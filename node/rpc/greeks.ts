/**
 * Gamma, vega and theta of a series, for display only; price, volatility and delta are the chain's.
 *
 * Source: Black (1976) on the forward, rate 0. Per coin: gamma per USD, vega in USD per point of
 * volatility, theta in USD per day.
 */

const YEAR_MS = 365 * 24 * 3_600_000;

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
  const years = timeToExpiryMs / YEAR_MS;
  const deviation = volatility * Math.sqrt(years);
  if (!(deviation > 0) || !(forward > 0) || !(strike > 0)) return undefined;
  const d1 = Math.log(forward / strike) / deviation + deviation / 2;
  const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
  return {
    gamma: density / (forward * deviation),
    vega: (forward * density * Math.sqrt(years)) / 100,
    theta: -(forward * density * volatility) / (2 * Math.sqrt(years)) / 365,
  };
}

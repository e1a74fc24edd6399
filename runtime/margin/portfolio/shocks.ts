/**
 * What the model does to one expiry: volatility multipliers, skew, static discounts, forward factor.
 *
 * Source: Derive PM2 (reference/options.md §2, reference/exchange.md §3). Powers are e^(p·ln x) by
 * `elementary.ts`, once per expiry and mark: a table by the hour would step, and would have to be made
 * anew for every power that governance sets. After expiry (τ = 0) nothing is discounted.
 */
import { exp, ln } from '../../pricing/elementary.ts';
import type { PortfolioModel, SkewShock } from './portfolio-model.ts';

/** Days of a year, and of the term at which shocks are quoted. */
const DAYS_PER_YEAR = 365;
const REFERENCE_DAYS = 30;

/** Multipliers of volatility. ~100 ns. */
export function volatilityMultipliers(
  model: PortfolioModel,
  years: number,
): { readonly up: number; readonly down: number } {
  const { up, down, shortPower, longPower, leastDays } = model.volatility;
  const days = years * DAYS_PER_YEAR;
  const power = days <= REFERENCE_DAYS ? shortPower : longPower;
  const scale = exp(power * ln(REFERENCE_DAYS / Math.max(days, leastDays)));
  return { up: 1 + up * scale, down: Math.max(0, 1 - down * scale) };
}

/** Cap c of a skew shock, and k*. */
export type SkewWidth = { readonly cap: number; readonly kStar: number };

export function skewWidth(model: PortfolioModel, shock: SkewShock, years: number): SkewWidth {
  const { leastKStar, width, widthVolatility, widthVolatilitySlope } = model.skew;
  const root = Math.sqrt(years);
  const volatility = widthVolatility + root * widthVolatilitySlope;
  return {
    cap: shock.cap + shock.capSlope * root,
    kStar: Math.max(leastKStar, root * width * volatility),
  };
}

/** Multiplier of volatility at log-moneyness k (its absolute value for the absolute shock). */
export function skewMultiplier({ cap, kStar }: SkewWidth, k: number): number {
  const tilt = (k * cap) / kStar;
  return Math.max(0, 1 + (k >= 0 ? Math.min(cap, tilt) : Math.max(-cap, tilt)));
}

/** Factors on an expiry's value where it is positive and where it is negative. */
export type Discounts = { readonly long: number; readonly short: number };

/**
 * Static discounts; `rate` and the discount factor are 0 and 1 on chain. ~80 ns.
 */
export function staticDiscounts(
  model: PortfolioModel,
  years: number,
  { rate, discountFactor }: { readonly rate: number; readonly discountFactor: number },
): Discounts {
  if (!(years > 0)) return { long: 1, short: 1 };
  const { long, short } = model.discount;
  const longRate = Math.max(0, rate) * long.rateScale + long.rateAdd;
  const shortRate = Math.max(0, rate) * short.rateScale + short.rateAdd;
  return {
    long: long.base * exp(-years * longRate),
    short: Math.min(1 / discountFactor, short.base * exp(years * shortRate)),
  };
}

/** Factor of the forward contingency. */
export function forwardFactor({ forward }: PortfolioModel, years: number): number {
  return forward.add + forward.perYear * years;
}
